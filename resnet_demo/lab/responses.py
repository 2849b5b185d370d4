"""How strongly does each layer respond?

The response of a layer is what its 3x3 convolution and batch norm give, before the ReLU and before the addition. In a
residual network responses are smaller than in a plain one, and the smaller the deeper it is: each block only has to
change what passes, and with more blocks each changes it less. In a pre-activation block batch norm stands before the
convolution, so that the response is what the convolution gives.

He et al. 2015, section 4.2, "Analysis of Layer Responses", and figure 7.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..i18n import Sentences, _, sentences
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..models.zoo import is_plain
from .experiment import Experiment, Measure, Progress, first_line
from .reading import everyone, sides

BATCH = 125
NORMS = (nn.BatchNorm2d, nn.GroupNorm)


@torch.no_grad()
def responses(model: ResNet, dataset: Dataset, progress: Progress = lambda done: None) -> dict[str, float]:
    """Standard deviation of every response over pictures, places and channels, by layer, from input to output."""
    view, domain = private_view(model), domain_of(model)
    sums: dict[str, Tensor] = {}  # of 1, of the values, of their squares

    def measure(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: Tensor) -> None:
            values = output.double()
            found = torch.stack([torch.tensor(float(values.numel())), values.sum(), values.square().sum()])
            sums[name] = sums.get(name, torch.zeros(3, dtype=torch.float64)) + found

        return hook

    with ExitStack() as hooks:
        for name, norm in _layers(view):
            hooks.enter_context(norm.register_forward_hook(measure(name)))
        for start in range(0, len(dataset), BATCH):
            view(domain.normalise(dataset.pictures[start : start + BATCH]))
            progress(min(start + BATCH, len(dataset)) / len(dataset))
    found = {}
    for name, (count, total, squares) in sums.items():
        found[name] = (squares / count - (total / count) ** 2).clamp(min=0).sqrt().item()
    return found


def _layers(model: ResNet) -> Iterator[tuple[str, nn.Module]]:
    """The last thing that a layer does, in the stem and in the residual branches: a norm, if it comes behind."""
    yield from [("stem", module) for _name, module in _ends(model.stem.named_modules())][-1:]
    for name, block in model.named_blocks():
        for layer, module in _ends(block.residual.named_children()):
            yield f"{name}.{layer.replace('bn', 'conv')}", module


def _ends(modules: Iterable[tuple[str, nn.Module]]) -> list[tuple[str, nn.Module]]:
    """Of a row of layers the norms, where a norm is the last of them, else the convolutions."""
    found = [(name, module) for name, module in modules if isinstance(module, (nn.Conv2d, *NORMS))]
    kind = NORMS if found and isinstance(found[-1][1], NORMS) else nn.Conv2d
    return [(name, module) for name, module in found if isinstance(module, kind)]


@dataclass(frozen=True)
class Report:
    n: int
    mean: float  # of the layers
    std: Mapping[str, float]  # of each layer's responses, from input to output


def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    """The responses in the order of the layers, and their mean."""
    found = responses(model, dataset, progress)
    return Report(len(dataset), statistics.mean(found.values()), found)


def responding_less(residual: Report, plain: Report) -> tuple[int, int]:
    """In how many of the layers the residual network responds less."""
    pairs = list(zip(residual.std.values(), plain.std.values(), strict=True))
    return sum(one < other for one, other in pairs), len(pairs)


def deeper_responds_less(reports: Mapping[str, Report]) -> bool | None:
    """Whether the first residual network, the deeper one, does so than the last; None where there is only one."""
    means = [report.mean for name, report in reports.items() if not is_plain(name)]
    return means[0] < means[-1] if len(means) > 1 else None


def compared(residual: Report, plain: Report) -> Literal["less", "less on average", "alike", "more"]:
    """How strongly a residual network's layers respond, compared with its twin's."""
    fewer, layers = responding_less(residual, plain)
    return responds(residual.mean, plain.mean, fewer / layers)


def responds(residual: float, plain: float, smaller: float) -> Literal["less", "less on average", "alike", "more"]:
    """How strongly a residual network's layers respond, compared with the plain one's.

    By the means over all layers; and `smaller` is the share of the layers in which it responds less.
    """
    if residual >= 0.95 * plain:
        return "alike" if residual <= 1.05 * plain else "more"
    return "less" if smaller > 0.6 else "less on average"


def read(reports: Mapping[str, Report]) -> Sentences:
    means = [_("{network} {value:.2f}", network=side.title, value=side.report.mean) for side in everyone(reports)]
    said = [_("Mean standard deviation of a layer: {means:and}.", means=means)]
    residual, plain = sides(reports)
    if residual and plain:
        verdicts = {
            "less": _("So the residual network’s layers respond less: they only have to change what passes."),
            "less on average": _(
                "So on average the residual network responds less, but not in a clear majority of its layers; in He et "
                "al. the difference is clearer."
            ),
            "alike": _("The two hardly differ here; in He et al. the residual network’s are clearly smaller."),
            "more": _("The residual network’s layers respond more here, unlike in He et al."),
        }
        fewer, layers = responding_less(residual.report, plain.report)
        said.append(
            _(
                "In {fewer} of {layers} layers {residual} responds less than {plain}.",
                fewer=fewer,
                layers=layers,
                residual=residual.title,
                plain=plain.title,
            )
        )
        said.append(verdicts[compared(residual.report, plain.report)])
    less = deeper_responds_less(reports)
    if less is not None:
        said.append(
            _("The deeper residual network responds less than the shallow one.")
            if less
            else _("The deeper residual network does not respond less than the shallow one, unlike in He et al.")
        )
    return sentences(*said)


EXPERIMENT = Experiment(
    name="responses",
    asks=first_line(__doc__),
    title=_("How strongly does each layer respond?"),
    question=_(
        "A layer’s response is the output of its convolution and batch norm, before the ReLU and before the addition. "
        "Its standard deviation over many pictures says how strong it is."
    ),
    look_for=_("whether the residual network’s curve runs lower, and the deeper one’s lower still."),
    source=_("He, Zhang, Ren, Sun 2015, figure 7"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    measures=(Measure(_("Mean standard deviation of a layer"), lambda report: report.mean),),
    verdict=compared,
    pictures=500,
    together=True,
)
