"""What the sentences about experiments are made of, in every language: numbers from the reports of the networks."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...figures.runs import is_plain, network_title
from ...lab.localise import MIDDLE, UNIFORM
from .findings import block_title, settled

Reports = Mapping[str, Mapping[str, Any]]
CLOSE = 0.05  # errors that differ by less count as the same


@dataclass(frozen=True)
class Side:
    """One of the two networks: its title, and what the experiment reports of it."""

    title: str
    report: Mapping[str, Any]

    def __getitem__(self, what: str) -> Any:
        return self.report[what]


def sides(reports: Reports) -> tuple[Side | None, Side | None]:
    """The residual network and the plain one, the first of each."""
    first: dict[bool, Side] = {}
    for name, side in zip(reports, everyone(reports), strict=True):
        first.setdefault(is_plain(name), side)
    return first.get(False), first.get(True)


def everyone(reports: Reports) -> list[Side]:
    return [Side(network_title(name), report) for name, report in reports.items()]


def both(reports: Reports) -> list[Side]:
    return [side for side in sides(reports) if side]


def extreme(values: Mapping[str, float], largest: bool) -> tuple[str, float]:
    """The block with the largest or the smallest value, without its `layer`, and the value."""
    name = (max if largest else min)(values, key=lambda name: values[name])
    return block_title(name), values[name]


def points(error: float) -> str:
    """0.0143 -> 1.4: points of error."""
    return f"{100 * error:.1f}".replace("-", "−")


def signed(cosine: float) -> str:
    """-0.05 -> −0.050"""
    return f"{cosine:+.3f}".replace("-", "−")


def after_deleting(side: Side, blocks: int) -> float | None:
    """The mean error with so many random blocks deleted."""
    errors = [draw["error"] for draw in side["deleted"] if draw["blocks"] == blocks]
    return statistics.mean(errors) if errors else None


def bearable(errors: Mapping[str, float]) -> tuple[float, float]:
    """From which to which setting of a dial, around 1, the error stays close to that at 1."""
    settings = sorted(map(float, errors))
    fits = [setting for setting in settings if errors[str(setting)] <= errors["1.0"] + CLOSE]
    low = high = 1.0
    for setting in (setting for setting in reversed(settings) if setting < 1):
        if setting not in fits:
            break
        low = setting
    for setting in (setting for setting in settings if setting > 1):
        if setting not in fits:
            break
        high = setting
    return low, high


def knows_since(errors: Mapping[str, float]) -> str | None:
    """The first place from which on fewer than half of the pictures are wrong; None: nowhere."""
    since = _settled(errors)
    return None if since is None else block_title(list(errors)[since])


def place_of(side: Side) -> int | None:
    """How many places further in than the stem that is."""
    return _settled(side["error"])


def _settled(errors: Mapping[str, float]) -> int | None:
    return settled([1 - error for error in errors.values()])


def fresh_gradients(side: Side, weights: str = "PyTorch") -> tuple[float | None, float | None]:
    """The first block's gradient over the last one's, from PyTorch's or He's start: without batch norm, and with it."""
    without, with_ = (side["first_to_last"].get(f"{weights}'s start, {how} batch norm") for how in ("without", "with"))
    return without, with_


def responding_less(residual: Side, plain: Side) -> tuple[int, int]:
    """In how many of the layers the residual network responds less."""
    pairs = list(zip(residual["std"].values(), plain["std"].values(), strict=True))
    return sum(one < other for one, other in pairs), len(pairs)


def deeper_responds_less(reports: Reports) -> bool | None:
    """Whether the first residual network, the deeper one, does so than the last; None where there is only one."""
    means = [report["mean"] for name, report in reports.items() if not is_plain(name)]
    return means[0] < means[-1] if len(means) > 1 else None


def keeping(reports: Reports) -> list[str]:
    """The methods of which more than half of the correlation is left in a network whose last stage is random."""
    return sorted({method for side in both(reports) for method, left in side["left_below"].items() if left > 0.5})


@dataclass(frozen=True)
class Pointing:
    """Of the maps: the one that points at the object most often, how often, and how many are surely better than …"""

    best: str
    score: float
    maps: int
    than_area: int  # … a map that is the same everywhere
    than_middle: int  # … the middle of the picture, which never looks at it
    middle: float


def pointing(side: Side) -> Pointing:
    scores = dict(side["pointing"])
    middle = scores.pop(MIDDLE)["mean"]
    scores.pop(UNIFORM, None)
    best = max(scores, key=lambda name: scores[name]["mean"])
    than_area, than_middle = (
        sum(score["low"] > chance for score in scores.values()) for chance in (side["area"], middle)
    )
    return Pointing(best, scores[best]["mean"], len(scores), than_area, than_middle, middle)


def best_area(side: Side, kind: str) -> tuple[str, float, float]:
    """The map with the best area under the curve of a kind, "deletion" or "insertion", that area, and random maps'."""
    areas = {name: area for name, area in side["area"][kind].items() if name != "random"}
    best = (min if kind == "deletion" else max)(areas, key=lambda name: areas[name])
    return best, areas[best], side["area"][kind]["random"]


def better_than_random(side: Side) -> list[str]:
    """The maps that are surely better than random ones, in deletion and in insertion."""
    deletion, insertion = side["gain"]["deletion"], side["gain"]["insertion"]
    return [name for name in deletion if deletion[name]["low"] > 0 and insertion[name]["low"] > 0]
