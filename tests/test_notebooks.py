"""The notebooks run from top to bottom, at a small size, and what ends a cell can be shown."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fake_cifar
import pytest
from documents import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_cifar.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def shown(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a notebook displays by itself, in an empty folder beside a small CIFAR-10."""
    shown: list[str] = []

    def show(html: str, display_id: bool = False) -> Any:
        shown.append(html)
        return SimpleNamespace(update=shown.append) if display_id else None

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: object()))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str, display=show))
    monkeypatch.setattr(fake_cifar.CIFAR10, "train_list", fake_cifar.CIFAR10.train_list)  # are put back afterwards
    monkeypatch.setattr(fake_cifar.CIFAR10, "test_list", fake_cifar.CIFAR10.test_list)
    monkeypatch.setattr(fake_cifar.CIFAR10, "meta", fake_cifar.CIFAR10.meta)
    fake_cifar.trust()
    monkeypatch.setenv("RESNET_DEMO_DATA", str(data))
    monkeypatch.chdir(tmp_path)
    return shown


def test_there_are_six() -> None:
    assert [path.stem[0] for path in NOTEBOOKS] == list("123456")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    left = dict(notebook["metadata"]["small"])
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] == "code":
            code = "".join(line for line in cell["source"] if not line.startswith("%"))
            value = run(code, f"{path.stem}, cell {number}", names)
            shown += [value._repr_html_()] if hasattr(value, "_repr_html_") else []
            if "parameters" in cell["metadata"].get("tags", []):
                assert left.keys() <= names.keys()
                names.update(left)
                left.clear()
    assert not left  # they took the place of the reader's
    assert sum("rd-shown" in html for html in shown) >= 3


def run(code: str, name: str, names: dict[str, Any]) -> Any:
    """Run a cell; the value of its last line, if that is an expression."""
    tree = ast.parse(code, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    return eval(compile(ast.Expression(last.value), name, "eval"), names) if isinstance(last, ast.Expr) else None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_clean(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert path.read_text("utf-8") == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    first, *cells = notebook["cells"]
    assert f"colab.research.google.com/github/resnet-demo/resnet-demo/blob/main/docs/notebooks/{path.name}" in "".join(
        first["source"]
    )
    for cell in cells:
        if cell["cell_type"] == "code":
            assert (cell["outputs"], cell["execution_count"]) == ([], None)
