"""`train`: the options, what is trained by them, and what is written down of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import console
from ..errors import InputError
from ..models.names import names as networks
from ..training.recipes import RECIPES
from .shell import DATA, DataDir, Json, as_typed, data_sets, tell, tell_notes

if TYPE_CHECKING:
    from ..training.provenance import Settings
    from ..training.trainer import Training

LEAST_EPOCHS = 10  # of a training on a person's own pictures, where nobody says how long
MOST_THREADS = 1024  # PyTorch ends the process where it cannot start as many as it is asked for


def train(
    out: Annotated[Path, typer.Option(help="The weights to write (.safetensors); their history goes beside them.")],
    model: Annotated[
        str | None, typer.Option(help="A network of the zoo.", show_default="resnet20", autocompletion=networks)
    ] = None,
    data: Annotated[str | None, typer.Option(help=DATA, show_default="cifar10", autocompletion=data_sets)] = None,
    data_dir: DataDir = None,
    epochs: Annotated[int | None, typer.Option(help="Train for this many epochs, …")] = None,
    minutes: Annotated[float | None, typer.Option(help="… or for this many minutes.")] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="fast, paper or textbook.",
            show_default="fast",
            autocompletion=lambda: list(RECIPES),
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, max=2**31 - 1, show_default="0", help="Fixes the first weights and the order of pictures."),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Repeat the training of these weights (or of the .json beside them)."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue this training where it was interrupted.")] = False,
    compile: Annotated[
        bool | None,
        typer.Option(
            "--compile/--no-compile",
            help="Compile first: two minutes or more, won back by runs of half an hour on a processor.",
            show_default="on a GPU",
        ),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_THREADS, help="Processor cores to use; else all, shared by torchrun's processes."),
    ] = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Train a network, and write its weights with a record of how they were made.

    On a GPU it trains compiled and in bfloat16. Started by torchrun it trains in several processes, on one machine or
    more: torchrun --nproc-per-node=2 -m resnet_demo train …
    """
    import torch

    from ..data import load_halves
    from ..data.small import coarse_test, few_steps
    from ..models.zoo import build
    from ..training import distributed
    from ..training.evaluation import evaluate
    from ..training.provenance import provenance
    from ..training.trainer import Training

    given = {"--model": model, "--data": data, "--epochs": epochs, "--minutes": minutes}
    given |= {"--recipe": recipe, "--seed": seed}
    settings = _settings(replay, given, threads, compile)
    _check(settings, out)  # what is impossible is reported before anything is read or downloaded
    place, checkpoint = data or settings.dataset, out.with_suffix(".resume.pt")
    with distributed.together():
        first = distributed.rank() == 0  # this process writes and tells, the others help
        if settings.threads:
            torch.set_num_threads(settings.threads)
        train_set, test_set = distributed.from_first(lambda: load_halves(place, data_dir))
        if first:
            tell_notes([train_set, test_set])
        if settings.epochs is None and settings.minutes is None:
            settings = _with_budget(settings, len(train_set), tell=first)
        if first and settings.epochs:
            tell(few_steps(len(train_set), settings.epochs, settings.recipe.batch))
        if first:
            tell(coarse_test(len(test_set)))
        network = build(settings.network, settings.seed, len(train_set.classes))
        training = Training(
            network,
            train_set,
            test_set,
            settings.recipe,
            epochs=settings.epochs,
            minutes=settings.minutes,
            schedule=settings.schedule,
            in_short=settings.in_short,
            seed=settings.seed,
            compile=settings.compiled,
            half=settings.half,
            tell_every=2.0,  # seconds: whoever reads a shell is in less of a hurry than who watches curves
        )
        if first and training.compile:
            console.progress("The network is compiled first, which takes a minute or two.", True)
        for record in training.run(checkpoint, resume):
            if first:
                console.progress(console.record(record), record.test_accuracy is not None)
        # There is no test where nothing was left to resume.
        test = training.test or evaluate(network, training.last_test_set)
        story = provenance(settings.network, training, test)
    if not first:
        raise typer.Exit
    place_and_threads = {"--data-dir": data_dir, "--threads": settings.threads, "--out": out}
    command = _as_typed(settings, training, replay, data, compile, place_and_threads)
    network.provenance = {"origin": "trained by resnet-demo train", "command": command, **story}
    _write(training, out)
    checkpoint.unlink(missing_ok=True)
    last = training.history[-1]
    result = {"model": settings.network, "data": place, "accuracy": test.accuracy, "loss": test.loss}
    result |= {"seconds": last.seconds, "epochs": last.epoch, "images": last.images}
    result |= {"images_per_second": last.images_per_second, "weights": str(out)}
    result |= {"schedule": story["schedule"], "history": story["history"]}
    return result, console.train(result, test.n)


def _settings(replay: Path | None, given: dict[str, Any], threads: int | None, compile: bool | None) -> Settings:
    """What is asked for: by the options, or by the training that is to be repeated."""
    from dataclasses import replace

    from ..training.provenance import Settings
    from ..training.recipes import recipe_of

    if replay:
        told = _replayed(replay, given)
        return replace(told, threads=threads or told.threads, compiled=told.compiled if compile is None else compile)
    return Settings(
        network=given["--model"] or "resnet20",
        dataset=given["--data"] or "cifar10",
        recipe=recipe_of(given["--recipe"] or "fast", given["--minutes"]),
        seed=given["--seed"] or 0,
        epochs=given["--epochs"],
        minutes=given["--minutes"],
        threads=threads,
        compiled=compile,
    )


def _replayed(path: Path, given: dict[str, Any]) -> Settings:
    """The settings of the training to repeat; InputError where the options that were `given` say something else."""
    from ..data import DATASETS
    from ..training.provenance import settings_of
    from ..training.recipes import current_name

    settings = settings_of(path)
    # Of a folder or zip the name is known, not the place.
    place = Path(given["--data"] or settings.dataset).resolve()
    told = {
        "--model": settings.network,
        "--data": given["--data"] if settings.dataset in (place.name, place.stem) else settings.dataset,
        "--epochs": settings.epochs,
        "--minutes": settings.minutes,
        "--recipe": current_name(settings.recipe.name),
        "--seed": settings.seed,
    }
    for option, value in given.items():
        if value is not None and (current_name(value) if option == "--recipe" else value) != told[option]:
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


def _with_budget(settings: Settings, pictures: int, tell: bool) -> Settings:
    """Long enough a training for a person's own pictures, however few."""
    from dataclasses import replace

    from ..data.small import chosen_epochs, enough_epochs

    batch = settings.recipe.batch
    epochs = max(LEAST_EPOCHS, enough_epochs(pictures, batch))
    if tell:
        typer.echo(str(chosen_epochs(pictures, epochs, batch)), err=True)
    return replace(settings, epochs=epochs)


def _check(settings: Settings, out: Path) -> None:
    """Raise InputError for what can be seen to be impossible before any picture is read."""
    from ..files import check_writable
    from ..models.zoo import network
    from ..training.budget import pace_of

    network(settings.network)
    if out.suffix != ".safetensors":
        raise InputError("The weights are written as .safetensors, not as {file}.", file=out.name)
    check_writable(out)
    if settings.epochs is None and settings.minutes is None and _own_pictures(settings.dataset):
        return  # how many there are decides
    if (settings.epochs is None) == (settings.minutes is None):
        raise InputError("Training needs a budget: either --epochs or --minutes.")
    # How many steps an epoch has, the pictures tell later.
    pace_of(settings.epochs, settings.minutes, settings.schedule, steps_per_epoch=1)


def _own_pictures(dataset: str) -> bool:
    from ..data import DATASETS

    return dataset not in (*DATASETS, "shapes") and Path(dataset).exists()


def _as_typed(
    settings: Settings,
    training: Training,
    replay: Path | None,
    data: str | None,
    compile: bool | None,
    rest: dict[str, Any],
) -> str:
    """The command that trains the same weights: without --resume, since that ends at the same ones."""
    flags = ["--compile"] if training.compile else ["--no-compile"] if compile is False else []
    if replay:
        options = {"--replay": replay, "--data": data and Path(data), **rest}
    else:
        options = {
            "--model": settings.network,
            "--data": Path(settings.dataset),
            "--data-dir": rest["--data-dir"],
            "--epochs": settings.epochs,
            "--minutes": settings.minutes,
            "--threads": rest["--threads"],
            "--recipe": training.recipe.name,
            "--seed": settings.seed,
            "--out": rest["--out"],
        }
    return as_typed("train", options, flags)


def _write(training: Training, out: Path) -> None:
    """The weights, and beside them what is known of their training."""
    from ..files import write_atomically
    from ..models.weights import save

    save(training.model, out)
    story = console.dumps(training.model.provenance, indent=1) + "\n"
    write_atomically(out.with_suffix(".json"), story.encode())
