"""What happens when all residual branches, or all shortcuts, are turned down or up together?

    y = relu(alpha * F(x) + lambda * h(x))

At alpha = 1 and lambda = 1 this is the network, bit for bit; at alpha = 0 nothing is left but the bare way of the
shortcuts. He et al. 2016 (Identity Mappings, section 3, equations 6 to 8) say what to expect of lambda: it is
multiplied with itself once for each block, so that signals and gradients die out below 1 and grow without bound above.
They trained such networks; here the factor is changed after the training.

Then most of what breaks are the statistics of batch norm: they are those of the network at 1. So the errors are
measured a second time, with statistics measured anew at each setting. In a plain network alpha does nothing then, and
that is a theorem: ReLU(alpha x) = alpha ReLU(x), the next batch norm divides by its input's deviation, which alpha
multiplies, too, and so alpha is cancelled before each next convolution's output is used. Only the last one reaches the
classifier, and multiplies the logits less their biases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import InputError
from ..i18n import Message, Sentences, _, sentences
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .anew import measured_anew
from .experiment import Experiment, Measure, Progress, first_line
from .interventions import BranchScales, answer, block_names
from .quick import quick
from .reading import Side, both, sides

BATCH = 50
STEPS = tuple(step / 10 for step in range(16))  # 0, 0.1, …, 1.5
MOST_CONTROLS = 2000  # pictures that are asked once more with statistics measured anew
CLOSE = 0.05  # errors that differ by less count as the same


@dataclass(frozen=True)
class Turned:
    """What a network answers at each setting of a dial: logits [settings, N, classes]."""

    settings: tuple[float, ...]
    logits: Tensor

    def probabilities(self, target: int) -> list[float]:
        """The class's softmax probability at each setting, as a mean over the pictures."""
        return self.logits.softmax(2)[:, :, target].mean(1).tolist()

    def errors(self, labels: Tensor) -> list[float]:
        """The wrong fraction of the pictures at each setting."""
        return (self.logits.argmax(2) != labels).double().mean(1).tolist()


@torch.no_grad()
def turn(model: ResNet, inputs: Tensor, alpha: float = 1.0, lambda_: float = 1.0) -> Tensor:
    """Logits [N, classes] for inputs [N, 3, H, W] with every block's branches multiplied.

    Raises InputError for factors below 0 or that are no numbers.
    """
    for factor in (alpha, lambda_):
        if not 0 <= factor < float("inf"):
            raise InputError("A branch scale is 0 or more, not {value!r}.", value=factor)
    return answer(model, inputs, dict.fromkeys(block_names(model), BranchScales(alpha, lambda_)))


def turn_residuals(model: ResNet, inputs: Tensor, settings: Sequence[float] = STEPS) -> Turned:
    """The network's answers while alpha goes through the settings; every F is multiplied with it."""
    return Turned(tuple(settings), torch.stack([turn(model, inputs, alpha=setting) for setting in settings]))


def turn_shortcuts(model: ResNet, inputs: Tensor, settings: Sequence[float] = STEPS) -> Turned:
    """The network's answers while lambda goes through the settings; every shortcut is multiplied with it.

    A plain network has no shortcut, and one answer for all settings.
    """
    if model.config.plain:
        return Turned(tuple(settings), turn(model, inputs).expand(len(settings), -1, -1))
    return Turned(tuple(settings), torch.stack([turn(model, inputs, lambda_=setting) for setting in settings]))


@dataclass(frozen=True)
class Report:
    """The wrong fraction of the pictures at each setting of both dials; settings are written as in JSON, "0.5"."""

    n: int
    alpha: Mapping[str, float]
    lambda_: Mapping[str, float]
    exact_at_one: bool  # whether the setting 1 is the network, bit for bit
    # Of the first `controls_n` pictures, with batch-norm statistics measured anew at each setting.
    controls_n: int = 0
    alpha_recalibrated: Mapping[str, float] = field(default_factory=dict)
    lambda_recalibrated: Mapping[str, float] = field(default_factory=dict)
    fitted_on: int = 0  # training pictures that the statistics are of

    __pydantic_config__ = {"alias_generator": lambda name: name.removesuffix("_")}  # noqa: RUF012


@torch.no_grad()
def recalibrated(model: ResNet, inputs: Tensor, alpha: float = 1.0, lambda_: float = 1.0) -> ResNet:
    """A copy whose batch-norm statistics are those of the inputs [N, 3, H, W], with the branches multiplied."""
    return measured_anew(model, partial(turn, inputs=inputs, alpha=alpha, lambda_=lambda_))


@torch.inference_mode()
def errors_anew(
    model: ResNet, dataset: Dataset, training: Dataset, dial: str, progress: Progress = lambda done: None
) -> dict[str, float]:
    """The wrong fraction at every setting of a dial, "alpha" or "lambda_", each with statistics measured anew."""
    domain = domain_of(model)
    found: dict[str, float] = {}
    fitted_on = domain.normalise(training.pictures)
    settings = (1.0,) if dial == "lambda_" and model.config.plain else STEPS  # nothing to turn in a plain network
    for number, setting in enumerate(settings, start=1):
        network = quick(recalibrated(model, fitted_on, **{dial: setting}))
        wrong = sum(
            (turn(network, domain.normalise(pictures), **{dial: setting}).argmax(1) != labels).sum().item()
            for pictures, labels in zip(dataset.pictures.split(BATCH), dataset.labels.split(BATCH), strict=True)
        )
        found[str(setting)] = wrong / len(dataset)
        progress(number / len(settings))
    return found if len(found) > 1 else dict.fromkeys(map(str, STEPS), found["1.0"])


@torch.no_grad()
def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress, training: Dataset | None) -> Report:
    """The wrong fraction at every setting of both dials; with training pictures also with statistics measured anew.

    And whether the setting 1 is the network, bit for bit.
    """
    domain, exact, done = domain_of(model), True, 0
    wrong = {dial: torch.zeros(len(STEPS), dtype=torch.long) for dial in ("alpha", "lambda")}
    for pictures, labels in zip(dataset.pictures.split(BATCH), dataset.labels.split(BATCH), strict=True):
        inputs = domain.normalise(pictures)
        for dial, turned_by in (("alpha", turn_residuals), ("lambda", turn_shortcuts)):
            turned = turned_by(model, inputs)
            wrong[dial] += (turned.logits.argmax(2) != labels).sum(1)
            exact &= torch.equal(turned.logits[STEPS.index(1.0)], model(inputs))
            done += len(labels)
            progress(done / ((4 if training else 2) * len(dataset)))
    errors = {
        dial: dict(zip(map(str, STEPS), (count.double() / len(dataset)).tolist(), strict=True))
        for dial, count in wrong.items()
    }
    return Report(
        n=len(dataset),
        alpha=errors["alpha"],
        lambda_=errors["lambda"],
        exact_at_one=exact,
        **(_control(model, dataset, training, progress) if training else {}),
    )


def _control(model: ResNet, dataset: Dataset, training: Dataset, progress: Progress) -> dict[str, Any]:
    """The report's part with statistics measured anew, on the first `MOST_CONTROLS` pictures."""
    dataset = dataset.subset(MOST_CONTROLS)
    return {
        "controls_n": len(dataset),
        "alpha_recalibrated": errors_anew(model, dataset, training, "alpha", lambda done: progress((2 + done) / 4)),
        "lambda_recalibrated": errors_anew(model, dataset, training, "lambda_", lambda done: progress((3 + done) / 4)),
        "fitted_on": len(training),
    }


def bearable(errors: Mapping[str, float]) -> tuple[float, float]:
    """From which to which setting of a dial, around 1, the error stays close to that at 1."""
    settings = sorted(map(float, errors))
    fits = [setting for setting in settings if errors[str(setting)] <= errors["1.0"] + CLOSE]
    low = high = 1.0
    for setting in (setting for setting in reversed(settings) if setting < 1):
        if setting not in fits:
            break
        low = setting
    for setting in (setting for setting in settings if setting > 1):
        if setting not in fits:
            break
        high = setting
    return low, high


def read(reports: Mapping[str, Report]) -> Sentences:
    residual, plain = sides(reports)
    said = []
    for side in both(reports):
        alpha = _settings(side.report.alpha)
        said.append(
            _(
                "{network} stays within 5 points of its error for α {alpha}, and for λ {lambda_}.",
                network=side.title,
                alpha=alpha,
                lambda_=_settings(side.report.lambda_),
            )
            if side == residual
            else _("{network} stays within 5 points of its error for α {alpha}.", network=side.title, alpha=alpha)
        )
        said += _anew(side, residual=side == residual)
    if plain:
        said.append(_("λ does nothing to {network}: it has no shortcuts.", network=plain.title))
    said.append(
        _("At 1 the answers are the network’s own, bit for bit.")
        if all(side.report.exact_at_one for side in both(reports))
        else _("At 1 the answers are the network’s own, but not bit for bit.")
    )
    return sentences(*said)


def _anew(side: Side[Report], residual: bool) -> list[Message]:
    """What is left of it with the statistics of batch norm measured anew."""
    alpha, lambda_ = side.report.alpha_recalibrated, side.report.lambda_recalibrated
    if not alpha:
        return []
    said = [
        _(
            "With batch-norm statistics measured anew, on {n:,} pictures, it does for α {alpha}.",
            n=side.report.controls_n,
            alpha=_settings(alpha),
        )
    ]
    if not residual and indifferent(alpha):
        said.append(
            _("That is a theorem: without shortcuts each batch norm cancels the α before it, whatever α > 0 is.")
        )
    if residual and broken(lambda_):
        said.append(
            _(
                "But λ = 0.5 leaves {error:percent} error even so: that is not the statistics, it is what He et al. "
                "2016 describe.",
                error=lambda_["0.5"],
            )
        )
    return said


def indifferent(errors: Mapping[str, float]) -> bool:
    """Whether no setting above 0 makes more than a small difference to the error."""
    settings = sorted(float(setting) for setting in errors if float(setting) > 0)
    low, high = bearable(errors)
    return low <= settings[0] and high == settings[-1]


def broken(errors: Mapping[str, float]) -> bool:
    """Whether half of every shortcut is not enough, by much more than a small difference."""
    return errors["0.5"] > errors["1.0"] + 4 * CLOSE


def _settings(errors: Mapping[str, float]) -> Message:
    low, high = bearable(errors)
    return _("from {low:g} to {high:g}", low=low, high=high) if low < high else _("= 1 only")


EXPERIMENT = Experiment(
    name="dial",
    asks=first_line(__doc__),
    title=_("What if every branch is scaled?"),
    question=_(
        "Multiply every F(x) in the network by one number α, from 0 to 1.5, and then every shortcut by λ. At 1 it is "
        "the network as it was trained. λ is multiplied by itself once for each block on the way. Dashed: the same "
        "with batch-norm statistics measured anew at each setting."
    ),
    look_for=_("how wide the valley around 1 is, and that a plain network has no shortcuts to scale."),
    source=_(
        "He, Zhang, Ren, Sun 2016 (Identity Mappings), section 3.1, who train such networks; here the factor is "
        "changed after the training"
    ),
    group="ablation",
    record=Report,
    report=report,
    read=read,
    measures=(
        Measure(_("Error at α = 0.5"), lambda report: report.alpha["0.5"], "share", counted=lambda report: report.n),
        Measure(
            _("The same with batch-norm statistics measured anew"),
            lambda report: report.alpha_recalibrated.get("0.5"),
            "share",
            counted=lambda report: report.controls_n,
        ),
        Measure(
            _("Error at λ = 0.5, with statistics measured anew"),
            lambda report: report.lambda_recalibrated.get("0.5"),
            "share",
            counted=lambda report: report.controls_n,
        ),
    ),
    verdict=lambda residual, plain: (
        bool(residual.lambda_recalibrated)
        and (broken(residual.lambda_recalibrated), indifferent(plain.alpha_recalibrated))
    ),
    pictures=250,
    fits_on=500,
    fit_is_control=True,
)
