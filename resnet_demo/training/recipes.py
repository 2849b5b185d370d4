"""How to train: the settings of stochastic gradient descent, and how the learning rate goes from start to end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..errors import InputError, unknown
from ..i18n import _

SCHEDULES = ("triangle", "steps", "constant")
MUON_FOR_A_MINUTE = 0.1  # Muon's learning rate in batches of 128; see `for_minutes`


@dataclass(frozen=True)
class Recipe:
    """Stochastic gradient descent on the cross-entropy, with these settings. InputError for impossible ones."""

    name: str
    lr: float  # the highest learning rate
    momentum: float
    nesterov: bool
    weight_decay: float
    schedule: str  # one of SCHEDULES: see `learning_rate`
    shift: int | None  # augment with flips and shifts of up to so many pixels; None: not at all
    batch: int = 128
    microbatch: int | None = None  # batch norm sees at most so many pictures at once; None: the whole batch
    small_until: float = 0.0  # for this fraction of the training the crops are 3/4 as high and wide
    settle: bool = False  # at the end, measure the batch-norm statistics anew with the finished weights
    muon: float = 0.0  # the highest learning rate of Muon, which then trains the blocks' filters; 0: SGD trains all

    def __post_init__(self) -> None:
        numbers = (self.lr, self.momentum, self.weight_decay, self.small_until, self.muon)
        counts = (self.batch - 1, self.shift or 0, (1 if self.microbatch is None else self.microbatch) - 1)
        possible = all(isinstance(count, int) and count >= 0 for count in counts)
        if not possible or not all(0 <= number < math.inf for number in numbers) or self.schedule not in SCHEDULES:
            raise InputError(
                "In a recipe all numbers are 0 or more, those of pictures and pixels are whole, and the schedule is "
                "{known:or}.",
                known=SCHEDULES,
            )

    def crop(self, size: int, progress: float) -> int:
        """The side in pixels of the crops that pictures of side `size` are trained in."""
        return size * 3 // 4 if progress < self.small_until else size

    def at_rate(self, lr: float) -> Recipe:
        """The same recipe with another learning rate; Muon's, if it has one, goes with it."""
        return replace(self, lr=lr, muon=self.muon and self.muon * lr / self.lr)


RECIPES = {
    # Small crops first: global average pooling takes any size, and a crop of 24 px costs half of one of 32 px.
    "fast": Recipe("fast", 0.2, 0.9, True, 5e-4, "triangle", 2, microbatch=64, small_until=0.6, settle=True, muon=0.02),
    # He et al. 2015, section 4.2; in batches of 128 on two GPUs
    "paper": Recipe("paper", 0.1, 0.9, False, 1e-4, "steps", shift=4, microbatch=64),
    "textbook": Recipe("textbook", 0.01, 0.0, False, 0.0, "constant", shift=None),  # the textbook loop, for comparison
}
OLD_NAMES = {"seed": "textbook"}  # as version 0.1 called them


def current_name(name: str) -> str:
    """The name of a recipe today, which old files and commands may call otherwise."""
    return OLD_NAMES.get(name, name)


def recipe_of(recipe: Recipe | str, minutes: float | None = None) -> Recipe:
    """A recipe as it is, or by its name: `fast` then fits the time. InputError where there is none of that name."""
    if isinstance(recipe, Recipe):
        return recipe
    recipe = current_name(recipe)
    if recipe not in RECIPES:
        raise unknown(
            recipe,
            RECIPES,
            _("There is no recipe {name!r}; there are {known:and}."),
            _("There is no recipe {name!r} (did you mean {near:or}?); there are {known:and}."),
        )
    return for_minutes(RECIPES[recipe], minutes) if recipe == "fast" and minutes else RECIPES[recipe]


def for_minutes(recipe: Recipe, minutes: float) -> Recipe:
    """The recipe, fitted to a budget of the clock.

    In a very short time many small steps teach more than a few large ones; the learning rates go with the batch (Goyal
    et al. 2017, section 2.1). And Muon's rate falls with the root of the time: its steps are all of one length, and so
    many of them lead about equally far away. `bench/tuning.md` has what was measured; where exactly the bounds should
    lie is not known.
    """
    batch = 32 if minutes <= 0.3 else 64 if minutes <= 0.75 else recipe.batch
    muon = max(recipe.muon, MUON_FOR_A_MINUTE / max(minutes, 1.0) ** 0.5)
    return replace(recipe, batch=batch, muon=muon).at_rate(recipe.lr * batch / recipe.batch)


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The learning rate when the fraction `progress` of the training is done."""
    return recipe.lr * annealed(recipe, progress)


def annealed(recipe: Recipe, progress: float) -> float:
    """The fraction of their highest value that all learning rates have, when that of the training is `progress`."""
    if recipe.schedule == "triangle":  # up for a fifth of the time, then down to zero
        return min(progress / 0.2, (1 - progress) / 0.8)
    if recipe.schedule == "steps":  # a tenth after 32k, a hundredth after 48k of the paper's 64k iterations
        return 1.0 if progress < 0.5 else 0.1 if progress < 0.75 else 0.01
    return 1.0
