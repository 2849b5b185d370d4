"""What lies outside docs/ and belongs to the site: README and its pictures, CONTRIBUTING, changelog, security, tuning.
And the notebooks, each as a page.

Their links are written for the place where they lie, for GitHub and editors; on the site they lead to pages.
"""

from __future__ import annotations

import ast
import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
PAGES = {  # on the site: in the repository
    "index.md": "README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "security.md": "SECURITY.md",
    "tuning.md": "resnet_demo/bench/tuning.md",
}


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
    return as_on_the_site(markdown)


def as_on_the_site(text: str) -> str:
    """Markdown with its front matter for Spaces left out and its links turned to the site's pages."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    for name, source in PAGES.items():
        text = re.sub(rf"\]\((?:\.\./)?{re.escape(source)}", f"]({name}", text)
    text = re.sub(r"\]\(docs/", "](", text)
    text = re.sub(r"\[([^\]]+)\]\((?:\.\./)*examples/([\w.]+)\)", r"`examples/\2`", text)  # code is no page
    text = re.sub(r"(\]\([\w./-]+)\.ipynb\)", r"\1.md)", text)  # notebooks are pages
    return re.sub(r"\]\((?:\.\./)*(assets/screenshots/)", r"](\1", text)
