"""`bench`: measurements side by side with others."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .. import console
from ..errors import InputError
from .shell import Json


def _names() -> list[str]:
    from ..bench import NAMES

    return list(NAMES)


def bench(
    name: Annotated[str, typer.Argument(help="Which measurement.", autocompletion=_names)],
    budget: Annotated[
        list[float] | None, typer.Option(help="For `accuracy`: seconds to train; may be given several times.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="For `accuracy`: how many runs of each.")] = None,
    visitors: Annotated[int | None, typer.Option(min=1, max=150, help="For `load`: how many.")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="For `load`: for how long.")] = None,
    every: Annotated[float | None, typer.Option(min=0, help="For `load`: seconds from click to click.")] = None,
    training: Annotated[bool, typer.Option("--training", help="For `load`: a visitor more trains.")] = False,
    attacker: Annotated[bool, typer.Option("--attacker", help="For `load`: another sends hostile pictures.")] = False,
    memory: Annotated[
        bool, typer.Option("--memory", help="For `load`: until request 1,200, whose memory is told.")
    ] = False,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure this laboratory against others, side by side."""
    from .. import bench as benches

    if name not in benches.NAMES:
        raise InputError("There is no benchmark {name!r}; there are {known:and}.", name=name, known=benches.NAMES)
    given = {
        "budgets": tuple(budget or ()), "seeds": seeds, "visitors": visitors, "seconds": seconds, "every": every,
        "training": training, "attacker": attacker, "memory": memory,
    }  # fmt: skip
    result = benches.run(name, **{option: value for option, value in given.items() if value})
    return result, console.bench(result)
