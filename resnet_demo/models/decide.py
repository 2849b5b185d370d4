"""What a file leaves open is decided: by the statistics of its batch norms, and by its answers to known pictures.

A file holds numbers, not code. `recognise` tells which networks its tensors allow; here each of these is run on the
bundled pictures, and the one that meets what its batch norms remember is taken (see `evidence`). Whatever is decided or
taken for granted is told in a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..errors import InputError
from ..i18n import Message, _, sentences
from ..images import CIFAR10, Domain, nameless
from .evidence import BETTER, CLEAR, EXCELLENT, FITS, knows_examples, mismatch, probes, smoothed, was_trained
from .heads import assumed_of_outputs
from .recognise import Recognised, guess_domain
from .resnet import ResNet, ResNetConfig


def is_bookkeeping(name: str) -> bool:
    return name.endswith("num_batches_tracked")  # a counter that no forward pass reads; old files lack it


def filled(config: ResNetConfig, state: Mapping[str, Tensor]) -> ResNet:
    """A network in eval mode with tensors that `vet` has seen."""
    with torch.device("meta"):
        model = ResNet(config)
    # Not by `to_empty`, for which PyTorch imports its compiler: that takes as long as importing torch.
    values = {name: torch.zeros(tensor.shape, dtype=tensor.dtype) for name, tensor in model.state_dict().items()}
    for name, value in values.items():
        if not is_bookkeeping(name):
            value.copy_(state[name])
    model.load_state_dict(values, assign=True)
    return model.eval()


def decided(model: ResNet, found: Recognised, file: str) -> tuple[ResNet, list[Message], list[Message]]:
    """The reading of a file that its batch norms' statistics fit best, what was found of it, and what is assumed.

    The network has the `domain` of the pictures that it seems to be for. Raises InputError where the statistics are
    those of another kind of network.
    """
    trained, notes, assumed = was_trained(model), [], _assumed(found.config)
    if not trained:
        if "plain" in found.others:
            model.fits = {}
            notes.append(
                _("{file} does not tell whether it has shortcuts; it is read as a plain network.", file=file)
                if found.config.plain
                else _("{file} does not tell whether it has shortcuts; it is read as a residual network.", file=file)
            )
        if found.config.shortcut == "D" and not found.config.plain:
            notes.append(_AVERAGE_OR_MAXIMUM)
        model.domain, of_pictures = guessed_domain(model)
        return model, [*notes, *of_pictures], [*_more_assumed(model), *assumed]
    inputs = probes(found.domain)
    if found.config.channels == 3:  # whoever normalised otherwise
        inputs += [
            probes(replace(found.domain, mean=(mean,) * 3, std=(std,) * 3))[0] for mean, std, _ in _NORMALISATIONS
        ]
    misfits = _misfits(model, inputs)
    best = min(misfits)
    fits = {model.config.plain: best}
    chosen: dict[str, object] = {}
    untold: dict[str, tuple[object, float]] = {}
    # Twice: what alone is no better may be so beside another choice, such as no pooling and no stride before it.
    for again in (False, True) if best > EXCELLENT or found.config.stem == "cifar" else ():
        if again and not chosen:
            break
        untold.clear()
        for field, value in ((field, value) for field, values in found.others.items() for value in values):
            config = _try(model.config, field, value) if field not in chosen else None
            if config is None:
                continue
            other = filled(config, found.state)
            others = _misfits(other, inputs)
            misfit = min(others)
            fits[config.plain] = min(misfit, fits.get(config.plain, misfit))
            better = misfit < best and (best > FITS or also_there(others, misfits))
            if better and misfit < CLEAR * best:
                model, best, misfits = other, misfit, others
                chosen[field] = value
            elif better or (again and misfit * BETTER < best):  # of an unusual network, what fits about as well
                untold[field] = value, misfit
    notes += [_CHOSEN[field, bool(getattr(model.config, field))] for field in chosen if field != "plain"]
    notes += [_untold(field, value, best, misfit) for field, (value, misfit) in untold.items() if field in _UNTOLD]
    if len(fits) == 2:
        model.fits = {"plain": fits[True], "residual": fits[False]}
        notes.append(_plain_or_not(model.config.plain, fits[True], fits[False]))
    does_not_fit = min(misfits[:2]) > FITS  # on pictures normalised as usual
    kinds = sorted(smoothed(model, inputs, does_not_fit), key=lambda kind: min(kind[1]))
    rival = min((min(others[:2]) for _kind, others in kinds), default=float("inf"))  # on pictures normalised as usual
    for kind, others in kinds[:1]:
        misfit = min(others)
        if misfit < min(CLEAR * best, FITS):
            if len(kinds) > 1 and does_not_fit and CLEAR * min(kinds[1][1]) < misfit:
                kind = _("an anti-aliased network, or another one whose filters leave no tensor")
            raise InputError(
                "By the statistics of its batch norms {file} is {what}, not a ResNet known here.", file=file, what=kind
            )
        if not does_not_fit and CLEAR * misfit < best:
            notes.append(_AVERAGE_OR_MAXIMUM)
    if best > FITS:
        notes.insert(
            0,
            _(
                "No reading of {file} fits the statistics of its batch norms: it may be another kind of network, or "
                "for very different pictures, and its answers wrong.",
                file=file,
            ),
        )
    model.domain, of_pictures = guessed_domain(model, rival)
    return model, [*notes, *of_pictures], [*_more_assumed(model), *assumed]


def _more_assumed(model: ResNet) -> list[Message]:
    """What is assumed of the outputs, where no known names of classes suit them, and of bottlenecks."""
    unknown = model.domain is None or model.domain.name == nameless(2).name
    notes = [assumed_of_outputs(model.config.classes)] if unknown and model.config.classes > 1 else []
    if model.config.block == "bottleneck" and not model.config.stride_first:
        notes.append(
            _(
                "Of its bottlenecks the 3x3 convolution is assumed to have the stride, and the first stage to have "
                "none; load(…, stride_first=True) reads the former otherwise."
            )
        )
    return notes


def _assumed(config: ResNetConfig) -> list[Message]:
    if config.shortcut == "A" and not config.plain:
        return [
            _(
                "A file holds numbers, not code: ReLU, each in its usual place, no dilation, the usual strides, "
                "padding, pooling and epsilon of norms, the average of the last maps and, where the shape changes, "
                "shortcuts of every second pixel with zeros as new channels are assumed, unless something else is said "
                "here."
            )
        ]
    if config.dilated:
        return []
    if not config.plain and config.shortcut == "B":
        return [
            _(
                "A file holds numbers, not code: ReLU, each in its usual place, no dilation, the usual strides, "
                "padding, pooling and epsilon of norms, the average of the last maps and, where the shape changes, "
                "shortcuts that project every second pixel are assumed, unless something else is said here."
            )
        ]
    return [
        _(
            "A file holds numbers, not code: ReLU, each in its usual place, no dilation, the usual strides, "
            "padding, pooling and epsilon of norms and the average of the last maps are assumed, unless something else "
            "is said here."
        )
    ]


def guessed_domain(model: ResNet, rival: float = float("inf")) -> tuple[Domain, list[Message]]:
    """Which pictures a file's network is for, as far as its answers and statistics tell, and what is to be said.

    `rival` is the mismatch of another kind of network on pictures that are normalised as usual: what fits about as well
    is no evidence of another normalisation.
    """
    domain, notes = guess_domain(model.config), []
    if model.config.channels != 3 or not was_trained(model):
        return domain, notes
    usual = best = mismatch(model, probes(domain)[0])
    for mean, std, says in _NORMALISATIONS if usual > EXCELLENT else ():
        other = replace(guess_domain(model.config), mean=(mean,) * 3, std=(std,) * 3)
        misfit = mismatch(model, probes(other)[0])
        if misfit < min(CLEAR * usual, best, FITS):
            domain, best, notes = other, misfit, [says]
    if notes and CLEAR * rival < best:
        notes = [
            _(
                "Its batch norms’ statistics do not tell whether it was trained on pictures with other values than "
                "usual, as it is read, or is another kind of network, such as an anti-aliased one (mismatch "
                "{pictures:rounded} and {network:rounded}): its answers may be wrong.",
                pictures=best,
                network=rival,
            )
        ]
    if domain.name == CIFAR10.name and knows_examples(model, domain) < len(CIFAR10.labels) // 2:
        domain = replace(nameless(model.config.outputs, domain.size), mean=domain.mean, std=domain.std)
        notes.append(_("It has ten classes, but they are not CIFAR-10’s: it misjudges the example pictures."))
    return domain, notes


_NORMALISATIONS = (
    (0.5, 0.5, _("By its batch norms’ statistics it was trained on pictures with values from -1 to 1.")),
    (0.0, 1.0, _("By its batch norms’ statistics it was trained on pictures with values from 0 to 1.")),
)


def read_as(model: ResNet, plain: bool) -> ResNet:
    """The same tensors as those of a plain network, or of a residual one whose shortcuts have no weights.

    Raises InputError where they allow only one of these.
    """
    if model.fits is None:
        raise InputError("There is only one way to read this network: it is not a file that leaves its shortcuts open.")
    config = model.config if model.config.plain == plain else _try(model.config, "plain", plain)
    assert config is not None
    other = filled(config, model.state_dict()).eval().requires_grad_(False)
    other.domain, other.provenance, other.fits = model.domain, model.provenance, model.fits
    unlikely = bool(model.fits) and model.fits["plain" if plain else "residual"] > FITS
    other.note = sentences(
        fits_of(model) if unlikely else None,
        _("It is read as a plain network, as you chose.")
        if plain
        else _("It is read as a residual network, as you chose."),
    )
    return other


def fits_of(model: ResNet) -> Message:
    """What the batch norms of a file say about its shortcuts."""
    if not model.fits and was_trained(model) is None:
        return _("The file does not tell whether it has shortcuts: its norms keep no statistics.")
    if not model.fits:
        return _("The file does not tell whether it has shortcuts, and was not trained.")
    return _(
        "The statistics of its batch norms are off by {plain:rounded} as a plain network and by {residual:rounded} as "
        "a residual one; less is likelier.",
        **model.fits,
    )


def _plain_or_not(plain: bool, as_plain: float, as_residual: float) -> Message:
    """How it was decided whether a network has shortcuts that leave no tensor."""
    least, most = sorted((as_plain, as_residual))
    if least > CLEAR * most:
        return _(
            "Its batch norms’ statistics do not tell whether it is plain or residual (mismatch {plain:rounded} and "
            "{residual:rounded}): say which.",
            plain=as_plain,
            residual=as_residual,
        )
    if plain:
        return _(
            "By its batch norms’ statistics it is a plain network, without shortcuts (mismatch {plain:rounded}; as a "
            "residual network {residual:rounded}).",
            plain=as_plain,
            residual=as_residual,
        )
    return _(
        "By its batch norms’ statistics it is a residual network, whose shortcuts have no weights (mismatch "
        "{residual:rounded}; without shortcuts {plain:rounded}).",
        plain=as_plain,
        residual=as_residual,
    )


def _try(config: ResNetConfig, field: str, value: object) -> ResNetConfig | None:
    changes: dict[str, Any] = {field: value}
    if field == "plain" and not value and config.shortcut == "B":
        changes["shortcut"] = "A"  # there are no projections
    if field == "padding" and config.plain:
        return None
    try:
        return replace(config, **changes)
    except InputError:
        return None


def _misfits(model: ResNet, inputs: list[Tensor]) -> list[float]:
    """The mismatch with each kind of pictures; the first alone, where it leaves no doubt."""
    first = mismatch(model, inputs[0])
    return [first] if first < EXCELLENT else [first, *(mismatch(model, other) for other in inputs[1:])]


def also_there(others: list[float], usual: list[float]) -> bool:
    """Whether another reading fits better where the usual one fits best, too: noise suits many a wrong one."""
    where = usual.index(min(usual))
    return len(others) == 1 or others[where] < usual[where]


_CHOSEN = {
    ("padding", True): _("By its batch norms’ statistics its shortcuts add new channels at the end."),
    ("pool", True): _("By its batch norms’ statistics max pooling follows its stem."),
    ("pool", False): _("By its batch norms’ statistics no max pooling follows its stem."),
    ("stem_stride", True): _("By its batch norms’ statistics its first convolution has another stride than usual."),
    ("stride_first", True): _("By its batch norms’ statistics the stride is in the first convolution of a block."),
    ("shortcut", True): _("By its batch norms’ statistics its shortcuts average before they project."),
}

_AVERAGE_OR_MAXIMUM = _(
    "Something without weights stands before the projections of its shortcuts: average pooling is assumed; max pooling "
    "would leave the same tensors, and other answers."
)


def _untold(field: str, value: object, best: float, misfit: float) -> Message:
    return _(
        "Its batch norms’ statistics do not tell {what} (mismatch {usual:rounded} as it is read and {other:rounded} "
        "otherwise): load(…, {field}={value!r}) reads it otherwise.",
        what=_UNTOLD[field],
        usual=best,
        other=misfit,
        field=field,
        value=value,
    )


_UNTOLD = {
    "padding": _("where its shortcuts add new channels"),
    "pool": _("whether max pooling follows its stem"),
    "stem_stride": _("which stride its first convolution has"),
    "stride_first": _("which convolution of a block has the stride"),
    "shortcut": _("whether its shortcuts average before they project"),
}
