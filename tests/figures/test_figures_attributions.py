"""Where a class is seen, laid over the picture."""

from __future__ import annotations

import torch
from drawings import (
    SVG,
    colours_of,
    parse,
    pixels_of,
    stops,
    words_in,
)
from PIL import Image

from resnet_demo.figures import (
    draw_overlay,
    draw_split,
    draw_strip,
    scale_of,
    signed_map,
)
from resnet_demo.interpret.attribution import grad_cam
from resnet_demo.interpret.trace import Trace


def test_overlay_and_split(traces: dict[str, Trace], picture: Image.Image) -> None:
    block = traces["residual"]["layer2.1"]
    cam = block.output[0].sum(dim=0)
    root = parse(draw_overlay(picture, cam, "Here", opacity=0.4))
    (heat,) = [image for image in root.iter(f"{SVG}image") if image.attrib.get("class") == "rd-heat"]
    assert heat.attrib["opacity"] == "0.4"
    assert pixels_of(heat.attrib["href"]).tolist() == colours_of(signed_map(cam, scale_of(cam))).tolist()
    assert root.attrib["aria-label"] == "Here"

    cams = {"residual": torch.ones(2, 2), "shortcut": torch.full((2, 2), -3.0), "total": torch.full((2, 2), -2.0)}
    root = parse(draw_split(picture, cams, "Split"))
    heats = [image for image in root.iter(f"{SVG}image") if image.attrib.get("class") == "rd-heat"]
    colours = [tuple(pixels_of(heat.attrib["href"])[0, 0]) for heat in heats]
    assert colours == [tuple(colours_of(signed_map(cam, 3.0))[0, 0]) for cam in cams.values()]  # one scale
    assert [word for word in words_in(root).split(" | ") if word in "+="] == ["+", "="]


def test_strip_says_where_there_is_no_evidence(trace: Trace, picture: Image.Image) -> None:
    cams = grad_cam(trace)
    cams["layer1.1"] = torch.zeros(3, 3)
    cams["layer2.1"] = torch.ones(3, 3)
    root = parse(draw_strip(picture, cams, "layer2.1", "Strip"))
    buttons = stops(root)
    assert list(buttons) == list(cams)
    for name, button in buttons.items():
        silent = not cams[name].any()
        assert button.attrib["role"] == "button"
        assert button.attrib["tabindex"] == "0"
        assert button.attrib["aria-pressed"] == ("true" if name == "layer2.1" else "false")
        assert button.attrib["aria-label"] == f"Grad-CAM of block {name}" + (": no positive evidence" if silent else "")
        assert ("no evidence" in words_in(button)) == silent
    assert not cams["layer1.1"].any()
    assert cams["layer2.1"].any()  # both kinds were there
    ids = {item.attrib["id"] for item in root.iter() if "id" in item.attrib}
    assert {use.attrib["href"] for use in root.iter(f"{SVG}use")} == {f"#{name}" for name in ids}
