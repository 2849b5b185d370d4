"""What the shell prints: JSON, tables and sentences for each command, and a line of progress."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from .finding import finite

if TYPE_CHECKING:
    from rich.live import Live

    from .training.records import Record


def dumps(value: Any, indent: int | None = None) -> str:
    """JSON, which knows no NaN and no infinity: both become null."""
    return json.dumps(finite(value), allow_nan=False, indent=indent)


def sentence(message: str) -> str:
    """The first line of an error's message, ended as a sentence is."""
    said = " ".join((message.strip().splitlines() or ["It failed."])[0].split())
    return said if said.endswith((".", "?", "!", "…")) else f"{said}."


def fill_streams() -> list[str]:
    """Put the null device in the place of streams that the shell has closed (`<&-`, `2>&-`), and name them.

    Else the next file that is opened would have the number of such a stream, and a library that writes to it would
    write into that file.
    """
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]  # by their numbers
    for name in closed:
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(os.devnull, mode, encoding="utf-8", errors="backslashreplace"))  # noqa: SIM115
    return closed


screen: list[TextIO | None] = []  # where tables will be printed, while stdout is another stream than then


def printable(text: str) -> str:
    """A text with what strangers call their files: line ends and what would steer a terminal are written out."""
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], align: str) -> str:
    """Columns side by side; `align` has one of `<` and `>` for each. In a terminal the header is bold."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, side in zip(header, align, strict=True):
        grid.add_column(Text(name), justify="left" if side == "<" else "right", no_wrap=True)
    for row in rows:
        grid.add_row(*(Text(_cell(value)) for value in row))
    stream = screen[-1] if screen else sys.stdout
    paper, terminal = io.StringIO(), stream is not None and stream.isatty()
    # Nothing is cut off to fit a screen: a line that is too long wraps there, and whoever reads it by program has all.
    Console(file=paper, width=10_000, force_terminal=terminal, color_system="auto" if terminal else None).print(grid)
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines())


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):  # three decimals stand well below each other; what they would hide is written out
        return f"{value:,.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.2e}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def percent(fraction: float | None) -> str | None:
    """0.9162 -> "91.62 %"; what is not quite nothing or not quite all is not rounded to it."""
    if fraction is None:
        return None
    if 0 < fraction < 0.00005:
        return "< 0.01 %"
    return "> 99.99 %" if 0.99995 < fraction < 1 else f"{100 * fraction:.2f} %"


# What the commands answer, each made of the value that it prints with `--json`


def models(zoo: Iterable[Mapping[str, Any]], groups: Mapping[str, object]) -> str:
    """A table for each of the `groups` that has networks, under its title."""
    header = ("network", "depth", "shortcuts", "data set", "parameters", "weights", "test accuracy")
    entries = list(zoo)
    rows = [
        (
            entry["name"],
            entry["depth"],
            "no" if entry["plain"] else "yes",
            entry["dataset"],
            entry["params"],
            _weights(entry),
            percent(entry["test_accuracy"]),
        )
        for entry in entries
    ]
    head, *lines = table(header, rows, "<><<><>").splitlines()  # one width for all groups
    shown = [head]
    for group, title in groups.items():
        here = [line for line, entry in zip(lines, entries, strict=True) if entry["weights"] == group]
        if group == "own":
            here = ["--model FILE (a checkpoint)"]
        shown += ["", str(title), *here] if here else []
    return "\n".join(shown)


def _weights(entry: Mapping[str, Any]) -> str:
    if entry["weights"] != "download":
        return entry["weights"]
    return "downloaded" if entry["downloaded"] else f"download, {entry['megabytes']} MB"


def classify(answers: Iterable[Mapping[str, Any]], notes: Iterable[tuple[list[str], list[str]]]) -> str:
    """`notes`: what stands above and below each answer; that of a network that was not trained is left out."""
    return "\n\n".join(
        "\n".join(
            [
                printable(answer["image"]),
                *above,
                *([_ranked(answer["predictions"])] if answer["trained"] else []),
                *below,
            ]
        )
        for answer, (above, below) in zip(answers, notes, strict=True)
    )


def _ranked(predictions: Iterable[Mapping[str, Any]]) -> str:
    return table(("class", "probability"), ((p["label"], percent(p["probability"])) for p in predictions), "<>")


def inspect(report: Mapping[str, Any], untrained: object, above: Iterable[object] = ()) -> str:
    """`untrained`: what stands in place of the answer of a network that was not trained; `above`: above the answer."""
    columns = ("name", "x_norm", "residual_norm", "shortcut_norm", "total_norm", "output_norm", "ratio", "cosine")
    header = ("block", "|x|", "|F(x)|", "|shortcut|", "|sum|", "|output|", "|F|/|shortcut|", "cosine")
    best = report["predictions"][0]
    answer = f"{best['label']} ({percent(best['probability'])})" if report["trained"] else str(untrained)
    lines = [
        *map(str, above),
        f"{printable(report['image'])}: {answer}",
        f"seen for the class {report['target']['label']}",
        table(header, ([block[column] for column in columns] for block in report["blocks"]), "<>>>>>>>"),
        f"largest |F(x) + shortcut - sum|: {report['identity_error']:.2g}",
        *map(printable, report["files"]),
    ]
    return "\n".join(lines)


def train(result: Mapping[str, Any], tested: int) -> str:
    """`tested`: on how many pictures."""
    return (
        f"{evaluate(result, tested)}\n"
        f"{result['epochs']} epochs in {result['seconds'] / 60:.1f} min, "
        f"{result['images_per_second']:,.0f} pictures/s; weights: {result['weights']}"
    )


def evaluate(result: Mapping[str, Any], tested: int) -> str:
    right = f"{percent(result['accuracy'])} of {tested:,} test pictures right"
    return f"{result['model']} on {result['data']}: {right}, loss {result['loss']:.4f}"


def experiment(question: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A column for each network, a row for each number."""
    return f"{question}\n\n" + table(header, rows, "<" + ">" * (len(header) - 1))


def bench(result: Mapping[str, Any]) -> str:
    figures = ((name, value) for name, value in result.items() if name != "runs")
    return table(("figure", "value"), figures, "<<")


def benches(found: Mapping[str, Any], most: float) -> str:
    """All benchmarks, and how each has changed, if that is known; what became worse by more than `most` is named."""
    known = {change["name"]: change for change in found["changes"] or ()}
    header, rows = ("benchmark", "ratio", "before", "change", "unit"), list[Sequence[object]]()
    for name, result in found["results"].items():
        change = known.get(name)
        rows.append(
            (name, result["ratio"], change and change["before"], change and f"{change['gain']:+.0%}", result["unit"])
        )
    lines = [table(header, rows, "<>>><")]
    lines += [f"{name} was not measured: {reason}" for name, reason in found["failed"].items()]
    if found["changes"] is not None:
        worse = [name for name, change in known.items() if change["gain"] < -most]
        lines.append(f"Worse by more than {most:.0%}: {', '.join(worse)}" if worse else "None is worse than before.")
    return "\n".join(lines)


# Progress


def record(at: Record) -> str:
    """How far a training has come."""
    test = ""
    if at.test_accuracy is not None:
        test = f"   test: loss {at.test_loss:.3f}, {percent(at.test_accuracy)}"
    return (
        f"epoch {at.epoch:3}  step {at.step:6,}  {at.seconds:6.0f} s  {at.images_per_second:6,.0f}/s   "
        f"train: loss {at.train_loss:.3f}, {percent(at.train_accuracy)}{test}"
    )


@contextmanager
def downloading(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for a download: hears how many bytes have arrived, and of how many. None where nobody watches."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    screen = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TimeRemainingColumn()
    shown = Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal, redirect_stdout=False,
        redirect_stderr=False,
    )  # fmt: skip
    with shown:
        task = shown.add_task(title, total=None)
        yield lambda arrived, size: shown.update(task, completed=arrived, total=size or None)


class Progress:
    """A line on stderr that is written over until it is to stay; where nobody watches, only those that stay."""

    def __init__(self) -> None:
        self._live: Live | None = None

    @property
    def open(self) -> bool:
        """Is there a line that is still written over?"""
        return self._live is not None

    def __call__(self, text: str, stays: bool) -> None:
        if stays or not sys.stderr.isatty():
            self.close()
            if stays:
                print(text, file=sys.stderr, flush=True)
            return
        from rich.console import Console
        from rich.live import Live
        from rich.spinner import Spinner
        from rich.text import Text

        if self._live is None:
            # Not redirected: what others print goes where it always goes.
            self._live = Live(
                console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        self._live.update(Spinner("dots", Text(text, overflow="ellipsis", no_wrap=True)))

    def close(self) -> None:
        """Take the line away, if there is one."""
        if self._live is not None:
            self._live.stop()
            self._live = None


progress = Progress()
