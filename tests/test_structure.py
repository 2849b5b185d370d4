"""The rules of the house: who imports whom, what is public, what must be installed."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import resnet_demo

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "resnet_demo"

# Imports go to the same floor or down, never up and never in a circle; those for type checkers, too.
FLOORS = {
    "i18n": 0,
    "cores": 0,
    "stopping": 0,
    "errors": 0,
    "formats": 0,
    "assets": 1,
    "files": 1,
    "finding": 1,
    "download": 2,
    "decoding": 1,
    "isolation": 1,
    "images": 2,
    "data": 3,
    "models": 4,
    "interpret": 5,
    "training": 6,
    "console": 7,  # it prints the records of trainings
    "lab": 7,
    "figures": 8,
    "sharing": 9,
    "bench": 9,
    "notebook": 9,
    "ui": 9,
    "cli": 9,
    "": 10,  # the package itself, which offers the public names
    "__main__": 11,
    "app": 11,
}
TORCHLESS = {"finding", "cores", "i18n", "errors", "assets", "decoding", "isolation", "console", "app", "__main__"}
HEAVY = {"torchvision", "captum", "matplotlib"}  # each takes a second or more to import


def modules() -> dict[str, Path]:
    """Dotted name -> file, of everything that is ours: "resnet_demo.ui.session", …, and "app"."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    if (ROOT / "app.py").is_file():
        found["app"] = ROOT / "app.py"
    return found


MODULES = modules()


def part(module: str) -> str:
    """ "resnet_demo.ui.session" -> "ui"; the package itself -> ""."""
    return "app" if module == "app" else module.split(".")[1] if "." in module else ""


def imports(module: str, lazy: bool) -> set[str]:
    """The absolute names of the modules that a module imports: at start-up, or with `lazy` anywhere, for types, too."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [node.module])])
            for alias in node.names:  # `from . import zoo` means the module zoo, if there is one
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in MODULES else base)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not lazy:
            for child in node.orelse:
                visit(child)
        elif lazy or not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(ast.parse(path.read_text()))
    return found


def ours(names: set[str]) -> set[str]:
    return {name for name in names if name in MODULES}


def foreign(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names} - {"resnet_demo", "app"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_downward_only(module):
    floor = FLOORS[part(module)]
    for other in ours(imports(module, lazy=True)):
        if part(other) == "" and part(module) in ("cli", "ui"):
            continue  # for the package's version
        assert FLOORS[part(other)] <= floor, f"{module} imports {other}, which stands above it"


def circle(below: dict[str, set[str]]) -> list[str] | None:
    """A way from a name back to itself, if there is one."""
    done: set[str] = set()

    def search(name: str, way: list[str]) -> list[str] | None:
        if name in way:
            return [*way[way.index(name) :], name]
        if name in done:
            return None
        for other in sorted(below[name]):
            if found := search(other, [*way, name]):
                return found
        done.add(name)
        return None

    return next((found for name in sorted(below) if (found := search(name, []))), None)


def test_circles_are_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) is None
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def test_no_part_imports_another_in_a_circle():
    below: dict[str, set[str]] = {name: set() for name in FLOORS}
    for module in MODULES:
        below[part(module)] |= {part(other) for other in ours(imports(module, lazy=True))} - {part(module), ""}
    assert circle(below) is None


def test_no_module_imports_another_in_a_circle():
    # The package itself is above all others: a module that asks it for its version imports nothing by that.
    below = {module: ours(imports(module, lazy=True)) - {module, "resnet_demo"} for module in MODULES}
    assert circle(below) is None


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("data", {"data", "images", "errors", "formats", "i18n", "files", "download"}),
        ("download", {"errors", "i18n", "files"}),
        ("images", {"decoding", "errors", "i18n"}),
        ("decoding", {"errors", "formats", "i18n"}),
        ("isolation", {"decoding", "errors", "i18n"}),
        ("i18n", {"i18n"}),
        ("cores", {"cores"}),
        ("errors", {"i18n"}),
        ("files", {"errors", "i18n"}),
        ("assets", {"errors", "i18n"}),
        ("finding", {"errors", "files", "i18n"}),
        ("console", {"errors", "finding", "i18n", "training"}),
    ],
)
def test_these_know_no_more_than_they_need(name, known):
    found = [module for module in MODULES if part(module) == name]
    assert found
    for module in found:
        assert {part(other) for other in ours(imports(module, lazy=True))} <= known, module


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("gradio", {"ui", "bench"}),
        ("matplotlib", {"figures", "bench"}),
        ("captum", {"interpret.attribution", "bench"}),
        ("typer", {"cli"}),
        ("rich", {"cli", "console"}),
        (
            "torch",
            set(FLOORS)
            - {"finding", "cores", "errors", "i18n", "assets", "decoding", "isolation", "console", "app", "__main__"},
        ),
        ("babel", {"i18n"}),
    ],
)
def test_libraries_are_met_where_they_belong(library, places):
    found = {module for module in MODULES if library in foreign(imports(module, lazy=True))}
    assert {module for module in found if not any(within(module, place) for place in places)} == set()


def within(module: str, place: str) -> bool:
    return f"{module}.".startswith(f"resnet_demo.{place}.")


def test_torch_is_not_needed_for_words_and_paths():
    for module in MODULES:
        if part(module) in TORCHLESS:
            assert "torch" not in foreign(imports(module, lazy=True)), module


def test_nothing_heavy_is_imported_at_start_up():
    # What `import resnet_demo`, `resnet-demo` and `python app.py` import, module by module, before any function runs.
    todo = [name for name in ("resnet_demo", "resnet_demo.cli", "resnet_demo.ui", "app") if name in MODULES]
    started: set[str] = set()
    while todo:
        module = todo.pop()
        if module not in started:
            started.add(module)
            todo.extend(ours(imports(module, lazy=False)))
            heavy = HEAVY & foreign(imports(module, lazy=False))
            assert not heavy, f"{module} imports {heavy} at start-up"
    assert "resnet_demo.ui.session" in started  # the walk walks


def test_importing_the_package_loads_nothing_heavy():
    code = f"import sys, resnet_demo; print(*sorted({HEAVY | {'gradio', 'pandas', 'torch'}!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


# The public surface


def test_the_public_names_are_the_documented_ones():
    documented = "ResNet, ResNetConfig, build, load, save, save_to_hub, wrap, classify, trace_blocks, grad_cam, train, "
    documented += "evaluate, attribute, cut, experiment, lens, lesion, paths_exact, probes, trace_many, unfold"
    assert sorted(resnet_demo.__all__) == sorted(documented.split(", "))
    for name in resnet_demo.__all__:
        assert callable(getattr(resnet_demo, name))
        assert (getattr(resnet_demo, name).__doc__ or "").strip(), f"{name} has no docstring"


def test_every_module_can_be_imported_on_its_own():
    for module in MODULES:
        if not module.endswith("__main__") and module != "app":
            importlib.import_module(module)


# What must be installed


def section(name: str) -> list[str]:
    """A list of strings from pyproject.toml (Python 3.10 has no tomllib)."""
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(rf"^{name} = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)
    assert found
    return re.findall(r'"([^"]+)"', found[1])


def test_requirements_for_spaces_equal_the_dependencies():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    stated = [line.split("#")[0].strip() for line in lines]
    assert sorted(filter(None, stated)) == sorted(section("dependencies"))


def test_every_library_that_is_imported_is_a_dependency():
    names = {"PIL": "pillow", "yaml": "pyyaml"}
    stated = {re.split(r"[<>=!~\[; ]", line)[0] for line in section("dependencies")}
    for module in MODULES:
        used = foreign(imports(module, lazy=True)) - set(sys.stdlib_module_names)
        # Hugging Face's machines have the first, gradio brings the next eight and pydantic one, a bench in a browser
        # asks for playwright, and extras bring the others.
        optional = {"spaces", "gradio_client", "httpx", "fastapi", "pandas", "huggingface_hub", "uvicorn", "anyio"}
        optional |= {"brotli", "typing_extensions", "playwright", "pillow_heif", "prometheus_client", "mcp"}
        assert {names.get(name, name) for name in used} - optional <= stated, module


@pytest.mark.parametrize("python", ["3.10", "3.13"])
def test_the_lower_bounds_resolve(python, tmp_path):
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("uv is not installed; it comes with the extra `test`")
    command = [uv, "pip", "compile", "pyproject.toml", "--resolution", "lowest-direct", "--python-version", python]
    done = subprocess.run(
        [*command, "--quiet", "--output-file", str(tmp_path / "lowest.txt")],
        cwd=ROOT,
        env={**os.environ, "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(tmp_path / "cache"))},
        capture_output=True,
        text=True,
    )
    if re.search(r"dns error|Failed to fetch|error sending request|client error \(Connect\)", done.stderr):
        pytest.skip("the package index cannot be reached")
    assert done.returncode == 0, done.stderr
    pinned = (tmp_path / "lowest.txt").read_text()
    for requirement in section("dependencies"):  # and the bounds are really the lowest of what was resolved
        name, bound = re.split(r">=", requirement.split(",")[0])
        found = re.search(rf"^{name}==([\d.]+)", pinned, re.MULTILINE)
        assert found, f"{name} is not among what was resolved"
        assert found[1].split(".")[: bound.count(".") + 1] == bound.split("."), requirement
