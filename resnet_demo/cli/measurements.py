"""`bench`: measurements side by side with others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .. import console
from ..errors import InputError
from .shell import Json


def bench(
    name: Annotated[str, typer.Argument(help="Which measurement.")],
    budget: Annotated[
        list[float] | None, typer.Option(help="For `accuracy`: seconds to train; may be given several times.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="For `accuracy`: how many runs of each.")] = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure this laboratory against others, side by side."""
    from .. import bench as benches

    if name not in benches.NAMES:
        raise InputError("There is no benchmark {name!r}; there are {known:and}.", name=name, known=benches.NAMES)
    options: dict[str, Any] = {"budgets": tuple(budget)} if budget else {}
    result = benches.run(name, **options, **({"seeds": seeds} if seeds else {}))
    return result, console.bench(result)
