"""What lies outside docs/ and belongs to the site: README and its pictures, CONTRIBUTING, changelog, security, tuning.
And the notebooks, each as a page, and the drawing of the benchmarks.

Their links are written for the place where they lie, for GitHub and editors; on the site they lead to pages.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from resnet_demo.bench import together
from resnet_demo.figures import svg

ROOT = Path(__file__).resolve().parent.parent
PAGES = {  # on the site: in the repository
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "tuning.md": "resnet_demo/bench/tuning.md",
}
BENCHMARKS = "<!-- benchmarks -->"  # where their figures come
FASTER, OVERHEAD = "#1a7f5a", "#b7791f"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for name, source in PAGES.items():
        text = (ROOT / source).read_text("utf-8")
        files.append(File.generated(config, name, content=as_on_the_site(text)))
    for notebook in (ROOT / "docs" / "notebooks").glob("*.ipynb"):
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=page_of(notebook)))
    for picture in (ROOT / "assets" / "screenshots").glob("*.*"):
        files.append(File.generated(config, f"assets/screenshots/{picture.name}", abs_src_path=str(picture)))
    return files


def page_of(notebook: Path) -> str:
    """A notebook as Markdown: text, code, and what the cells print and draw that are tagged `drawn`: they need no data.

    Its badge, a picture from another host, becomes words.
    """
    pieces, names = [], dict[str, Any]()
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            get = f'<a href="../{notebook.name}" download>the notebook</a>'
            pieces.append(re.sub(r"\[!\[(Open in Colab)\]\([^)]*\)\]\(([^)]*)\)", rf"[\1](\2), or get {get}.", text))
        elif not text.startswith("%"):
            pieces.append(f"```python\n{text}\n```")
            if "drawn" in cell["metadata"].get("tags", []):
                pieces += outputs(text, names)
    return "\n\n".join(pieces)


def outputs(code: str, names: dict[str, Any]) -> list[str]:
    """What a notebook would show below a cell: what is printed, and what its last line is, as HTML if it has any."""
    tree, value = ast.parse(code), None
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    words = printed.getvalue()
    if value is not None and not hasattr(value, "_repr_html_"):
        words += f"{value!r}\n"
    found = [f"```text\n{words}```"] if words else []
    if hasattr(value, "_repr_html_"):
        found.append(" ".join(value._repr_html_().split("\n")))  # in one line, which Markdown leaves alone
    return found


def on_page_markdown(markdown: str, **_: object) -> str:
    if BENCHMARKS in markdown:
        markdown = markdown.replace(BENCHMARKS, benchmarks(together.read(ROOT / "docs" / "benchmarks.json")))
    return as_on_the_site(markdown)


def benchmarks(found: dict[str, Any]) -> str:
    """What `bench all` wrote: a drawing of all ratios, on one logarithmic axis, and on what they were measured."""
    ratios = [(name, result) for name, result in found["results"].items() if result.get("ratio")]
    label, width, left, row = "Ratios of all benchmarks", 880, 90, 26
    most = max(1.0, *(abs(math.log10(result["ratio"])) for _name, result in ratios))
    middle = (left + width - 60) / 2 + 30
    drawn = [svg.element("path", d=f"M{middle} 8 v{row * len(ratios) + 4}", stroke="currentColor", opacity=0.5)]
    for number, (name, result) in enumerate(ratios):
        ratio, y = result["ratio"], 12 + row * number
        reach = math.log10(ratio) / most * (width - 60 - middle)
        drawn += [
            svg.text(name, 0, y + 13, font_size=14, fill="currentColor"),
            svg.element(
                "rect", x=min(middle, middle + reach), y=y, width=max(abs(reach), 1), height=row - 8,
                fill=FASTER if together.more_is_better(result) else OVERHEAD,
            ),
            svg.text(
                f"{ratio:.3g}", middle + reach + (6 if reach >= 0 else -6), y + 13, font_size=13, fill="currentColor",
                text_anchor="start" if reach >= 0 else "end",
            ),
        ]  # fmt: skip
    height = row * len(ratios) + 16
    table = "\n".join(f"| `{name}` | {result['ratio']:.3g} | {result['unit']} |" for name, result in ratios)
    machine, versions = found["machine"], found["versions"]
    missing = [f"{name} was not measured: {why}" for name, why in found["failed"].items()]
    return "\n\n".join(
        [
            f"Measured on {found['date']}: {machine['device']}, {machine['cores']} cores, {machine['system']}, Python "
            f"{versions['python']}, torch {versions['torch']}. The line is at 1. Green: how many times faster, further "
            "right is better. Brown: overhead, or the share of a limit, further left is better.",
            svg.document(width, height, label, *drawn, style=f"max-width:{width}px"),
            f"| benchmark | ratio | of what |\n| --- | --- | --- |\n{table}",
            *missing,
        ]
    )


def as_on_the_site(text: str) -> str:
    """Markdown with its front matter for Spaces left out and its links turned to the site's pages."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    for name, source in PAGES.items():
        text = re.sub(rf"\]\((?:\.\./)?{re.escape(source)}", f"]({name}", text)
    text = re.sub(r"\]\(docs/", "](", text)
    text = re.sub(r"\[([^\]]+)\]\((?:\.\./)*examples/([\w.]+)\)", r"`examples/\2`", text)  # code is no page
    text = re.sub(r"(\]\([\w./-]+)\.ipynb\)", r"\1.md)", text)  # notebooks are pages
    return re.sub(r"\]\((?:\.\./)*(assets/screenshots/)", r"](\1", text)
