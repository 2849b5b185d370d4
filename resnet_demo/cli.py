"""The laboratory in a shell: `resnet-demo COMMAND`.

With `--json` a command prints one JSON value on stdout and nothing else; progress and complaints go to stderr. Exit
status: 0 done, 2 for input that cannot be used, 1 for a failure, 130 when interrupted; one sentence, no traceback.
"""

from __future__ import annotations

import functools
import os
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from . import console
from .errors import InputError

if TYPE_CHECKING:
    from .data import Dataset
    from .images import Domain
    from .interpret.trace import Trace
    from .models.resnet import ResNet
    from .training.provenance import Settings

# Libraries are imported inside the commands, so that `--help` and complaints about usage come at once.


class _Group(TyperGroup):
    """Turns whatever goes wrong below into one sentence and an exit status."""

    def main(self, args: Sequence[str] | None = None, **options: Any) -> Any:
        args = list(sys.argv[1:] if args is None else args) or ["--help"]
        try:
            # Not standalone: click then raises what it would print as a paragraph, and returns the status of an Exit.
            status = super().main(args, **{**options, "standalone_mode": False}) or 0
            if status == 130:  # so new versions of typer report Ctrl-C; older ones raise Abort
                raise KeyboardInterrupt
            sys.exit(status)
        except InputError as error:
            _fail(str(error), 2)
        except (KeyboardInterrupt, typer.Abort):
            _fail("Interrupted.", 130)
        except FloatingPointError as error:
            _fail(str(error), 1)
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            _fail(f"{where}{error.strerror or error}.", 1)
        except Exception as error:
            if hasattr(error, "format_message"):  # click's own; typer carries click along under changing names
                _fail(error.format_message(), getattr(error, "exit_code", 2))  # pyright: ignore
            _fail(f"{type(error).__name__}: {error}", 1)


def _fail(message: str, status: int) -> NoReturn:
    if int(os.environ.get("RANK", 0)) > 0:
        time.sleep(5)  # what all of torchrun's processes meet, the first one tells; then torchrun ends the others
    typer.echo("\n" * console.progress.open + console.sentence(message), err=True)
    sys.exit(status)


app = typer.Typer(
    cls=_Group,
    help=__doc__,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _command(function: Callable[..., tuple[Any, str]]) -> None:
    """Register a command that returns (the value for `--json`, the text for people), and print one of the two."""

    @app.command()
    @functools.wraps(function)
    def run(**arguments: Any) -> None:
        with redirect_stdout(sys.stderr):  # a library that prints must not spoil the JSON
            value, text = function(**arguments)
        typer.echo(console.dumps(value) if arguments["as_json"] else text)


# Options that several commands share

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout, nothing else.")]
Model = Annotated[str, typer.Option(help="A network of the zoo, or a checkpoint file.")]
DATA = "A data set: cifar10, cifar100, fashion-mnist, shapes, or a folder or zip of class folders."
Data = Annotated[str, typer.Option(help=DATA)]
LESSON = 2  # epochs: enough for resnet20 to tell shapes apart
DataDir = Annotated[Path | None, typer.Option(help="Where data sets lie, or are downloaded to.")]


# Commands


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 for all.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port; else the first free from 7860.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Open the laboratory in the browser."""
    from . import ui

    ui.launch(host, port, str(data_dir) if data_dir else None)


@_command
def models(as_json: Json = False) -> tuple[Any, str]:
    """List the networks of the zoo."""
    from .models import zoo

    table = zoo.models()
    return table, console.models(table)


@_command
def classify(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures: JPEG, PNG, WebP, GIF or BMP.")],
    model: Model = "resnet20",
    top_k: Annotated[int, typer.Option(help="How many classes to name.")] = 5,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Say what is in pictures."""
    from .models.predict import domain_of, familiarity, rank
    from .models.zoo import load

    network = load(model)
    answers = []
    for path in images:
        logits = network(domain_of(network).to_input(_open(path)))[0]
        ranked = rank(network, logits, top_k)
        answers.append(
            {
                "image": str(path),
                "model": model,
                "predictions": [{"label": p.label, "probability": p.probability} for p in ranked],
                "familiarity": familiarity(network, logits),
            }
        )
    return answers, console.classify(answers)


def _open(path: Path) -> Any:
    from .images import load_image

    try:
        return load_image(path)
    except InputError as error:  # of several pictures, which one?
        if path.name in str(error):
            raise
        raise InputError("{file}: {reason}", file=path.name, reason=error.message) from None


@_command
def inspect(
    image: Annotated[Path, typer.Argument(help="A picture: JPEG, PNG, WebP, GIF or BMP.")],
    model: Model = "resnet20",
    target: Annotated[str | None, typer.Option(help="A class, by name or by index; else the likeliest.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for the figures and the numbers.")] = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure what every block of a network did with a picture."""
    from .interpret.trace import trace_blocks
    from .models.predict import domain_of, rank
    from .models.zoo import load

    network = load(model)
    domain = domain_of(network)
    index = None if target is None else domain.class_index(target)
    trace = trace_blocks(network, domain.to_input(_open(image)), index)
    report = {
        "image": str(image),
        "model": model,
        "target": {"index": trace.target, "label": domain.labels[trace.target]},
        "predictions": [{"label": p.label, "probability": p.probability} for p in rank(network, trace.logits)],
        "blocks": [
            {
                "name": block.name,
                **{f"{point}_norm": norm for point, norm in block.norms.items()},
                "cosine": block.cosine,
                "ratio": block.ratio,
            }
            for block in trace.blocks
        ],
        "identity_error": trace.identity_error,
        "files": [],
    }
    if out:
        _write_figures(out, trace, domain, report)
    return report, console.inspect(report)


def _write_figures(out: Path, trace: Trace, domain: Domain, report: dict[str, Any]) -> None:
    """Every block as its equation and its Grad-CAM over the picture, the curves, and the report, which names them."""
    from PIL import Image

    from .figures import channel_to_show, curves_svg, draw_block, draw_curves, over, png, scale_of
    from .files import write_atomically
    from .interpret.attribution import grad_cam

    picture = domain.to_picture(trace.image)
    magnify = max(1, 256 // picture.width)  # without smoothing: the network's pixels stay visible
    picture = picture.resize((picture.width * magnify, picture.height * magnify), Image.Resampling.NEAREST)
    cams = grad_cam(trace)
    files = {}
    for block in trace.blocks:
        cam = cams[block.name]
        files[out / f"{block.name}.svg"] = draw_block(block, channel_to_show(block)).encode()
        files[out / f"{block.name}.gradcam.png"] = png(over(picture, cam, scale_of(cam)))
    files[out / "curves.svg"] = curves_svg(draw_curves(trace), "The branches of every block, in numbers").encode()
    report["files"] = [str(path) for path in (*files, out / "trace.json")]
    files[out / "trace.json"] = (console.dumps(report, indent=1) + "\n").encode()
    for path, content in files.items():
        write_atomically(path, content)


@_command
def train(
    out: Annotated[Path, typer.Option(help="The weights to write (.safetensors); their history goes beside them.")],
    model: Annotated[str | None, typer.Option(help="A network of the zoo.", show_default="resnet20")] = None,
    data: Annotated[str | None, typer.Option(help=DATA, show_default="cifar10")] = None,
    data_dir: DataDir = None,
    epochs: Annotated[int | None, typer.Option(help="Train so many epochs, …")] = None,
    minutes: Annotated[float | None, typer.Option(help="… or so many minutes.")] = None,
    recipe: Annotated[str | None, typer.Option(help="fast, paper or seed.", show_default="fast")] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, max=2**31 - 1, show_default="0", help="Fixes the weights at the start and the order of the pictures."
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Train once more as these weights (or the .json beside them) were trained."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where this training was interrupted.")] = False,
    compile: Annotated[
        bool | None,
        typer.Option(
            "--compile/--no-compile",
            help="Compile first: a minute or two that long runs win back.",
            show_default="on a GPU",
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Processor cores to use; else all, shared by the processes of torchrun.")
    ] = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Train a network, and write its weights with the story of how they came about.

    On a GPU in bfloat16 and compiled; with several processes where torchrun starts them, on one machine or more:
    torchrun --nproc-per-node=2 -m resnet_demo train …
    """
    import torch

    from .data import load_dataset
    from .files import write_atomically
    from .models.weights import save
    from .models.zoo import build, network
    from .training import distributed
    from .training.budget import pace_of
    from .training.evaluation import evaluate
    from .training.provenance import provenance
    from .training.recipes import recipe_of
    from .training.trainer import Training

    schedule, in_short, asked_to_compile = None, False, compile
    given = {"--model": model, "--data": data, "--epochs": epochs, "--minutes": minutes}
    given |= {"--recipe": recipe, "--seed": seed}
    model, data, how, seed = model or "resnet20", data or "cifar10", recipe or "fast", seed or 0
    if replay:
        told = _replayed(replay, given)
        model, how, seed, schedule, in_short = told.network, told.recipe, told.seed, told.schedule, told.in_short
        epochs, minutes, data = told.epochs, told.minutes, given["--data"] or told.dataset
        threads, compile = threads or told.threads, told.compiled if compile is None else compile
    # What is impossible is told before anything is read or downloaded.
    network(model)
    if out.suffix != ".safetensors":
        raise InputError("The weights are written as .safetensors, not as {file}.", file=out.name)
    if (epochs is None) == (minutes is None):
        raise InputError("Training needs a budget: either --epochs or --minutes.")
    pace_of(epochs, minutes, schedule, steps_per_epoch=1)  # how many there are, the pictures tell later
    recipe_of(how, minutes)
    with distributed.together():
        first = distributed.rank() == 0  # this process writes and tells, the others help
        if threads:
            torch.set_num_threads(threads)
        train_set, test_set = distributed.from_first(
            lambda: (load_dataset(data, True, data_dir), load_dataset(data, False, data_dir))
        )
        if first:
            _tell_notes(train_set, test_set)
        net = build(model, seed, len(train_set.classes))
        training = Training(
            net,
            train_set,
            test_set,
            how,
            epochs=epochs,
            minutes=minutes,
            schedule=schedule,
            in_short=in_short,
            seed=seed,
            compile=compile,
            tell_every=2.0,  # seconds: whoever reads a shell is in less of a hurry than who watches curves
        )
        if first and training.compile:
            console.progress("The network is compiled first: a minute or two.", True)
        checkpoint = out.with_suffix(".resume.pt")
        for record in training.run(checkpoint, resume):
            if first:
                console.progress(console.record(record), record.test_accuracy is not None)
        last = training.history[-1]
        # There is no test where nothing was left to resume.
        test = training.test or evaluate(net, training.last_test_set)
        story = provenance(model, training, test)
    if not first:
        raise typer.Exit
    settings = {"--model": model, "--data": Path(data), "--data-dir": data_dir}
    settings |= {"--epochs": epochs, "--minutes": minutes, "--threads": threads}
    settings |= {"--recipe": training.recipe.name, "--seed": seed, "--out": out}
    if replay:
        place = given["--data"] and Path(given["--data"])
        settings = {"--replay": replay, "--data": place, "--data-dir": data_dir, "--threads": threads, "--out": out}
    flags = ["--compile"] if training.compile else ["--no-compile"] if asked_to_compile is False else []
    # Without --resume: a training that was interrupted ends at the same weights.
    command = _as_typed("train", settings, flags)
    net.provenance = {"origin": "trained by resnet-demo train", "command": command, **story}
    save(net, out)
    write_atomically(out.with_suffix(".json"), (console.dumps(net.provenance, indent=1) + "\n").encode())
    checkpoint.unlink(missing_ok=True)
    result = {
        "model": model,
        "data": data,
        "accuracy": test.accuracy,
        "loss": test.loss,
        "seconds": last.seconds,
        "epochs": last.epoch,
        "images": last.images,
        "images_per_second": last.images_per_second,
        "weights": str(out),
        "schedule": story["schedule"],
        "history": story["history"],
    }
    return result, console.train(result, test.n)


def _replayed(path: Path, given: dict[str, Any]) -> Settings:
    """The settings of the training to repeat; InputError where the options that were `given` say something else."""
    from .data import DATASETS
    from .training.provenance import settings_of

    settings = settings_of(path)
    # Of a folder or zip the name is known, not the place.
    place = Path(given["--data"] or settings.dataset).resolve()
    told = {
        "--model": settings.network,
        "--data": given["--data"] if settings.dataset in (place.name, place.stem) else settings.dataset,
        "--epochs": settings.epochs,
        "--minutes": settings.minutes,
        "--recipe": settings.recipe.name,
        "--seed": settings.seed,
    }
    for option, value in given.items():
        if value is not None and value != told[option]:
            raise InputError(
                "{option} {value} is not how {file} was trained; leave it out to repeat that training.",
                option=option,
                value=value,
                file=path.name,
            )
    if given["--data"] is None and settings.dataset not in (*DATASETS, "shapes") and not place.exists():
        raise InputError(
            "{file} was trained on {dataset}: use --data to say where that folder or zip is.",
            file=path.name,
            dataset=settings.dataset,
        )
    return settings


def _tell_notes(*datasets: Dataset) -> None:
    """On stderr, what is to be known of data sets, such as which pictures were left out."""
    for note in dict.fromkeys(str(dataset.note) for dataset in datasets if dataset.note):
        typer.echo(note, err=True)


def _as_typed(command: str, options: dict[str, Any], flags: Sequence[str] = ()) -> str:
    """The command as one could type it elsewhere: of an absolute path, which means nothing there, the last part."""
    words = ["resnet-demo", *command.split()]
    for name, given in options.items():
        for value in given if isinstance(given, list) else [given]:
            if value is not None:
                absolute = isinstance(value, Path) and value.is_absolute()
                words += [name, value.name if absolute else str(value)]
    return shlex.join([*words, *flags])


@_command
def evaluate(
    model: Model = "resnet20",
    data: Data = "cifar10",
    data_dir: DataDir = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure a network on the test half of a data set."""
    from .data import load_dataset
    from .models.zoo import load
    from .training.evaluation import evaluate as measure

    network, dataset = load(model), load_dataset(data, False, data_dir)
    _tell_notes(dataset)
    result = measure(network, dataset)
    value = {"model": model, "data": data, "accuracy": result.accuracy, "loss": result.loss, "n": result.n}
    return value, console.evaluate(value, result.n)


@_command
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            help="Which one: lesion, lesions, dial, lens, paths, gradients, responses, refinement, shattering, "
            "landscape, sanity, localise or faithful. Or all of them: all."
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(help="A network or a checkpoint file; may be given several times.", show_default="resnet20"),
    ] = None,
    data: Annotated[str | None, typer.Option(help=DATA, show_default="cifar10, but shapes for localise")] = None,
    data_dir: DataDir = None,
    pictures: Annotated[int | None, typer.Option(min=1, help="How many test pictures; else a minute's.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is drawn at random.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A folder: each result is written there, as NAME.json.")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Leave out networks that the folder holds already, with the same weights."),
    ] = False,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Intervene in a network, and beside it in its twin with or without shortcuts, where both are trained.

    For localise, whose pictures show where their objects are, networks of the zoo are trained first.
    """
    from . import lab
    from .data import load_dataset
    from .files import write_atomically
    from .lab import results

    names = lab.NAMES if name == "all" else (name,)
    lab.question(names[0])  # an unknown name is told before anything is read or downloaded
    models, load_once, found = list(model or ["resnet20"]), functools.lru_cache(load_dataset), []
    for each in names:
        place = data or lab.data_for(each)
        subjects = _subjects(each, models)
        dataset = load_once(place, False, data_dir)
        lab.check(each, dataset)
        _tell_notes(dataset)
        file = out and out / f"{each}.json"
        there = results.read(file) if file and resume else None
        if there and results.would_be_the_same(there, each, subjects, dataset, pictures, seed):
            found.append(there)
            continue
        taught = [title for title, network in subjects.items() if network is None]
        networks = {
            title: network or _taught(title, load_once(place, True, data_dir), dataset, seed)
            for title, network in subjects.items()
        }
        result = results.measure(
            each, networks, dataset, pictures, seed,
            lambda title, done, each=each: console.progress(f"{each}, {title}: {console.percent(done)}", False),
            there,
        )  # fmt: skip
        console.progress(f"{each}: {sum(result['provenance']['seconds'].values()):.1f} s", True)
        settings = {"--model": models, "--data": Path(place), "--data-dir": data_dir}
        settings |= {"--pictures": pictures, "--seed": seed}
        told = {"command": _as_typed(f"experiment {each}", settings)}
        told |= {"taught": f"{', '.join(taught)}: {LESSON} epochs"} if taught else {}
        result["provenance"] = told | result["provenance"]
        found.append(result)
        if file:
            write_atomically(file, (console.dumps(results.rounded(result), indent=1) + "\n").encode())
    value = found if name == "all" else found[0]
    return value, "\n\n".join(
        console.experiment(result["question"], *results.table(result["networks"])) for result in found
    )


def _subjects(experiment: str, models: Sequence[str]) -> dict[str, ResNet | None]:
    """The networks to be compared, by name; None for one that has still to be trained on the experiment's pictures."""
    from . import lab
    from .models import zoo
    from .models.weights import SUFFIXES

    subjects: dict[str, ResNet | None] = {}
    for title in models:
        twin = zoo.twin(title)
        if lab.asks_for_masks(experiment) and Path(title).suffix not in SUFFIXES:
            zoo.network(title)  # an unknown name is told before anything is read
            subjects |= dict.fromkeys(filter(None, (title, twin)))
            continue
        subjects[title] = zoo.load(title)
        if twin and zoo.bundled_weights(twin):
            subjects[twin] = zoo.load(twin)
    return subjects


def _taught(name: str, train_set: Dataset, test_set: Dataset, seed: int) -> ResNet:
    """A network of the zoo, trained on a data set here and now."""
    from .models.zoo import build
    from .training.trainer import Training

    typer.echo(
        f"The zoo has no {name} that learned {train_set.name}: one is trained first, for {LESSON} epochs.", err=True
    )
    network = build(name, seed, len(train_set.classes))
    for record in Training(network, train_set, test_set, epochs=LESSON, seed=seed, tell_every=2.0).run():
        console.progress(f"{name}: {console.record(record)}", record.test_accuracy is not None)
    return network.eval().requires_grad_(False)


@_command
def bench(
    name: Annotated[str, typer.Argument(help="Which measurement.")],
    budget: Annotated[
        list[float] | None, typer.Option(help="For `accuracy`: seconds to train; may be given several times.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="For `accuracy`: how many runs of each.")] = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure this laboratory against others, side by side."""
    from . import bench as benches

    if name not in benches.NAMES:
        raise InputError("There is no benchmark {name!r}; there are {known:and}.", name=name, known=benches.NAMES)
    options: dict[str, Any] = {"budgets": tuple(budget)} if budget else {}
    result = benches.run(name, **options, **({"seeds": seeds} if seeds else {}))
    return result, console.bench(result)


def main() -> None:
    """The entry point `resnet-demo`."""
    app()


if __name__ == "__main__":
    main()
