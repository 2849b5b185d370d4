"""`resnet-demo mcp`: a real client starts it, asks what there is, and calls every tool."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import loops
import pytest
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.types import ImageContent, TextContent
from PIL import Image
from typer.testing import CliRunner

from resnet_demo import ResNet, ResNetConfig, classify, cli, load, save
from resnet_demo.cli import tools
from resnet_demo.images import CIFAR10

ROOT = Path(__file__).resolve().parents[1]
CAT = str(ROOT / "assets" / "examples" / "cat.png")
PATIENCE = 300  # seconds for an answer, on a computer that is busy with more

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "classify": ("classify", {"images": [CAT], "top_k": 3}),
    "inspect": ("inspect", {"image": CAT, "target": "dog"}),
    "cam": ("cam", {"image": CAT, "block": "layer2.1", "branch": "residual", "signed": True}),
    "lesion": ("lesion", {"image": CAT, "model": "plain20"}),
    "lens": ("lens", {"image": CAT}),
    "experiment": ("experiment", {"name": "lesion", "models": ["{model}"], "data": "{data}", "image_count": 4}),
    "no picture": ("cam", {"image": "/absent.png"}),
    "no network": ("classify", {"images": [CAT], "model": "resnet21"}),
    "no block": ("cam", {"image": CAT, "block": "layer9.9"}),
    "no branch": ("cam", {"image": CAT, "branch": "../x"}),
    "no checkpoint": ("lens", {"image": CAT, "model": CAT}),
    "no end": ("cam", {"image": "{pipe}"}),  # nobody writes to it
    "no end of many": ("classify", {"images": [CAT, "{pipe}"]}),
    "no end, measured": ("inspect", {"image": "{pipe}"}),
    "no stdin": ("classify", {"images": ["-"]}),  # it is the client's
    "no such number": ("classify", {"images": [CAT], "top_k": 10**30}),
    "no list": ("classify", {"images": 7}),
    "no texts": ("classify", {"images": [7] * 1_000}),
    "no arguments": ("experiment", {}),
    "no such side": ("cam", {"image": CAT, "branch": "x" * 100_000}),
    "no line": ("inspect", {"image": "a\nb\x1b[31m<b>.png"}),
    "no short name": ("classify", {"images": ["x" * 100_000]}),
    "no short path": ("lens", {"image": CAT, "model": "/y" * 50_000}),
    "no few words": ("lens", {"image": CAT, "model": "/y " * 50_000}),
    "no tool": ("lense", {"image": CAT}),
    "no tool, at length": ("x" * 100_000, {}),
}


def test_a_client_calls_every_tool(tmp_path: Path) -> None:
    for name in ("cat", "dog", "ship"):  # class folders, and a small network for them
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(4):
            Image.new("RGB", (32, 32), (number * 40, 80, 120)).save(tmp_path / "data" / name / f"{number}.png")
    small = ResNet(ResNetConfig(blocks=(1, 1, 1), widths=(4, 8, 16), classes=3), seed=0)
    small.domain = replace(CIFAR10, labels=("cat", "dog", "ship"))
    places = {"{data}": str(tmp_path / "data"), "{model}": str(save(small, tmp_path / "small.safetensors"))}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
    places["{pipe}"] = str(tmp_path / "pipe.png")
    found: dict[str, Any] = {}

    async def talk() -> None:
        env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
        server = StdioServerParameters(command=sys.executable, args=["-m", "resnet_demo", "mcp"], env=env, cwd=tmp_path)
        with (tmp_path / "log").open("w") as log:
            async with stdio_client(server, errlog=log) as streams, ClientSession(*streams) as session:
                await session.initialize()
                found["tools"] = (await session.list_tools()).tools
                for title, (tool, given) in CALLS.items():
                    filled = {
                        key: [places.get(item, item) for item in value] if isinstance(value, list)
                        else places.get(value, value)
                        for key, value in given.items()
                    }  # fmt: skip
                    found[title] = await asyncio.wait_for(session.call_tool(tool, filled), PATIENCE)

    loops.run(talk())
    tools = {tool.name: tool for tool in found["tools"]}
    assert list(tools) == ["classify", "inspect", "cam", "lesion", "lens", "experiment"]
    for tool in tools.values():
        assert len(tool.description or "") > 80
        assert tool.output_schema
        assert tool.output_schema["type"] == "object"
    values = {}
    for title in CALLS:
        texts = [content.text for content in found[title].content if isinstance(content, TextContent)]
        drawn = [content for content in found[title].content if isinstance(content, ImageContent)]
        assert found[title].is_error == title.startswith("no "), texts
        if title.startswith("no "):
            assert not drawn
            assert len(texts[0]) <= 300, title
            assert texts[0].isprintable(), title
            assert not any(word in texts[0] for word in ("Traceback", "pydantic", "http", str(tmp_path))), texts[0]
            continue
        values[title] = found[title].structured_content
        assert len(drawn) == (title != "experiment")
        for content in drawn:
            assert content.mime_type == "image/png"
            assert Image.open(io.BytesIO(base64.b64decode(content.data))).width >= 200
    model = load("resnet20")
    (answer,) = values["classify"]["answers"]
    best = classify(model, CAT, top_k=3)
    assert [each["label"] for each in answer["predictions"]] == [each.label for each in best]
    assert answer["predictions"][0]["probability"] == pytest.approx(best[0].probability, abs=1e-5)
    assert (values["inspect"]["target"], len(values["inspect"]["blocks"])) == ("dog", 9)
    assert values["inspect"]["identity_error"] < 1e-5
    assert (len(values["cam"]["map"]), values["cam"]["branch"]) == (16, "residual")
    assert [step["block"] for step in values["lens"]["blocks"]][::9] == ["stem", "layer3.2"]
    assert values["lens"]["blocks"][-1]["probability"] == pytest.approx(best[0].probability, abs=1e-5)
    assert len(values["lesion"]["blocks"]) == 9
    (report,) = values["experiment"]["networks"].values()
    assert (report["n"], len(report["without"])) == (3, 3)  # a picture of each class is kept for tests
    assert "There is no file" in found["no picture"].content[0].text
    assert "There is no block 'layer9.9'" in found["no block"].content[0].text
    assert found["no such number"].content[0].text == "top_k: Input should be less than or equal to 1000."
    assert found["no tool"].content[0].text.startswith("There is no tool 'lense' (did you mean lens?); there are class")


def test_few_calls_are_worked_on_at_once() -> None:
    """Whatever a client sends: a trace of a large network takes a gigabyte."""
    at_work, seen = [], []

    def tool() -> Any:
        at_work.append(1)
        time.sleep(0.02)
        seen.append(len(at_work))
        at_work.pop()

    with ThreadPoolExecutor(20) as threads:
        for call in [threads.submit(tools._plainly(tool)) for _ in range(20)]:
            call.result()
    assert 1 < max(seen) <= tools.AT_ONCE


def test_without_the_package_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resnet_demo.cli.tools", None)
    monkeypatch.delattr(cli, "tools", raising=False)  # where another test has imported it
    done = CliRunner().invoke(cli.app, ["mcp"])
    assert (done.exit_code, done.stderr) == (
        2, "This command needs the package mcp: pip install 'resnet-demo[mcp]'.\n"
    )  # fmt: skip
