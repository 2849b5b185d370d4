"""Attributions laid over the picture: one, a film strip over all blocks, and a block's evidence split by branch.

The picture stands once in each drawing and is used many times; the maps keep their own few pixels and are enlarged
smoothly by whoever shows the drawing. Red speaks for the class, indigo against it, and zero is clear.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping

from PIL import Image
from torch import Tensor

from ..i18n import Language, _
from ..interpret.naming import block_title
from .maps import data_uri, photo_uri, scale_of, signed_map
from .palette import BRANCH, INK, LINE, MUTED
from .svg import ENGLISH, document, element, text


def draw_overlay(
    picture: Image.Image, cam: Tensor, label: str, opacity: float = 0.7, scale: float | None = None
) -> str:
    """A map [h, w] over the picture, as an SVG document; the map's element has the class `rd-heat`."""
    side = 320
    photo = element("image", href=photo_uri(picture), width=side, height=side, preserveAspectRatio="none")
    heat = _heat(cam, 0, 0, side, scale or scale_of(cam), opacity)
    return document(side, side, label, photo, heat, class_="rd-overlay")


def draw_strip(
    picture: Image.Image,
    cams: Mapping[str, Tensor],
    chosen: str,
    label: str,
    say: Language = ENGLISH,
    scales: Mapping[str, float] | None = None,
) -> str:
    """The maps of all blocks by name as a film strip, each on a scale of its own; frames carry `data-block`.

    `scales` are those of the blocks where two strips are to be compared.
    """
    side, gap = 92, 10
    name_of_photo, photo = _define("rd-strip", picture, side)
    frames = []
    for index, (name, cam) in enumerate(cams.items()):
        x = 4 + index * (side + gap)
        nothing = not (cam != 0).any()
        frame = {"stroke": INK if name == chosen else LINE, "stroke_width": 4 if name == chosen else 1, "rx": 3}
        frames.append(
            element(
                "g",
                _use(name_of_photo, x, 4),
                _heat(cam, x, 4, side, scales[name] if scales else scale_of(cam), 0.75),
                element("rect", x=x, y=4, width=side, height=side, fill="none", **frame),
                text(block_title(name), x + side / 2, side + 22, text_anchor="middle", font_size=13, fill=INK),
                text(say(_("no evidence")), x + side / 2, side + 38, text_anchor="middle", font_size=13, fill=MUTED)
                if nothing
                else "",
                class_="rd-stop",
                data_block=name,
                role="button",
                tabindex=0,
                aria_pressed=str(name == chosen).lower(),
                aria_label=say(
                    _("Grad-CAM of block {name}: no positive evidence", name=name)
                    if nothing
                    else _("Grad-CAM of block {name}", name=name)
                ),
            )
        )
    width = 8 + len(cams) * (side + gap) - gap
    return document(
        width,
        side + 44,
        label,
        photo,
        *frames,
        role="group",
        class_="rd-strip",
        style=f"min-width:{0.93 * width:.0f}px;max-width:{1.6 * width:.0f}px",
    )


def draw_split(picture: Image.Image, cams: Mapping[str, Tensor], label: str, say: Language = ENGLISH) -> str:
    """The maps "residual", "shortcut" and "total" of one block as a sum, on one scale: F(x) + shortcut = sum."""
    side, gap, scale = 150, 40, scale_of(*cams.values())
    name_of_photo, photo = _define("rd-split", picture, side)
    parts, x = [photo], 4.0
    for sign, branch in (("", "residual"), ("+", "shortcut"), ("=", "total")):
        if sign:
            parts.append(text(sign, x - gap / 2, 4 + side / 2 + 8, text_anchor="middle", font_size=26, fill=MUTED))
        frame = {"stroke": BRANCH[branch], "stroke_width": 3, "rx": 3}
        what = {"residual": "F(x)", "shortcut": _("shortcut"), "total": _("the sum")}[branch]
        parts += [
            _use(name_of_photo, x, 4),
            _heat(cams[branch], x, 4, side, scale, 0.75),
            element("rect", x=x, y=4, width=side, height=side, fill="none", **frame),
            text(
                say(_("CAM of {what}", what=what)),
                x + side / 2,
                side + 26,
                text_anchor="middle",
                font_size=18,
                font_weight=600,
                fill=BRANCH[branch],
            ),
        ]
        x += side + gap
    return document(x - gap + 4, side + 36, label, *parts, class_="rd-split")


def _heat(cam: Tensor, x: float, y: float, side: float, scale: float, opacity: float) -> str:
    box = {"x": x, "y": y, "width": side, "height": side}
    picture = signed_map(cam, scale)
    return element(
        "image", href=data_uri(picture), **box, opacity=opacity, preserveAspectRatio="none", class_="rd-heat"
    )


def _define(kind: str, picture: Image.Image, side: float) -> tuple[str, str]:
    """A photo to be used many times, and its name: a page may hold drawings of several, which share the names."""
    href = photo_uri(picture)
    name = f"{kind}-{zlib.crc32(href.encode()):08x}"
    photo = element("image", id=name, href=href, width=side, height=side, preserveAspectRatio="none")
    return name, element("defs", photo)


def _use(name: str, x: float, y: float) -> str:
    return element("use", href=f"#{name}", x=x, y=y)
