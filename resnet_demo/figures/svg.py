"""Just enough SVG: elements as escaped strings."""

from __future__ import annotations

import re
from html import escape

from ..i18n import language

ENGLISH = language("en")  # what drawings are written in unless one says otherwise

# Inter comes with the app; the others are the reader's own, the last ones for Chinese.
FONTS = "Inter, system-ui, 'Segoe UI', Roboto, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"


def element(name: str, *children: str, **attributes: object) -> str:
    """`element("g", child, stroke_width=2)` -> `<g stroke-width="2">child</g>`; attributes that are None are left out.

    Children are taken as markup: pass text through `text` or `escape`.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def text(content: str, x: float, y: float, **attributes: object) -> str:
    return element("text", escape(content), x=x, y=y, **attributes)


def image(href: str, x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """A picture from a `data:` address, every pixel of it visible (no smoothing)."""
    box = {"x": x, "y": y, "width": width, "height": height}
    return element(
        "image", **box, href=href, preserveAspectRatio="none", style="image-rendering:pixelated", **attributes
    )


def document(width: float, height: float, label: str, *children: str, role: str = "img", **attributes: object) -> str:
    """A whole drawing. `label` describes it to those who cannot see it; a drawing with buttons has the role "group"."""
    return element(
        "svg",
        element("title", escape(label)),
        *children,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_number(width)} {_number(height)}",
        role=role,
        aria_label=label,
        font_family=FONTS,
        **attributes,
    )


def without_buttons(drawing: str) -> str:
    """A drawing for where no script answers: what could be pressed is a group like any other."""
    drawing = re.sub(r' (?:tabindex|aria-pressed)="[^"]*"', "", drawing)
    return drawing.replace(' role="button"', ' role="group"').replace(' class="rd-stop"', "")


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
