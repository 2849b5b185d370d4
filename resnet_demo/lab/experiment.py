"""What an experiment is: a question, and a function that answers it with numbers for a network and pictures.

Each experiment is a file of this folder and ends with its `EXPERIMENT`. What it finds on a network is a record, a
frozen dataclass of that file, which the drawing of the same name in `figures/experiments/` and the sentences that read
the result out take apart by attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..errors import InputError
from ..finding import as_plain as as_plain
from ..i18n import Message, Sentences, _

if TYPE_CHECKING:
    from ..data import Dataset
    from ..models.resnet import ResNet

Form: TypeAlias = Literal["number", "share", "points"]  # 0.125, 12.5 %, +12.5 points of a hundred
Progress: TypeAlias = Callable[[float], None]  # is called with the fraction that is done
Reports: TypeAlias = Mapping[str, Any]  # of several networks, by name
Verdict: TypeAlias = Callable[[Any, Any], object]  # of a residual network's report and its twin's: what `read` says

# The groups in which experiments are offered. Their order is that of the registry.
GROUPS = {
    "ablation": _("Ablation: remove a part"),
    "inside": _("Look inside"),
    "gradient": _("Follow the gradient"),
    "surface": _("Look at the loss surface"),
    "maps": _("Test attribution maps"),
}


@dataclass(frozen=True)
class Measure:
    """A number of a report that its verdict rests on, and by which several trainings of a network are compared."""

    title: Message
    of: Callable[[Any], float | None]  # the report's number; None where it has none
    form: Form = "number"
    counted: Callable[[Any], int] | None = None  # the pictures of which it is a share; None where it is none
    compares: bool = True  # whether the verdict rests on how the twins differ in it


@dataclass(frozen=True)
class Experiment:
    """Everything that page, shell and help have to know of an experiment."""

    name: str
    asks: str  # the question in one line, as the results say it
    title: Message  # the same, as short as a menu has it
    question: Message  # what is done, and what that tells
    look_for: Message  # in the figure; continues "Look for: "
    source: Message
    group: str  # a key of `GROUPS`
    record: type  # of the report
    report: Callable[..., Any]  # for a network, pictures with labels, a seed and progress; see `fits_on`, `twins`
    read: Callable[[Reports], Sentences]  # the result read out: reports by network, the residual one before its twin
    pictures: int  # about a minute's work on two cores
    measures: tuple[Measure, ...] = ()
    verdict: Verdict | None = None
    most: int | None = None  # where it goes back through all pictures at once, or looks at none of them
    data: str = "cifar10"  # the data set that it is made on unless one says otherwise
    fits_on: int = 0  # training pictures that something is fitted on first, which `report` gets after the others
    fit_is_control: bool = False  # whether what is fitted is but a control, which is left out where there are none
    masks: bool = False  # whether it must be known where the objects are
    labels: bool = False  # whether the labels must be true, since it counts mistakes on many pictures
    shortcuts: bool = False  # whether it does something to shortcuts, so that plain networks are passed over
    all_depths: bool = False  # whether it looks at depths of its own, and asks a network only whether it is plain
    twins: bool = False  # whether `report` gets the network's twin, too, as `twin`: None where it is not at hand
    anew: bool = False  # whether it builds the network anew, with other weights
    batch_norm: bool = False  # whether it takes batch norm away, or its theory is about that
    made_for: Callable[[ResNet], None] | None = None  # raises InputError for networks that `report` is not made for
    together: bool = False  # whether networks of several depths are shown in one figure

    def pictures_for(self, wanted: int | None = None) -> int:
        """How many pictures it takes: those that are wanted, or as many as suit it, and never too many."""
        found = wanted or self.pictures
        return found if self.most is None else min(found, self.most)

    def concerned(self, networks: Mapping[str, ResNet]) -> dict[str, ResNet]:
        """The networks that it tells apart: those with shortcuts where it says nothing of others, and one of a kind
        where it looks at depths of its own.

        Raises InputError where it takes none of them.
        """
        taken = {title: network for title, network in networks.items() if not (self.shortcuts and network.config.plain)}
        if networks and not taken:
            raise InputError("This experiment is about shortcuts, which plain networks do not have.")
        if not self.all_depths:
            return taken
        kinds: dict[bool, str] = {}
        for title, network in taken.items():
            kinds.setdefault(network.config.plain, title)
        return {title: taken[title] for title in kinds.values()}

    def check_network(self, model: ResNet) -> None:
        """Raise InputError where it cannot be made with this network."""
        from ..models.resnet import BLOCKS  # here, since importing torch takes seconds

        if model.config.classes == 1:
            raise InputError("An experiment needs a network with a logit for each class; this one has a single one.")
        if self.anew and model.config.block not in BLOCKS:
            raise InputError(
                "This experiment builds the network anew with other weights; of a wrapped module nobody knows how."
            )
        if self.batch_norm and model.config.norm_groups:
            raise InputError("This experiment is about batch norm; this network has GroupNorm in its place.")
        if self.made_for:
            self.made_for(model)

    def check(self, dataset: Dataset) -> None:
        """Raise InputError where it cannot be made on this data set."""
        if self.masks and dataset.masks is None:
            raise InputError(
                "The data set {dataset} does not say where its objects are; shapes does.", dataset=dataset.name
            )
        if not len(dataset):
            raise InputError("An experiment needs at least one picture.")


def first_line(docstring: str | None) -> str:
    """Of a file that begins with its question: the question."""
    return (docstring or "").strip().splitlines()[0]
