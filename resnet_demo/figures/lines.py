"""One number along an axis, for a network and its twin: a line each, in their colours.

Along the axis lie a network's blocks, or places on a walk. The chosen place is marked, and its numbers stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..i18n import Language, Message, _
from . import axes
from .axes import TALL, Panel, known, linear, looks, magnitude
from .palette import MUTED
from .runs import apart, network_title
from .svg import ENGLISH, document, text

WIDE = 760.0  # as wide as there is room beside a text
LEFT, RIGHT, TOP = 58.0, 92.0, 40.0  # of the plot; the networks' names stand on its right, which may grow
HEIGHT = {False: 270.0, True: 210.0}  # of the plot, for screens and for phones
DECADES = 12  # of a logarithmic axis, at most: what is smaller lies on its foot


def draw_lines(
    lines: Mapping[str, Sequence[float]],
    places: Sequence[str | Message],
    title: str | Message,
    chosen: int,
    logarithmic: bool = False,
    highest: float | None = None,
    tall: bool = False,
    say: Language = ENGLISH,
) -> str:
    """Lines by the network's name over places, an SVG document; numbers that are not finite leave a gap.

    The axis goes from 0, or from the smallest number's power of ten, up to `highest` or what is needed.
    """
    found = known(value for values in lines.values() for value in values)
    up = axes.logarithmic(found, DECADES) if logarithmic else linear(0.0, highest or max([*found, 0.0]), most=5)
    longest = max((len(network_title(name)) for name in lines), default=0)
    right = max(RIGHT, 18 + 8.4 * longest)  # so that "Pre-ResNet-20" is not cut
    at, width = [say(place) for place in places], (TALL if tall else WIDE) - LEFT - right
    panel = Panel(LEFT, TOP, width, HEIGHT[tall], axes.places(at, width), up)
    parts = [
        text(say(title), 8.0 if tall else LEFT, 18, font_size=13, fill=MUTED),
        *panel.frame(),
        panel.mark(float(chosen)),
    ]
    ends = {}
    for name, look in looks(lines).items():
        points = [(float(index), value) for index, value in enumerate(lines[name])]
        here = [points[chosen]]
        parts += panel.curve(points, look, dots=False)
        parts += panel.dots(
            here, look, [say(_("{what}: {value}", what=at[chosen], value=magnitude(value))) for _place, value in here]
        )
        if last := known(lines[name])[-1:]:
            ends[name] = (panel.y(*last), look.colour)
    heights = apart([y for y, _colour in ends.values()], 18, TOP, panel.foot)
    for (name, (_y, colour)), y in zip(ends.items(), heights, strict=True):
        style = {"font_size": 14, "font_weight": 650, "fill": colour}
        parts.append(text(network_title(name), LEFT + width + 10, y + 5, **style))
    told = [f"{network_title(name)} {values[chosen]:.3g}" for name, values in lines.items()]
    words = say(_("{title}. At {place}: {told:and}.", title=title, place=at[chosen], told=told))
    kind = f"rd-lines rd-{'tall' if tall else 'wide'}"
    return document(TALL if tall else WIDE, panel.foot + 32, words, *parts, role="img", class_=kind)
