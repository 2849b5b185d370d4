"""What is found can be shown where no script runs, be a table, and be a file."""

from __future__ import annotations

import copy
import json
import pickle
import re
import sys
import webbrowser
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from stripes import CONFIG, stripes

import resnet_demo as rd
from resnet_demo import finding, notebook
from resnet_demo.errors import InputError
from resnet_demo.finding import Finding
from resnet_demo.interpret.trace import retarget
from resnet_demo.lab import results
from resnet_demo.models.resnet import ResNet

NAMES = ("predictions", "trace", "block", "maps", "lesion", "lens", "paths", "probes", "result", "training")
ROWS = {"predictions": 2, "trace": 2, "block": 1, "lesion": 2, "lens": 3 * 2 * 3, "paths": 3, "probes": 3}


@pytest.fixture(scope="module")
def found() -> Mapping[str, Finding]:
    data, model = stripes(20, 0), ResNet(CONFIG, seed=0).eval()
    inputs = data.pictures.float() / 255
    trace = rd.trace_blocks(model, inputs[:1])
    training = rd.train(ResNet(CONFIG, seed=0), data, data, epochs=1)
    assert "has not begun" in repr(training)
    assert list(training) == training.seen
    return {
        "predictions": rd.classify(model, inputs[:1], top_k=2),
        "trace": trace,
        "block": trace["layer2.0"],
        "maps": rd.grad_cam(trace, signed=True),
        "lesion": rd.lesion(model, data),
        "lens": rd.lens(model, inputs[:2]),
        "paths": rd.paths_exact(model, inputs[:2], data.labels[:2]),
        "probes": rd.probes(model, data, data),
        "result": rd.experiment("responses", {"resnet8": model}, data),
        "training": training,
    }


def test_all_kinds_are_here(found: Mapping[str, Finding]) -> None:
    assert tuple(found) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_is_shown_in_its_own_style(name: str, found: Mapping[str, Finding]) -> None:
    html = found[name]._repr_html_()
    style = html[html.index("<style>") + 7 : html.index("</style>")]
    for selectors in re.findall(r"([^{}]+)\{[^{}]*\}", re.sub(r"@media[^{]*\{", "", style)):
        assert ".rd-shown" in selectors  # it concerns nothing else on the page
    assert "--rd-ink: #1d2733" in style
    assert "--rd-ink: #e6ebf0" in style
    body = html.replace(f"<style>{style}</style>", "")
    assert "<script" not in body
    assert 'role="button"' not in body
    assert "tabindex" not in body.replace('class="rd-block rd-wide" tabindex="0"', "")
    assert not re.search(r'(?:href|src)="(?!data:|#)', body)  # it asks for nothing
    drawings = re.findall(r"<svg.*?</svg>|<table.*?</table>|<p>.*?</p>", body, re.S)
    assert drawings
    for drawing in drawings:
        ElementTree.fromstring(drawing)


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_is_a_line_a_table_and_a_file(name: str, found: Mapping[str, Finding], tmp_path: Any) -> None:
    one = found[name]
    assert len(repr(one).splitlines()) == 1
    assert len(repr(one)) < 160
    table = one.to_dataframe()
    assert len(table) == ROWS.get(name, len(table)) > 0
    assert len(table.columns) > 1
    one.save(tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text("utf-8"))


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_shown_as_the_original(name: str, found: Mapping[str, Finding]) -> None:
    one = found[name]
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert (type(other), repr(other), other.html()) == (type(one), repr(one), one.html())


def test_a_copied_trace_is_no_larger_than_its_picture_and_has_no_graph(sentence: Any) -> None:
    model, inputs = ResNet(CONFIG, seed=0).eval(), stripes(9, 0).pictures.float() / 255
    *_, last = rd.trace_many(model, inputs)
    alone = rd.trace_blocks(model, inputs[-1:])
    assert len(pickle.dumps(last)) < 1.1 * len(pickle.dumps(alone))
    with pytest.raises(InputError) as error:
        retarget(copy.deepcopy(last), 1)
    sentence(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_finding_is_shown_in_the_readers_language(name: str, found: Mapping[str, Finding]) -> None:
    one = found[name]
    assert '<div class="rd-shown" lang="zh">' in one.html("zh")
    assert one.html("en") == one._repr_html_() != one.html("zh")
    drawings = re.sub(r"<style>.*?</style>", "", one.html("zh"), flags=re.S)
    assert re.search("[\u4e00-\u9fff]", drawings)
    notebook.speak("zh")
    try:
        assert one._repr_html_() == one.html("zh")
    finally:
        notebook.speak("en")


def test_a_language_that_is_not_spoken(found: Mapping[str, Finding], sentence: Any) -> None:
    with pytest.raises(InputError) as error:
        found["trace"].show(language="xx")
    assert "'xx'" in sentence(error.value)


def test_what_an_untrained_network_answers_is_not_shown() -> None:
    model, picture = rd.build("resnet8", seed=0, classes=3), stripes(20, 0).pictures[:1]
    model.eval()
    assert "not trained" in rd.trace_blocks(model, picture).html()
    for _record in rd.train(model, stripes(64, 0), stripes(20, 1), epochs=1):
        pass
    assert "not trained" not in rd.trace_blocks(model, picture).html()


def test_numbers_are_those_of_the_finding(found: Mapping[str, Any], tmp_path: Any) -> None:
    trace, table = found["trace"], found["trace"].to_dataframe().set_index("name")
    assert table.loc["layer2.0", "residual_norm"] == trace["layer2.0"].norms["residual"]
    maps = found["maps"]
    assert maps == dict(maps)
    assert maps.to_dataframe().query("block == 'layer1.0'")["evidence"].tolist() == maps["layer1.0"].flatten().tolist()
    found["result"].save(tmp_path / "x.json")
    again = results.read(tmp_path / "x.json")
    assert again
    assert again.networks.keys() == {"resnet8"}


def test_without_pandas_there_is_a_sentence(found: Mapping[str, Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="A table needs pandas"):
        found["trace"].to_dataframe()


def test_outside_a_notebook_it_is_a_page(
    found: Mapping[str, Finding], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(finding.tempfile, "tempdir", str(tmp_path))
    found["block"].show()
    (page,) = tmp_path.iterdir()
    assert opened == [page.as_uri()]
    assert "rd-block" in page.read_text("utf-8")


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A notebook's cell, as IPython has it: what is displayed, and what takes its place."""
    shown: list[str] = []
    handle = SimpleNamespace(update=shown.append)

    def show(html: str, display_id: bool = False) -> Any:
        shown.append(html)
        return handle if display_id else None

    display = SimpleNamespace(HTML=str, display=show)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: object()))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_in_a_notebook_it_is_below_the_cell(found: Mapping[str, Finding], cell: list[str]) -> None:
    found["block"].show()
    assert cell == [found["block"]._repr_html_()]


def test_a_training_is_a_curve_that_grows(cell: list[str]) -> None:
    data = stripes(64, 0)
    training = rd.train(ResNet(CONFIG, seed=0), data, data, epochs=2)
    training.show()
    assert len(cell) == 1 + len(training.seen)
    assert "It has not yet begun" in cell[0]
    assert "% of the test pictures after 128" in cell[-1]


def test_the_theme_of_the_page_decides() -> None:
    style = notebook.style()
    day, media, light, dark = (style.index(words) for words in (".rd-shown {", "@media", "'true'", "'false'"))
    assert day < media < light < dark
