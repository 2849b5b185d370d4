"""What is the same for all that the library finds: it can be shown, it can be a table, and it can be a file.

A finding does not know how it is drawn: `notebook.py` does, which stands above all figures. The package, which stands
above everything, puts the two together (`drawn_by`).
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
import webbrowser
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from .errors import InputError
from .files import write_atomically

if TYPE_CHECKING:
    from pandas import DataFrame

Draw: TypeAlias = "Callable[[Any, str | None], str]"  # a finding and a language's code, or None -> HTML

_drawn_by: list[Callable[[], Draw]] = []


def drawn_by(find: Callable[[], Draw]) -> None:
    """Say who draws findings: `find` is called when the first one is shown, and gives the function that draws."""
    _drawn_by[:] = [find]


class Finding(ABC):
    """Something that the library found: a trace, maps, an experiment's numbers, a training."""

    def html(self, language: str | None = None) -> str:
        """The app's own drawing as HTML that needs no script, in the reader's light or dark.

        `language` is "en" or "zh"; None: the one that `notebook.speak` chose, at first English. Raises InputError for
        another one.
        """
        (find,) = _drawn_by
        return find()(self, language)

    def _repr_html_(self) -> str:
        return self.html()  # notebooks ask for it

    def show(self, language: str | None = None) -> None:
        """Show the drawing: below the cell in a notebook, else as a page of its own in the browser. See `html`."""
        show_html(self.html(language))

    def to_dataframe(self) -> DataFrame:
        """The numbers as a table of pandas. Raises InputError where pandas is not installed."""
        try:
            import pandas
        except ImportError:
            raise InputError("A table needs pandas, which is not installed here: pip install pandas.") from None
        return pandas.DataFrame(self._rows())

    def save(self, path: str | Path) -> None:
        """Write all numbers as JSON; what is not finite becomes null. Raises InputError where that cannot be."""
        write_atomically(Path(path), (json.dumps(finite(self._plain()), allow_nan=False, indent=1) + "\n").encode())

    @abstractmethod
    def _rows(self) -> Sequence[Mapping[str, Any]]:
        """The table's rows, each by the columns' names."""

    def _plain(self) -> Any:
        """What is saved."""
        return as_plain(self)


def as_plain(value: Any) -> Any:
    """A record as the dictionaries, lists and numbers that JSON has; `lambda_` is written `lambda`."""
    if is_dataclass(value):
        return {field.name.removesuffix("_"): as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value  # a tensor


def finite(value: Any) -> Any:
    """The same without NaN and infinity, which JSON does not have: both become None."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def in_notebook() -> Any:
    """IPython's module `display` where a notebook is at work, else None. (Who works in one has imported IPython.)"""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    if shell is None or type(shell).__name__ == "TerminalInteractiveShell":
        return None
    return sys.modules.get("IPython.display")


def show_html(html: str) -> None:
    """Show a piece of HTML below the cell, or where there is no notebook as a page in the browser.

    Where no browser can be opened, stderr says where the page is.
    """
    if display := in_notebook():
        display.display(display.HTML(html))
        return
    with tempfile.NamedTemporaryFile(
        "w", suffix=".html", prefix="resnet-demo-", delete=False, encoding="utf-8"
    ) as page:
        head = "<meta charset='utf-8'><meta name='color-scheme' content='light dark'><title>resnet_demo</title>"
        page.write(f"<!doctype html>{head}{html}")
    if not webbrowser.open(Path(page.name).as_uri()):
        print(f"No browser could be opened; the page is {page.name}", file=sys.stderr)
