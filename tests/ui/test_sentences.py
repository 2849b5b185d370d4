"""What the library says where something cannot be used, in the languages of the app."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from resnet_demo.ui.text.templates import LONGEST, Templates
from resnet_demo.ui.text.zh.sentences import _SENTENCES

import resnet_demo
from resnet_demo import images
from resnet_demo.errors import InputError
from resnet_demo.models import weights, zoo
from resnet_demo.ui import text
from resnet_demo.ui.bounds import whole_number

PACKAGE = Path(resnet_demo.__file__).parent
SHELL = ("cli.py", "bench", "distributed.py", "checkpoint.py", "provenance.py")  # what no page ever asks
TERMINAL = ("Port {} of {} is taken, or not to be had; choose another with --port.",)
ERRORS = {"InputError", "FloatingPointError", "ValueError in resnet.py"}  # whose sentences people read
NOTES = ("_note",)  # functions that return such sentences
said = text.of("zh").sentences.said


def template(node: ast.expr) -> str | None:
    """A literal as a template: `{}` where a value is filled in. None for what is no literal."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def sentences() -> Iterator[tuple[str, str]]:
    """Every sentence in the source that the app can come to show, with the place where it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] in SHELL:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, (ast.Call, ast.FunctionDef)):
                continue
            found: list[ast.expr] = []
            kind = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and ERRORS & {kind, f"{kind} in {path.name}"}:
                found = node.args[:1]
            elif isinstance(node, ast.FunctionDef) and node.name in NOTES:
                found = [line.value for line in ast.walk(node) if isinstance(line, ast.Return) and line.value]
            for each in map(template, found):
                if each and each not in TERMINAL:
                    yield each, f"{path.name}:{node.lineno}"


def test_every_sentence_of_the_library_has_its_counterpart() -> None:
    found = dict(sentences())
    assert len(found) > 90
    assert {place: sentence for sentence, place in found.items() if sentence not in _SENTENCES} == {}


def test_every_counterpart_belongs_to_a_sentence() -> None:
    source = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "sentences.py")
    literals = {
        literal
        for node in ast.walk(
            ast.parse("\n".join(line for line in source.splitlines() if "from __future__" not in line))
        )
        if isinstance(node, ast.expr) and (literal := template(node))
    }
    assert set(_SENTENCES) - literals == set()


@pytest.mark.parametrize("english", _SENTENCES)
def test_counterparts_fill_in_the_same_values(english: str) -> None:
    fields = [name for _, name, _, _ in string.Formatter().parse(_SENTENCES[english]) if name is not None]
    assert sorted(fields) == [str(index) for index in range(english.count("{}"))]
    assert re.search("[\u4e00-\u9fff]", _SENTENCES[english])
    values = [f"value{index}" for index in range(english.count("{}"))]
    if english.endswith((".", ". {}")):
        assert said(english.format(*values)) == _SENTENCES[english].format(*values)  # no other template takes it away
    assert not re.search("[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", said(english.format(*values)))


def test_english_stays() -> None:
    for english in _SENTENCES:
        assert text.of("en").sentences.said(english) == english


def test_sentences_as_they_are_raised(tmp_path: Path) -> None:
    def refused(act) -> str:
        with pytest.raises(InputError) as error:
            act()
        return said(str(error.value))

    assert refused(lambda: images.load_image(tmp_path / "cat.png")) == "没有文件 cat.png。"
    assert refused(lambda: images.load_image(b"no picture")).startswith("上传的文件不是这里能读取的图片；")
    assert refused(lambda: whole_number(-3, 0, 9, "The seed")) == "种子必须是 0 到 9 的整数，而不是 -3。"
    assert refused(lambda: zoo.network("vgg16")).startswith("没有网络 'vgg16'；可选的有：")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    assert refused(lambda: weights.load_file(tmp_path / "torn.safetensors")) == (
        "torn.safetensors 不是 safetensors 文件，或已损坏。"
    )
    state = zoo.build("resnet8", 0).state_dict()
    wrong = {f"module.{name}": value for name, value in state.items() if "layer3" not in name or "conv2" not in name}
    with pytest.raises(InputError) as error:
        weights.vet(wrong, state, "mine.pt")
    told = "The checkpoint's config cannot be used. Blocks, widths and classes are counted from one."
    assert said(told) == "检查点的 config 无法使用。块数、宽度和类别数都从一起算。"
    assert re.fullmatch(r"mine\.pt 缺少张量 \S+（另有 \d+ 个）。", said(str(error.value)))


def test_values_that_are_templates_are_said_again() -> None:
    table = Templates({"{} is {}.": "{1} 是 {0}。", "The file {}": "文件 {0}", "{} is not {}.": "{0} 不是 {1}。"})
    assert table.said("The file a is b.") == "b 是 文件 a。"
    assert table.said("The file has gone.") == "The file has gone."  # a part alone is no sentence
    assert table.said("a is not b.") == "a 不是 b。"  # the template that says more
    assert table.said("Nobody knows me!") == "Nobody knows me!"
    assert table.said("a\nb is {0} c.") == "{0} c 是 a\nb。"  # what a stranger wrote is filled in, not formatted
    long = "x" * LONGEST + " is y."
    assert table.said(long) == long
