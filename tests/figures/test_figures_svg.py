"""SVG: text from outside stays text, elements are written as they are."""

from __future__ import annotations

from drawings import (
    NASTY,
    SVG,
    parse,
    words_in,
)
from PIL import Image

from resnet_demo.figures import (
    curves_svg,
    draw_curves,
    draw_overlay,
    draw_split,
    draw_street,
    draw_strip,
)
from resnet_demo.figures.svg import document, element, text
from resnet_demo.interpret.attribution import grad_cam
from resnet_demo.interpret.trace import Trace


def test_labels_are_escaped(traces: dict[str, Trace], picture: Image.Image) -> None:
    trace = traces["residual"]
    cams = grad_cam(trace)
    drawings = [
        draw_overlay(picture, cams["layer2.1"], NASTY),
        draw_strip(picture, cams, "layer2.1", NASTY),
        draw_split(picture, dict.fromkeys(("residual", "shortcut", "total"), cams["layer2.1"]), NASTY),
        curves_svg(draw_curves(trace), NASTY),
        document(1, 1, NASTY),
    ]
    for drawing in drawings:
        root = parse(drawing)
        assert root.attrib["aria-label"] == NASTY
        assert not list(root.iter(f"{SVG}script"))
    answer = parse(draw_street(trace, "layer1.0", picture, (NASTY, NASTY)))
    assert "<script>" in words_in(answer)
    assert not list(answer.iter(f"{SVG}script"))


def test_elements() -> None:
    assert element("g", stroke_width=2.0, class_="a", rx=None) == '<g stroke-width="2" class="a"/>'
    assert element("g", "<b/>", x=1.256) == '<g x="1.26"><b/></g>'
    assert text("<&", 0, 1) == '<text x="0" y="1">&lt;&amp;</text>'
    assert element("g", aria_label='"<') == '<g aria-label="&quot;&lt;"/>'
