"""What the page Experiments says beside the experiments themselves, which bring their own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...i18n import Message, Sentences, _, _n, sentences
from ...lab.results import Result
from ...models import zoo
from .seeds import counted_on

INTRODUCTION = _(
    "Each experiment changes something in trained networks, or in fresh ones, and counts what follows: with shortcuts "
    "and, beside it, in the same network without them."
)
NEEDS_MASKS = _(
    "This needs pictures on which it is known where the object is, and a network that knows them: choose shapes on the "
    "page Train, train a network, look inside it, and come back."
)
NOT_YET = _("There is no result measured beforehand yet. Run it here.")
READING_DATA = _("Getting the pictures …")
STOPPING, STOPPED, DONE = _("Stopping …"), _("Stopped; nothing was kept."), _("Done.")

DATA_NAMES = {"cifar10": "CIFAR-10", "shapes": _("drawn shapes")}


def compared(networks: Sequence[str]) -> Message:
    """The networks that are compared, by their names."""
    return _("{networks:and}", networks=[zoo.title(name) for name in networks])


def provenance(result: Result[Any], source: Message) -> Sentences:
    """What a result rests on, in small print."""
    told = result.provenance
    if result.experiment == "shattering":
        used = _("Fresh networks, no pictures; random seed {seed}.", seed=told.seed)
    elif result.data == "picture":
        used = _("On your picture, with the network’s own answer as its label; random seed {seed}.", seed=told.seed)
    else:
        used = _n(
            "{count:,} test picture of {data}; random seed {seed}.",
            "{count:,} test pictures of {data}; random seed {seed}.",
            told.pictures,
            data=DATA_NAMES.get(result.data, result.data),
            seed=told.seed,
        )
    return sentences(
        used, counted_on(result.seeds, told.seed_pictures), _taught(told.taught), _("Source: {source}.", source=source)
    )


def moments(networks: Sequence[Message]) -> Message | None:
    """Of networks that were not at the end of their training: "ResNet-20 after epoch 3"."""
    return _("Measured on {networks:and}.", networks=networks) if networks else None


def _taught(taught: str | None) -> Message | None:
    """Of networks that were trained for it first, as the shell writes it: "resnet20, plain20: 2 epochs"."""
    if not taught:
        return None
    names, _colon, epochs = taught.removesuffix(" epochs").rpartition(": ")
    return _(
        "{networks} were first trained on them for {epochs} epochs.",
        networks=compared(names.split(", ")),
        epochs=epochs,
    )


def data_used(data: str, networks: Sequence[str], name: str, masks: bool) -> Message:
    """What a run would take; `data` is "cifar10", "picture", "own", "fresh", or "" where there is nothing to take."""
    on = compared(networks)
    if data == "cifar10":
        return _("On {networks}, with CIFAR-10’s test pictures, which are on this computer.", networks=on)
    if data == "own":
        return _("On {networks}, with the test pictures of its data set.", networks=on)
    if data == "fresh":
        return _("On fresh networks of several depths, with and without shortcuts. No picture is looked at.")
    if data == "picture":
        return _(
            "On {networks}, with your picture; in place of a label, what {network} takes it for.",
            networks=on,
            network=zoo.title(name),
        )
    if masks:
        return NEEDS_MASKS
    return _("This needs labelled pictures, and CIFAR-10 is not on this computer.")


def no_data(name: str, masks: bool) -> Message:
    """Why nothing can be run; `masks`: since it must be known where the objects are."""
    if masks:
        return NEEDS_MASKS
    return _(
        "This experiment counts mistakes, so it needs labelled pictures that {network} knows, and there are none here.",
        network=zoo.title(name),
    )


def downloading(arrived: int, size: int) -> Message:
    return _(
        "Downloading CIFAR-10: {arrived:.0f} of {size:.0f} MB …",
        arrived=arrived / 1e6,
        size=size / 1e6,
    )


def running(done: float, seconds: float) -> Message:
    return _("{done:percent} done, {seconds:.0f} s so far", done=done, seconds=seconds)


def too_long(seconds: float) -> Message:
    return _(
        "It took longer than {seconds:.0f} seconds, which is the limit for each visitor; take fewer pictures.",
        seconds=seconds,
    )
