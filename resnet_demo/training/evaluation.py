"""Measuring a network on a data set."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..data import Dataset, fitted
from ..errors import InputError
from ..i18n import Message, _
from ..images import nameless
from ..models.predict import class_logits, domain_of
from ..models.resnet import ResNet, check_network
from . import distributed


@dataclass(frozen=True)
class Evaluation:
    """What a network answered to a data set: logits [n, classes], beside the labels [n] that are right."""

    logits: Tensor
    labels: Tensor

    @property
    def n(self) -> int:
        return len(self.labels)

    @cached_property
    def accuracy(self) -> float:
        """The fraction of the pictures that were classified correctly."""
        return int((self.logits.argmax(1) == self.labels).sum()) / self.n  # exact: 0.9173, not 0.91729998

    @cached_property
    def error(self) -> float:
        """The fraction that was misclassified."""
        return int((self.logits.argmax(1) != self.labels).sum()) / self.n

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy."""
        return cross_entropy(self.logits, self.labels).item()

    @property
    def energies(self) -> Tensor:
        """logsumexp of the logits, [n]: high where the picture resembles the training set."""
        return self.logits.logsumexp(1)

    @cached_property
    def confusion(self) -> Tensor:
        """Counts [classes, classes]: row by row the true class, column by column the answer."""
        classes = self.logits.shape[1]
        return torch.bincount(self.labels * classes + self.logits.argmax(1), minlength=classes**2).view(classes, -1)

    def mistakes(self, count: int) -> Tensor:
        """Indices of up to `count` misclassified pictures, the most confident first."""
        confidence, answers = self.logits.softmax(1).max(1)
        wrong = (answers != self.labels).nonzero()[:, 0]
        return wrong[confidence[wrong].argsort(descending=True)[:count]]


@torch.no_grad()
def evaluate(
    model: ResNet, dataset: Dataset, batch: int | None = None, forward: Callable[[Tensor], Tensor] | None = None
) -> Evaluation:
    """Classify a whole data set, without augmentation. The model's mode is left as it was.

    Pictures of another size than the network's are brought to it as `classify` does.

    `forward` is another way through the same network: inputs [N, 3, H, W] -> logits [N, classes]. The processes of a
    distributed training share the work. Raises InputError where the network's classes are not the data set's.

    >>> from resnet_demo.data import draw_shapes
    >>> evaluate(ResNet(seed=0), draw_shapes(20, seed=0)).n
    20
    """
    dataset = matched(model, dataset)
    domain, was_training, device = domain_of(model), model.training, next(model.parameters()).device
    batch = batch or (1000 if device.type == "cuda" else 250)
    logits = torch.zeros(len(dataset), len(dataset.classes), device=device)
    model.eval()
    try:
        # Every process has the whole data set, and takes every n-th batch of n processes.
        # On a GPU in full precision, too (not TF32): a test of the same weights finds the same answers everywhere.
        with torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled, allow_tf32=False):
            for start in range(distributed.rank() * batch, len(dataset), distributed.world() * batch):
                pictures = fitted(dataset.pictures[start : start + batch], domain).to(device)
                logits[start : start + batch] = class_logits((forward or model)(domain.normalise(pictures)))
    finally:
        model.train(was_training)
    return Evaluation(distributed.total(logits).cpu(), dataset.labels.cpu())


# What a class of CIFAR-10 is called, too; only a whole set of names is ever compared.
SYNONYMS = {
    **dict.fromkeys(("plane", "aeroplane", "aircraft"), "airplane"),
    **dict.fromkeys(("car", "auto"), "automobile"),
    **dict.fromkeys(("lorry",), "truck"),
    **dict.fromkeys(("boat", "vessel"), "ship"),
}


def _known_as(name: str) -> str:
    """A class's name in one form: "03 Aero_planes" -> "airplane"."""
    word = re.sub(r"[\s_\-]+", "", re.sub(r"^\d+[\s_.\-]+", "", name.strip()).casefold())
    one = word.removesuffix("s") if len(word) > 3 and not word.endswith("ss") else word
    return SYNONYMS.get(one, one)


def in_order(model: ResNet, dataset: Dataset) -> Message | None:
    """What is to be said where the classes of a network have no names, and the order of the data set's is taken."""
    named = domain_of(model).labels != nameless(model.config.outputs).labels
    if named or model.config.outputs != len(dataset.classes) or dataset.classes[0].isdecimal():
        return None
    return _(
        "The network’s classes have no names: its outputs are taken for {classes:and}, in this order (--labels names "
        "them).",
        classes=[*dataset.classes[:4], *(["…"] if len(dataset.classes) > 4 else [])],
    )


def check_data_set(dataset: object) -> None:
    """Raise InputError for a name, or what else is no data set."""
    if not isinstance(dataset, Dataset):
        raise InputError("A data set is what `load_dataset` gives, not {value!r}.", value=dataset)


def check_classes(model: ResNet, dataset: Dataset) -> None:
    """Raise InputError unless the network has as many classes as the data set."""
    check_network(model)
    check_data_set(dataset)
    if (kind := next(model.parameters(), torch.zeros(())).dtype) != torch.float32:
        raise InputError(
            "The network's weights are {kind}; data sets are measured in float32: `model.float()`.",
            kind=str(kind).removeprefix("torch."),
        )
    if model.config.outputs != len(dataset.classes):
        raise InputError(
            "The network distinguishes {classes} classes, {dataset} has {others}.",
            classes=model.config.outputs,
            dataset=dataset.name,
            others=len(dataset.classes),
        )


def matched(model: ResNet, dataset: Dataset) -> Dataset:
    """The data set with its labels in the order of the network's classes.

    Names may differ in capitals, in spaces and hyphens, and as "car" and "automobile" do. Raises InputError where the
    classes are not the same. Of a network whose classes have no names, their number counts.
    """
    check_classes(model, dataset)
    domain = domain_of(model)
    ours, theirs = ([_known_as(name) for name in names] for names in (domain.labels, dataset.classes))
    if ours == theirs:
        return dataset
    if domain.labels == nameless(len(ours)).labels:
        if not all(name.isdecimal() for name in theirs) or sorted(map(int, theirs)) != list(range(len(theirs))):
            return dataset
        ours = [str(index) for index in range(len(ours))]  # folders called 0, 1, 10, 2, … are the outputs' numbers
    if sorted(ours) != sorted(theirs) or len(set(ours)) < len(ours):
        raise InputError(
            "The network's classes ({ours}, …) are not those of {dataset} ({theirs}, …).",
            ours=domain.labels[next((i for i, name in enumerate(ours) if name not in theirs), 0)],
            dataset=dataset.name,
            theirs=dataset.classes[next((i for i, name in enumerate(theirs) if name not in ours), 0)],
        )
    order = torch.tensor([ours.index(name) for name in theirs], device=dataset.labels.device)
    return replace(dataset, labels=order[dataset.labels], classes=domain.labels)
