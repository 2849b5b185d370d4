"""`bench`: measurements side by side with others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .. import console
from ..errors import InputError, unknown
from ..i18n import _
from .shell import Json


def _names() -> list[str]:
    from ..bench import NAMES

    return [*NAMES, "all"]


def bench(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which measurement, or `all`.", autocompletion=_names)],
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
    only: Annotated[list[str] | None, typer.Option(help="For `all`: only these.", autocompletion=_names)] = None,
    out: Annotated[Path | None, typer.Option(help="For `all`: a file for machine, versions and results.")] = None,
    against: Annotated[Path | None, typer.Option(help="For `all`: an earlier such file to compare with.")] = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure this laboratory against others, side by side."""
    from .. import bench as benches

    if name == "all":
        return _all(only, out, against)
    if only or out or against:
        raise InputError("The options `--only`, `--out` and `--against` are for `bench all`.")
    _check(name)
    given = {
        "budgets": tuple(budget or ()), "seeds": seeds, "visitors": visitors, "seconds": seconds, "every": every,
        "training": training, "attacker": attacker, "memory": memory,
    }  # fmt: skip
    result = benches.run(name, **{option: value for option, value in given.items() if value})
    return result, console.bench(result)


def _check(name: str) -> None:
    from ..bench import NAMES

    if name not in NAMES:
        raise unknown(
            name,
            NAMES,
            _("There is no benchmark {name!r}; there are {known:and}."),
            _("There is no benchmark {name!r} (did you mean {near:or}?); there are {known:and}."),
            also=["all"],
        )


def _all(only: list[str] | None, out: Path | None, against: Path | None) -> tuple[Any, str]:
    from ..bench import NAMES, together
    from ..files import check_writable, write_atomically

    for name in only or ():
        _check(name)
    if out:
        check_writable(out)
    before = together.read(against) if against else None
    found = together.measure_all(only or NAMES, lambda name: console.progress(f"bench {name} …", stays=False))
    if out:
        write_atomically(out, console.dumps(found, indent=1).encode())
    changes = None if before is None else list(together.changes(found, before))
    report = {**found, "changes": None if changes is None else [vars(change) for change in changes]}
    return report, console.benches(report, together.WORSE)
