"""The laboratory in a shell: `resnet-demo COMMAND`.

With `--json` a command prints one JSON value on stdout and nothing else; progress and complaints go to stderr. Exit
status: 0 done, 2 for input that cannot be used, 1 for a failure, 130 when interrupted; one sentence, no traceback
unless RESNET_DEMO_DEBUG=1.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from .. import console, cores, stopping
from ..errors import InputError
from . import answers, experiments, measurements, networks, pictures, training
from .shell import DataDir, Group, command

app = typer.Typer(
    cls=Group,
    help=__doc__,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},  # of all commands
)


def _version(asked: bool) -> None:
    if asked:
        from .. import __version__

        typer.echo(f"resnet-demo {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port; else the first free from 7860.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Open the laboratory in the browser."""
    stopping.prepare()  # nothing has to be put in order until it answers
    from .. import ui

    ui.launch(host, port, str(data_dir) if data_dir else None)


for each in (
    networks.models,
    pictures.classify,
    pictures.inspect,
    training.train,
    networks.evaluate,
    experiments.experiment,
    networks.unfold,
    measurements.bench,
):
    command(app, each)


@app.command()
def mcp() -> None:
    """Offer the laboratory's tools to a language model's program (MCP), over stdin and stdout."""
    try:
        from . import tools
    except ImportError:
        raise InputError("This command needs the package mcp: pip install 'resnet-demo[mcp]'.") from None
    tools.server().run()


@app.command()
def schema(
    name: Annotated[
        str, typer.Argument(metavar="COMMAND", help="Which command.", autocompletion=lambda: list(answers.ANSWERS))
    ],
) -> None:
    """Print the JSON Schema of what a command answers with `--json`."""
    typer.echo(console.dumps(answers.schema_of(name), indent=1))


def main() -> None:
    """What the entry point runs."""
    closed = console.fill_streams()
    if "stdout" in closed and sys.argv[1:2] != ["serve"]:
        sys.exit("stdout is closed: there is nothing to write the answer to.")
    cores.prepare()  # torch is imported by the commands
    try:
        stopping.prepare(raises=True)  # a training keeps its checkpoint
        app()
    except KeyboardInterrupt:  # just before or after what `Group` looks after
        stopping.end(signal.SIGINT)
