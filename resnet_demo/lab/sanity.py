"""Do attribution maps depend on what the network has learned?

Replace the weights by random ones, from the classifier downwards, block by block, each on top of those before. A map
that explains the network must change. Some hardly do: they show the edges of the picture, whatever the network. One
compares them with the trained network's maps: Spearman's rank correlation over the places, of absolute values, so that
1 is the same order of places and 0 nothing in common.

Adebayo, Gilmer, Muelly, Goodfellow, Hardt, Kim: Sanity Checks for Saliency Maps, NeurIPS 2018, figures 2 to 4.
"""

from __future__ import annotations

import copy
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from ..data import Dataset
from ..i18n import Message, Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.budget import SEEDS
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import block_names
from .maps import attribution_maps, ends_of_stages
from .ranks import spearman
from .reading import both, in_sentence

TRAINED = "as trained"


def cascade(model: ResNet, seed: int) -> Iterator[tuple[str, ResNet]]:
    """A network while it forgets: as trained, without its classifier, its last block, …, its stem, with their names.

    What is replaced gets the weights and batch-norm statistics of a fresh network, and stays so. It is one network, a
    copy of the model's, that is yielded again and again; in the end it is the fresh network.
    """
    # Fresh from a seed that no training has: the network's own would give it back the weights that it started from.
    network, fresh = copy.deepcopy(model), ResNet(model.config, SEEDS + seed)
    yield TRAINED, network
    for name in ("fc", *reversed(block_names(model)), "stem"):
        network.get_submodule(name).load_state_dict(fresh.get_submodule(name).state_dict())
        yield name, network


def similarity(
    model: ResNet,
    inputs: Tensor,
    targets: Tensor,
    seed: int = 0,
    progress: Progress = lambda done: None,
) -> dict[str, dict[str, float]]:
    """Mean rank correlation with the trained network's map, by method, by what was randomised last.

    Inputs [N, 3, H, W], targets int64 [N]: the classes that the maps are for. Methods are those of `attribution_maps`,
    Grad-CAM in the last block and in that of the stage before. A map that is the same everywhere, such as a Grad-CAM
    without any positive evidence, has no order of places: pictures of which the trained network makes such a map are
    left out, and such a map of a randomised network has nothing in common with the trained one's.
    """
    blocks, found = ends_of_stages(model)[-2:], {}
    trained: dict[str, Tensor] = {}
    steps = len(block_names(model)) + 3
    for number, (step, network) in enumerate(cascade(model, seed), start=1):
        maps = attribution_maps(network, inputs, targets, blocks)
        trained = trained or maps
        for name in maps:
            pairs = zip(trained[name], maps[name], strict=True)
            alike = [spearman(one, other) or 0.0 for one, other in pairs if one.min() < one.max()]
            found.setdefault(name, {})[step] = statistics.fmean(alike) if alike else 0.0
        progress(number / steps)
    return found


@dataclass(frozen=True)
class Report:
    """Rank correlations with the trained network's maps, by method."""

    n: int
    left_below: Mapping[str, float]  # without the last stage
    left: Mapping[str, float]  # in the end
    similarity: Mapping[str, Mapping[str, float]]  # and by what was randomised last


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """The similarity of the maps for each picture's label; what is left without the last stage, and in the end."""
    inputs = domain_of(model).normalise(dataset.pictures)
    found = similarity(model, inputs, dataset.labels, seed, progress)
    last_stage = block_names(model)[-1].split(".")[0]
    return Report(
        n=len(dataset),
        left_below={name: steps[f"{last_stage}.0"] for name, steps in found.items()},
        left={name: steps["stem"] for name, steps in found.items()},
        similarity=found,
    )


def keeping(reports: Mapping[str, Report]) -> dict[str, list[str]]:
    """Of which methods more than half of the correlation is left with a random last stage, and in which networks."""
    kept: dict[str, list[str]] = {}
    for side in both(reports):
        for name, left in side.report.left_below.items():
            if left > 0.5:
                kept.setdefault(name, []).append(side.title)
    return dict(sorted(kept.items()))


def _left(report: Report, method: str) -> float | None:
    """What is left of a method's maps without the last stage; of several blocks', those of the last one."""
    return next((left for name, left in reversed([*report.left_below.items()]) if name.startswith(method)), None)


def read(reports: Mapping[str, Report]) -> Sentences:
    said: list[Message] = []
    for side in both(reports):
        left = [
            _("{method} {below:.2f} and {end:.2f}", method=in_sentence(name), below=below, end=side.report.left[name])
            for name, below in side.report.left_below.items()
        ]
        said.append(
            _(
                "Correlation that is left with the last stage of {network} random, and with all of it: {left:and}.",
                network=side.title,
                left=left,
            )
        )
    methods = [
        _("{method} ({networks:and})", method=in_sentence(name), networks=networks)
        for name, networks in keeping(reports).items()
    ]
    said.append(
        _(
            "Without the last stage more than half is left for {methods:and}: what the network learned there hardly "
            "shows.",
            methods=methods,
        )
        if methods
        else _("Without the last stage no map keeps more than half: all of them depend on what was learned there.")
    )
    return sentences(*said)


EXPERIMENT = Experiment(
    name="sanity",
    asks=first_line(__doc__),
    title=_("Do maps notice random weights?"),
    question=_(
        "Replace the trained weights by random ones, from the classifier down, block by block. A map that explains the "
        "network must change with it. One that stays the same shows the picture, not the network."
    ),
    look_for=_("curves that fall. One that stays up belongs to a method that does not look at the network."),
    source=_("Adebayo et al. 2018, figures 2 to 4"),
    group="maps",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Left of Grad-CAM without the last stage"), lambda report: _left(report, "Grad-CAM")),
        Measure(_("Left of guided backprop without the last stage"), lambda report: _left(report, "guided backprop")),
    ),
    pictures=30,
    anew=True,
)
