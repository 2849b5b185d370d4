"""`experiment`: intervene in networks, and count what breaks."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import console
from ..errors import InputError
from ..lab import EXPERIMENTS
from ..models.names import names as networks
from .shell import DATA, DataDir, Epoch, Json, Plain, as_typed, data_sets, tell, tell_notes
from .shell import network as network_of

if TYPE_CHECKING:
    from ..data import Dataset
    from ..models.resnet import ResNet

MOST_SEED = 2**32 - 1
LESSON = 2  # epochs: enough for resnet20 to tell shapes apart


def experiment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=f"Which one: {', '.join(list(EXPERIMENTS)[:-1])} or {list(EXPERIMENTS)[-1]}. Or all of them: all.",
            autocompletion=lambda: [*EXPERIMENTS, "all"],
        ),
    ],
    model: Annotated[
        list[str] | None,
        typer.Option(
            help="A network or a checkpoint file; may be given several times.",
            show_default="resnet20",
            autocompletion=networks,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help=DATA, show_default="cifar10, but shapes for localise", autocompletion=data_sets),
    ] = None,
    data_dir: DataDir = None,
    pictures: Annotated[int | None, typer.Option(min=1, help="How many test pictures; else a minute's.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="The seed of what is drawn at random.")] = 0,
    epoch: Epoch = None,
    plain: Plain = None,
    seeds: Annotated[
        bool, typer.Option("--seeds", help="Beside each network, its bundled trainings from other seeds.")
    ] = False,
    seed_pictures: Annotated[
        int | None, typer.Option(min=1, help="How many test pictures these are measured on; else as many.")
    ] = None,
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
    from .. import lab
    from ..data import load_dataset
    from ..files import check_writable, write_atomically
    from ..lab import results
    from ..models.predict import domain_of
    from ..training.evaluation import in_order

    if seeds and epoch is not None:
        raise InputError("Only one training of a network has snapshots: --seeds and --epoch do not go together.")
    if seed_pictures is not None and not seeds:
        raise InputError("--seed-pictures is about --seeds: how many pictures the other trainings are measured on.")
    names = tuple(EXPERIMENTS) if name == "all" else (name,)
    if out:
        check_writable(out / f"{names[0]}.json")
    lab.get(names[0])  # an unknown name is reported before anything is read or downloaded
    models, load_once, found = list(model or ["resnet20"]), functools.lru_cache(load_dataset), []

    def measured(each: str) -> Any:
        place = data or lab.get(each).data
        subjects = _subjects(each, models, epoch, plain)
        size = max((domain_of(network).resize for network in subjects.values() if network), default=32)
        dataset = load_once(place, False, data_dir, size=size)
        lab.get(each).check(dataset)
        tell_notes([dataset])
        for network in filter(None, subjects.values()):
            tell(in_order(network, dataset))
        file = out and out / f"{each}.json"
        known = results.read(file) if file and resume else None
        there = known.apart() if known else (None, None)
        others = _trainings(each, subjects) if seeds else {}
        counts = pictures, seed_pictures or pictures
        groups = subjects, others
        if known and all(
            not group or results.would_be_the_same(part, each, group, dataset, count, seed)
            for group, part, count in zip(groups, there, counts, strict=True)
        ):
            return known
        taught = [title for title, network in subjects.items() if network is None]
        networks = {
            title: network or _taught(title, load_once(place, True, data_dir, size=size), dataset, seed)
            for title, network in subjects.items()
        }
        training = load_once(place, True, data_dir, size=size) if lab.get(each).fits_on else None
        told = functools.partial(_progress, each)
        result = results.measure(each, networks, dataset, counts[0], seed, told, there[0], training)
        if others:
            result = result.beside(results.measure(each, others, dataset, counts[1], seed, told, there[1], training))
        console.progress(f"{each}: {sum(result.provenance.seconds.values()):.1f} s", True)
        settings = {"--model": models, "--data": Path(place), "--data-dir": data_dir}
        settings |= {"--pictures": pictures, "--seed": seed, "--epoch": epoch, "--seed-pictures": seed_pictures}
        lesson = f"{', '.join(taught)}: {LESSON} epochs" if taught else None
        result = result.told_by(as_typed(f"experiment {each}", settings, ["--seeds"] * seeds), lesson)
        if file:
            write_atomically(file, (console.dumps(results.rounded(results.as_json(result)), indent=1) + "\n").encode())
        return result

    refused: list[InputError] = []
    for each in names:
        try:
            found.append(measured(each))
        except InputError as error:
            if name != "all":
                raise
            refused.append(error)
            typer.echo(f"{each} is left out: {error}", err=True)
    if not found:
        raise refused[0]
    values = [results.as_json(result) for result in found]
    return values if name == "all" else values[0], "\n\n".join(
        console.experiment(result.question, *results.table(results.everything(result))) for result in found
    )


def _subjects(
    experiment: str, models: Sequence[str], epoch: int | None, plain: bool | None
) -> dict[str, ResNet | None]:
    """The networks to be compared, by name; None for one that has still to be trained on the experiment's pictures.

    After an `epoch` of their training they are compared with their twins after the same one.
    """
    from .. import lab
    from ..models import zoo

    subjects: dict[str, ResNet | None] = {}
    for title in models:
        twin = zoo.twin(title)
        if lab.get(experiment).masks and not zoo.is_file(title):
            zoo.network(title)  # an unknown name is reported before anything is read
            if epoch is not None:
                raise InputError("{name} is trained anew for this experiment: there is no epoch to choose.", name=title)
            subjects |= dict.fromkeys(filter(None, (title, twin)))
            continue
        subjects[title] = network_of(title, epoch, plain if zoo.is_file(title) else None)
        if twin and zoo.bundled_weights(twin) and (epoch is None or epoch in zoo.epochs(twin)):
            subjects[twin] = zoo.load(twin, epoch=epoch)
    return subjects


def _trainings(experiment: str, subjects: Mapping[str, ResNet | None]) -> dict[str, ResNet]:
    """The bundled trainings of these networks from other seeds, "resnet56-seed1".

    None where an experiment has no measures to compare them by: it asks fresh networks, or takes other seeds by itself.
    """
    from .. import lab
    from ..models import zoo

    chosen = lab.get(experiment)
    if not chosen.measures:
        return {}
    found = {
        zoo.training_name(title, seed): zoo.load(title, seed)
        for title in chosen.concerned({title: network for title, network in subjects.items() if network})
        if not zoo.is_file(title)
        for seed in zoo.bundled_seeds(title)[1:]
    }
    if not found:
        raise InputError("No training from another seed comes with {models:and}.", models=list(subjects))
    return found


def _progress(experiment: str, network: str, done: float) -> None:
    console.progress(f"{experiment}, {network}: {console.percent(done)}", False)


def _taught(name: str, train_set: Dataset, test_set: Dataset, seed: int) -> ResNet:
    """A network of the zoo, trained on a data set here and now."""
    from ..models.zoo import build
    from ..training.trainer import Training

    typer.echo(
        f"The zoo has no {name} that learned {train_set.name}: one is trained first, for {LESSON} epochs.", err=True
    )
    network = build(name, seed, len(train_set.classes))
    for record in Training(network, train_set, test_set, epochs=LESSON, seed=seed, tell_every=2.0).run():
        console.progress(f"{name}: {console.record(record)}", record.test_accuracy is not None)
    return network.eval().requires_grad_(False)
