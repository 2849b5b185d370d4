"""What all commands share: one sentence and an exit status for whatever goes wrong, `--json`, and common options."""

from __future__ import annotations

import functools
import os
import shlex
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from .. import console
from ..errors import InputError
from ..models.names import names

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..data import Dataset
    from ..models.resnet import ResNet

# Libraries are imported inside the commands, so that `--help` and complaints about usage come at once.


class Group(TyperGroup):
    """Turns whatever goes wrong below into one sentence and an exit status."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)  # in the order in which they were registered

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        args = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            # Not standalone: click then raises what it would print as a paragraph, and returns the status of an Exit.
            status = super().main(args, **{**options, "standalone_mode": False}) or 0
            if status == 130:  # so new versions of typer report Ctrl-C; older ones raise Abort
                raise KeyboardInterrupt
            sys.exit(status)
        except InputError as error:
            _fail(console.printable(str(error)), 2)
        except (KeyboardInterrupt, typer.Abort):
            _fail("Interrupted.", 130)
        except FloatingPointError as error:
            _fail(str(error), 1)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror or str(error) or type(error).__name__}.", 1)
        except Exception as error:
            if hasattr(error, "format_message"):  # click's own; typer carries click along under changing names
                _fail(error.format_message(), getattr(error, "exit_code", 2))  # pyright: ignore
            _fail(f"{type(error).__name__}: {error}", 1)


def _fail(message: str, status: int) -> NoReturn:
    if int(os.environ.get("RANK", 0)) > 0:
        time.sleep(5)  # what all of torchrun's processes meet, the first one tells; then torchrun ends the others
    console.progress.close()
    if os.environ.get("RESNET_DEMO_DEBUG", "0") != "0":
        traceback.print_exc()
    typer.echo(console.sentence(message), err=True)
    sys.exit(status)


def command(app: typer.Typer, function: Callable[..., tuple[Any, str]]) -> None:
    """Register a command that returns (the value for `--json`, the text for people), and print one of the two."""

    @app.command()
    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        console.screen[:] = [sys.stdout]
        try:
            with redirect_stdout(sys.stderr):  # a library that prints must not spoil the JSON
                value, text = function(**arguments)
        finally:
            console.screen.clear()
            console.progress.close()
        typer.echo(console.dumps(value) if arguments["as_json"] else text)


# Options

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout and nothing else.")]
Model = Annotated[str, typer.Option(help="A network of the zoo, or a checkpoint file.", autocompletion=names)]
Epoch = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="The network as it was after this epoch of its training; 0: before it. `models --json` lists them.",
        show_default="the end",
    ),
]
Plain = Annotated[
    bool | None,
    typer.Option(
        "--plain/--residual", help="Of a checkpoint file: it has no shortcuts, or has.", show_default="found out"
    ),
]
Averaged = Annotated[bool, typer.Option("--averaged", help="Of a checkpoint file: the averaged weights (EMA) in it.")]
Labels = Annotated[
    Path | None,
    typer.Option(help="The classes' names in the order of the outputs: a text file, one in a line, or JSON."),
]


def data_sets() -> list[str]:
    """For completion, which waits for no torch."""
    return ["cifar10", "cifar100", "fashion-mnist", "shapes"]


DATA = f"A data set: {', '.join(data_sets())}, or a folder or zip of class folders."
Data = Annotated[str, typer.Option(help=DATA, autocompletion=data_sets)]
DataDir = Annotated[Path | None, typer.Option(help="The folder where data sets are, or are downloaded to.")]


# Helpers


def network(
    model: str,
    epoch: int | None = None,
    plain: bool | None = None,
    averaged: bool = False,
    labels: Path | None = None,
) -> ResNet:
    """The network that the options name; what is to be known of it is told on stderr."""
    from ..models import zoo
    from ..models.predict import check_names, named

    if labels and zoo.is_file(model):
        read_labels(labels)  # what is wrong with the names is told before a network is loaded, or downloaded
    elif labels:
        outputs = zoo.network(model).config.outputs
        check_names(read_labels(labels, outputs), outputs)
    fetch(model)
    found = zoo.load(model, epoch=epoch, plain=plain, **({"averaged": True} if averaged else {}))
    if found.note:
        typer.echo(str(found.note), err=True)
    return named(found, read_labels(labels, found.config.outputs)) if labels else found


def fetch(model: str) -> None:
    """Download the ImageNet weights of a network that is named, if they are not on this computer; with a bar."""
    from ..models import published, zoo

    if zoo.is_file(model) or model not in published.NAMES or zoo.bundled_weights(model):
        return
    if not published.weights_of(model).sound:
        tell(published.announced(model))
        with console.downloading(model) as told:
            published.fetch(model, told)


def read_labels(path: Path, count: int | None = None) -> list[str]:
    """Classes' names from a file, as `models.labels` reads them; `count` are wanted."""
    from ..models.labels import MOST, parse_labels

    if not os.path.isfile(path):
        raise InputError("There is no file {path}.", path=path)
    try:
        return parse_labels(path.read_bytes()[:MOST].decode("utf-8-sig"), count)
    except (InputError, UnicodeDecodeError):
        raise InputError(
            "{file} is not a list of names: one in a line, with commas between them, or as JSON.", file=path.name
        ) from None


def opened(path: Path) -> Image:
    """The picture in a file, or for `-` the one that comes on stdin. An InputError says which one it is about."""
    from ..decoding import MAX_BYTES, name_of
    from ..images import load_image

    try:
        if str(path) == "-":
            return load_image(sys.stdin.buffer.read(MAX_BYTES + 1))
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):  # a pipe: /dev/stdin, <(…)
            with path.open("rb") as pipe:
                return load_image(pipe.read(MAX_BYTES + 1))
        return load_image(path)
    except InputError as error:
        if str(path) == "-":
            raise InputError("{file}: {reason}", file="stdin", reason=error.message) from None
        name = name_of(path)
        if str(name) in str(error):
            raise
        raise InputError("{file}: {reason}", file=name, reason=error.message) from None


def tell(message: object) -> None:
    """On stderr, a sentence, if there is one."""
    if message:
        typer.echo(str(message), err=True)


def tell_notes(datasets: Iterable[Dataset]) -> None:
    """On stderr, what is to be known of data sets, such as which pictures were left out."""
    from ..data import notes_of

    for note in notes_of(*datasets):
        typer.echo(str(note), err=True)


def as_typed(command: str, options: dict[str, Any], flags: Sequence[str] = ()) -> str:
    """The command as one could type it elsewhere: of an absolute path, which means nothing there, the last part."""
    words = ["resnet-demo", *command.split()]
    for name, given in options.items():
        for value in given if isinstance(given, list) else [given]:
            if value is not None:
                absolute = isinstance(value, Path) and value.is_absolute()
                words += [name, value.name if absolute else str(value)]
    return shlex.join([*words, *flags])
