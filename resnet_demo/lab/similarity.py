"""Which blocks make maps alike, within a network and between it and its twin?

Two sets of features of the same pictures, X [N, D] and Y [N, E], are compared by linear CKA: whether pictures that are
alike in X are alike in Y. It is 1 for X with itself, turned, mirrored, moved or scaled as a whole, and about 0 for what
has nothing in common; an invertible linear map does change it (otherwise any two sets with D, E >= N would be equal).

    CKA(X, Y) = HSIC(X Xᵀ, Y Yᵀ) / sqrt(HSIC(X Xᵀ, X Xᵀ) HSIC(Y Yᵀ, Y Yᵀ))

Kornblith, Norouzi, Lee, Hinton: Similarity of Neural Network Representations Revisited, ICML 2019 (arXiv 1905.00414).

Features are the whole maps, flattened, as there: averaged over their places, two maps that see different things in
different places could not be told apart. But then D is 16,384 in the first stage, far more than there are pictures, and
CKA by the usual estimate of HSIC, from centred Gram matrices, is near 1 even for independent noise, since every picture
is then alike to itself alone. So HSIC is estimated without bias (Song et al. 2012), which leaves out each picture's
likeness to itself. That allows minibatches, too: the mean over them estimates the same number, as Nguyen,
Raghu and Kornblith do (Do Wide and Deep Networks Learn the Same Things?, ICLR 2021). An estimate without bias may come
out slightly below 0 or above 1.

A number for the twins says little alone. Beside it stand the same network from other seeds, where these come with the
package, and a fresh one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..i18n import Message, Sentences, _, sentences
from ..models import zoo
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..training.trainer import SEEDS
from .anew import measured_anew
from .experiment import Experiment, Progress, first_line
from .interventions import block_names, states
from .reading import both, sides

BATCH = 100  # pictures at least, whose maps are in memory at once; of fewer, all
LEAST = 4  # pictures: the estimate divides by n - 3
LAST_THIRD = 1 / 3  # of the blocks
ALIKE = 0.8  # CKA of the maps before the last third and after it, from which on it is said to change little
DIGITS = 4  # of what is reported

# CKA by place, the stem or a block; None where it is not known, as of maps that are the same for all pictures.
ByPlace: TypeAlias = "Mapping[str, float | None]"
Square: TypeAlias = "Mapping[str, tuple[float | None, ...]]"  # of each place with every place, in order


def u_centred(features: Tensor) -> Tensor:
    """The Gram matrix of features [N, ...], without its diagonal and centred for it: float64 [N, N].

    The means of what is left are zero over every row and column, with the divisors that make the estimate unbiased
    (Székely and Rizzo 2014, "U-centering").
    """
    x = features.flatten(1)
    x = x - x.mean(0)  # changes nothing but the rounding
    gram, n = (x @ x.T).double().fill_diagonal_(0), len(x)
    rows = gram.sum(1) / (n - 2)
    return (gram - rows - rows[:, None] + gram.sum() / ((n - 1) * (n - 2))).fill_diagonal_(0)


def hsic(features: Iterable[Tensor]) -> Tensor:
    """HSIC of every two of L sets of features [N, ...] of the same pictures, without bias: [L, L]. N is at least 4.

    The inner product of U-centred Gram matrices is the estimator of Song et al., Feature Selection via Dependence
    Maximization, JMLR 2012.
    """
    centred = [u_centred(x) for x in features]
    rows, n = torch.stack([gram.flatten() for gram in centred]), len(centred[0])
    return rows @ rows.T / (n * (n - 3))


def cka(found: Tensor) -> Tensor:
    """From HSIC [L, L] to CKA [L, L]; not a number where a set's HSIC with itself is not above zero."""
    own = found.diagonal().clamp(min=0).sqrt()
    return found / (own * own[:, None])


@torch.inference_mode()
def between(networks: Sequence[ResNet], dataset: Dataset, progress: Progress = lambda done: None) -> Tensor:
    """CKA of every place in every network with every other: [networks, places, networks, places].

    All networks have as many places. Raises InputError for fewer than `LEAST` pictures.
    """
    if len(dataset) < LEAST:
        raise InputError("Likeness takes at least {least} pictures to be measured.", least=LEAST)
    batches = dataset.pictures.tensor_split(max(1, len(dataset) // BATCH))
    found = []
    for pictures in batches:
        found.append(hsic(maps for network in networks for maps in _maps(network, pictures)))
        progress(len(found) / len(batches))
    places = len(found[0]) // len(networks)
    return cka(torch.stack(found).mean(0)).view(len(networks), places, len(networks), places)


def _maps(network: ResNet, pictures: Tensor) -> Iterator[Tensor]:
    """What leaves the stem and each block, one after the other, since together they would fill the memory."""
    return (maps for _name, maps in states(network, domain_of(network).normalise(pictures)))


def other_seeds(model: ResNet) -> list[ResNet]:
    """The bundled trainings of the same network from other seeds, where the model is one of them; otherwise none."""
    name = zoo.name_of(model.config)
    bundled = [zoo.load(name, seed) for seed in zoo.bundled_seeds(name)]
    others = [network for network in bundled if not _same(network, model)]
    return others if len(others) < len(bundled) else []


def _same(one: ResNet, other: ResNet) -> bool:
    there = other.state_dict()
    return all(torch.equal(tensor, there[name]) for name, tensor in one.state_dict().items())


def fresh(model: ResNet, dataset: Dataset, seed: int) -> ResNet:
    """The same architecture with new weights, and the batch-norm statistics of the first pictures."""
    network = ResNet(model.config, SEEDS + seed)  # a seed that no training has: not what this one began with
    network.domain = model.domain
    inputs = domain_of(model).normalise(dataset.pictures[:BATCH])
    return measured_anew(network, lambda copy: copy(inputs))


@dataclass(frozen=True)
class Likeness:
    """Of two networks."""

    block_by_block: ByPlace
    mean: float | None  # of that
    # If each place is compared with the most alike one of the other network instead: the mean over both networks.
    mean_of_best: float | None


@dataclass(frozen=True)
class Report:
    """CKA over n pictures, within the network and of it with others."""

    n: int
    own: Square
    twin: Square  # this network's places by the twin's; empty where there is none
    twins: tuple[Likeness, ...]  # with the twin: this network, then its other seeds
    seeds: tuple[Likeness, ...]  # each two of its seeds
    untrained: Likeness  # with a fresh network


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress, twin: ResNet | None = None) -> Report:
    """The network with itself, with its twin, with its other seeds where they are bundled, and with a fresh one."""
    trained = [model, *other_seeds(model)]
    count = len(trained)
    found = between([*trained, fresh(model, dataset, seed), *([twin] if twin else [])], dataset, progress)
    names = ["stem", *block_names(model)]

    def square(other: int) -> Square:
        return {name: tuple(map(_known, row)) for name, row in zip(names, found[0, :, other], strict=True)}

    return Report(
        n=len(dataset),
        own=square(0),
        twin=square(count + 1) if twin else {},
        twins=tuple(likeness(found[one, :, count + 1], names) for one in range(count) if twin),
        seeds=tuple(likeness(found[one, :, other], names) for other in range(count) for one in range(other)),
        untrained=likeness(found[0, :, count], names),
    )


def likeness(found: Tensor, names: Sequence[str]) -> Likeness:
    """What two networks with places of these names have in common: CKA [places, places]."""
    diagonal, known = found.diagonal(), found.nan_to_num(-math.inf)
    best = torch.cat([known.amax(0), known.amax(1)])
    return Likeness(
        dict(zip(names, map(_known, diagonal), strict=True)),
        _known(diagonal[diagonal.isfinite()].mean()),
        _known(best[best.isfinite()].mean()),
    )


def _known(value: Tensor) -> float | None:
    return round(value.item(), DIGITS) if value.isfinite() else None


# What follows


def late(own: Square) -> float | None:
    """CKA of what is there after two thirds of the blocks with what is there after the last; None of too few blocks."""
    last = [row[-1] for row in own.values()]
    back = round(LAST_THIRD * (len(last) - 1))
    return last[-1 - back] if back else None


def ends(residual: float, plain: float) -> Literal["plain stops", "residual stops", "both stop", "both go on"]:
    """Which of the twins changes little in its last third, by `late` of each."""
    if min(residual, plain) >= ALIKE:
        return "both stop"
    return "plain stops" if plain >= ALIKE else "residual stops" if residual >= ALIKE else "both go on"


def arrived(twin: Square) -> int:
    """How many blocks at the end of this network are all most alike to the twin's last block."""
    count = 0
    for row in reversed(list(twin.values())[1:]):
        known = [value for value in row if value is not None]
        if not known or row[-1] != max(known):
            break
        count += 1
    return count


def less_alike(twins: Iterable[float | None], seeds: Iterable[float | None]) -> bool:
    """Whether every pair of twins is less alike than every pair of seeds."""
    ours, theirs = ([value for value in values if value is not None] for values in (twins, seeds))
    return bool(ours and theirs) and max(ours) < min(theirs)


def verdict(
    twins: Sequence[Likeness], seeds: Sequence[Likeness]
) -> Literal["less alike", "at other depths", "not less alike"]:
    """Whether twins differ by more than seeds do: block by block, and with the most alike block of the other."""
    if not less_alike((pair.mean for pair in twins), (pair.mean for pair in seeds)):
        return "not less alike"
    best = less_alike((pair.mean_of_best for pair in twins), (pair.mean_of_best for pair in seeds))
    return "less alike" if best else "at other depths"


def average(values: Iterable[float | None]) -> float | None:
    """The mean of those that are known."""
    known = [value for value in values if value is not None]
    return statistics.mean(known) if known else None


ENDS = {
    "plain stops": _(
        "The last third of the plain network changes little, that of the residual one much. Kornblith et al. found "
        "such a plateau in plain networks that are too deep."
    ),
    "residual stops": _("Here it is the last third of the residual network that changes little."),
    "both stop": _("In both networks the last third changes little."),
    "both go on": _("In both networks the last third still changes much."),
}

NOTHING = _("Nothing can be compared: the maps are the same for all pictures.")


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    shown = both(reports)
    said: list[Message] = []
    # Each pair once: both reports begin with that of the two networks themselves.
    twins = [pair for place, side in enumerate(shown) for pair in side.report.twins[place:]]
    seeded = [side for side in shown if side.report.seeds]
    by_seed = _each({side.title: average(pair.mean for pair in side.report.seeds) for side in seeded})
    best_by_seed = _each({side.title: average(pair.mean_of_best for pair in side.report.seeds) for side in seeded})
    untrained = _each({side.title: side.report.untrained.mean for side in shown})
    lates = {side.title: late(side.report.own) for side in shown}
    mean, best = average(pair.mean for pair in twins), average(pair.mean_of_best for pair in twins)
    if mean is not None:
        said.append(_("Block by block the twins’ maps have a CKA of {mean:.2f} on average.", mean=mean))
    if by_seed:
        said.append(
            _("For two trainings of one network from different seeds the mean CKA is: {seeds:and}.", seeds=by_seed)
        )
    if untrained:
        said.append(
            _(
                "For a trained network and a fresh one of the same shape the mean CKA is: {untrained:and}.",
                untrained=untrained,
            )
        )
    if best is not None and by_seed:
        said.append(
            _(
                "Where each block is compared with the most alike one of the other network, twins have {best:.2f}; "
                "between seeds it is: {seeds:and}.",
                best=best,
                seeds=best_by_seed,
            )
        )
        names = [side.title for side in seeded]
        verdicts = {
            "less alike": _(
                "So on average over the blocks the twins are less alike than two seeds of {networks:or}, however the "
                "blocks are paired: the shortcuts change the maps by more than another seed does.",
                networks=names,
            ),
            "at other depths": _(
                "So block by block the twins are less alike than two seeds of {networks:or}, but not where blocks of "
                "other depths may be paired: they make similar maps at other depths.",
                networks=names,
            ),
            "not less alike": _(
                "So the twins are not clearly less alike than two seeds of {networks:or}: two trainings may differ as "
                "much.",
                networks=names,
            ),
        }
        said.append(verdicts[verdict(twins, [pair for side in seeded for pair in side.report.seeds])])
    if written := _each(lates):
        said.append(
            _(
                "Within a network, the CKA of the maps after two thirds of the blocks with those after the last is: "
                "{lates:and}.",
                lates=written,
            )
        )
    if residual and plain:
        ours, theirs = late(residual.report.own), late(plain.report.own)
        if ours is not None and theirs is not None:
            said.append(ENDS[ends(ours, theirs)])
        count = arrived(plain.report.twin)
        if count > 1:
            said.append(
                _(
                    "The last {count} of {total} blocks of {plain} are all most alike to one block of {residual}: its "
                    "last.",
                    count=count,
                    total=len(plain.report.twin) - 1,
                    plain=plain.title,
                    residual=residual.title,
                )
            )
    return sentences(*said) if said else sentences(NOTHING)


def _each(values: Mapping[str, float | None]) -> list[Message]:
    """Networks by their titles, each with its number where that is known."""
    return [
        _("{network} {value:.2f}", network=title, value=value) for title, value in values.items() if value is not None
    ]


EXPERIMENT = Experiment(
    name="similarity",
    asks=first_line(__doc__),
    title=_("Which blocks make maps alike?"),
    question=_(
        "Compare what leaves any two blocks: are pictures that are alike in the one alike in the other? CKA is 1 if "
        "they are, and near 0 if the two have nothing in common. Do so within a network, between it and its twin, and, "
        "as a control, between two seeds of it and with a fresh network."
    ),
    look_for=_(
        "large squares of one tone along the diagonal, blocks that hardly change anything; and whether the twins’ "
        "curve runs below those of two seeds."
    ),
    source=_("Kornblith et al. 2019, with the estimate of Nguyen et al. 2021"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    pictures=1000,
    labels=True,  # it does not look at them, but a visitor's one picture would not do
    twins=True,
    anew=True,
)
