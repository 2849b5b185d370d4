"""Training, without any interface: a generator of records that a page or a shell shows.

`take_step` is what training is: the gradient of a batch's loss, and a step of every weight against it. The rest keeps
the budget, reports, and makes a training one that can be stopped, resumed and repeated.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ..data import Dataset, augment, batches
from ..errors import DivergenceError, InputError
from ..i18n import _
from ..images import CIFAR10, Domain
from ..interpret.trace import branch_ratios
from ..models.predict import domain_of
from ..models.resnet import ResNet
from ..models.zoo import name_of
from . import checkpoint as checkpoints
from . import distributed, hardware
from .budget import ASK_IN_SHORT, FINE, SEEDS, Clock, pace_of
from .cuda_graph import CapturedStep
from .evaluation import Evaluation, check_classes, evaluate
from .interruption import BrokenOff, interruptible, statistics_kept
from .microbatches import Microbatches, microbatches_in
from .optimizers import anneal, optimizers
from .provenance import provenance
from .recipes import Recipe, learning_rate, recipe_of
from .records import Meter, Record, Records
from .settling import settle

TELL_EVERY = 0.4  # seconds between records that somebody watches; each costs about as much as eight more pictures
KEEP_EVERY = 30.0  # seconds between checkpoints
GLANCE = 8  # training pictures on which the branches are compared
SETTLE_ON = 1024  # pictures that the batch-norm statistics are measured on at the end
# After a stop, they are measured and tested on fewer pictures: as many as the processor trains on in so many seconds,
# which takes it about two thirds of that time. The least is what a figure in per cent still means something on.
SHORT_END, LEAST_IN_SHORT = 0.5, 50  # the most is `ASK_IN_SHORT`
DIVERGED = 100.0  # a mean loss of this size is no training any more: guessing among 1,000 classes costs 6.9
KEPT = ("step", "seconds", "lr", "progress", "schedule", "finished")  # beside tensors, what a checkpoint holds


def take_step(
    network: Microbatches, optimizers: Sequence[Optimizer], pictures: Tensor, labels: Tensor
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """One step of gradient descent on one batch: pictures uint8 [N, 3, H, W], labels int64 [N].

    Returns loss, logits [n, classes] and labels [n] of each of its parts, as computed before the step.
    """
    answers = network.backward(pictures, labels)
    for optimizer in optimizers:
        optimizer.step()
    return answers


def train(
    model: ResNet,
    train_set: Dataset,
    test_set: Dataset,
    recipe: Recipe | str = "fast",
    epochs: int | None = None,
    minutes: float | None = None,
    seed: int = 0,
    checkpoint: Path | None = None,
    resume: bool = False,
    compile: bool | None = None,
) -> Records:
    """Train `model` in place; yield a record about twice a second, and one with test figures at every test.

    The budget is either a number of `epochs`, with a test after each, which the seed then fixes step by step; or of
    `minutes`, whose schedule follows the clock, with twenty small tests on the way and one of the whole test set at
    the end. With a `checkpoint` the state is saved there at every test of the whole test set and every half minute;
    `resume` goes on from it to the same result, after yielding once more the records with test figures. `compile` is
    done on a GPU by default; on a processor it takes a C++ compiler and two minutes or more, which trainings of less
    than half an hour hardly win back.
    A recipe's batch that is larger than the training set becomes the training set.

    In a notebook the records can be shown while they come, `train(…).show()`.

    >>> from resnet_demo.data import draw_shapes
    >>> records = train(ResNet(seed=0), draw_shapes(40, seed=0), draw_shapes(10, seed=1), epochs=1)
    >>> [record.epoch for record in records if record.test_accuracy is not None]
    [1]

    Raises InputError for an impossible budget or checkpoint, and DivergenceError when the training diverges.
    """
    training = Training(model, train_set, test_set, recipe, epochs=epochs, minutes=minutes, seed=seed, compile=compile)
    seen = epochs and epochs * training.steps_per_epoch * training.recipe.batch
    name = name_of(model.config)

    def records() -> Generator[Record, None, None]:
        for record in training.run(checkpoint, resume):
            if training.finished and record is training.history[-1]:  # its reader may save the network at once
                test = training.test or evaluate(model, training.last_test_set)  # or it was finished before
                model.provenance = {"origin": "trained by resnet_demo.train", **provenance(name, training, test)}
            yield record

    return Records(records(), name, len(test_set.classes), seen)


class Training:
    """One training; `train` is the short way to it.

    `progress` is how much of the budget is used, from 0 to 1. `history` holds the records with test figures, `test` is
    the last test in full, of the whole test set or its first pictures. `schedule` tells how many steps were taken in
    each thousandth of a budget of minutes. Given to another training of the same network, data, recipe, minutes and
    seed, on a machine of the same kind with as many threads, it makes that one repeat this one step by step. `in_short`
    tells on how many pictures the end of a training that was stopped was settled and tested, and is 0 for others; it
    goes with the schedule, so that the repetition of such a one ends in the same way, with the same weights. `half`:
    whether convolutions are computed in bfloat16, by default where that is faster. `give_way` is called between every
    two blocks, and may wait there for those who have to go first.
    """

    def __init__(
        self,
        model: ResNet,
        train_set: Dataset,
        test_set: Dataset,
        recipe: Recipe | str = "fast",
        *,
        epochs: int | None = None,
        minutes: float | None = None,
        schedule: Sequence[int] | None = None,
        in_short: int = 0,
        seed: int = 0,
        compile: bool | None = None,
        half: bool | None = None,
        tell_every: float | None = None,
        give_way: Callable[[], object] | None = None,
    ):
        self.model, self.train_set, self.test_set = model, train_set, test_set
        self.epochs, self.minutes, self.seed = epochs, minutes, seed
        recipe = recipe_of(recipe, minutes)
        self.device = hardware.device()
        self.recipe = replace(
            recipe,
            batch=min(recipe.batch, len(train_set)),
            # A GPU is faster with all of a batch at once.
            microbatch=recipe.microbatch if self.device.type == "cpu" else None,
        )
        if len(train_set) < 2:
            raise InputError("Training needs at least two pictures.")
        microbatches_in(self.recipe)
        if not 0 <= seed < SEEDS:
            raise InputError(
                "{what} must be a whole number from {low} to {high}, not {value!r}.",
                what=_("The seed"),
                low=0,
                high=SEEDS - 1,
                value=seed,
            )
        for dataset in (train_set, test_set):
            check_classes(model, dataset)
        self.steps_per_epoch = len(train_set) // self.recipe.batch
        self.pace = pace_of(epochs, minutes, schedule, self.steps_per_epoch)
        self.progress = self.pace.progress(0, 0.0)
        self.compile = self.device.type == "cuda" if compile is None else compile
        # Alone on a GPU the kernels of a step are launched all at once; several processes compile their networks.
        self._captured = self.compile and self.device.type == "cuda" and distributed.world() == 1
        self.tell_every = TELL_EVERY if tell_every is None else tell_every
        self.give_way = give_way
        self.step, self.seconds, self.lr = 0, 0.0, 0.0
        self.history: list[Record] = []
        self.test: Evaluation | None = None
        self.schedule, self._replayed = [0] * FINE, schedule and list(schedule)
        self.in_short, self.stopped, self.abandoned, self.finished = in_short, False, False, False
        self._gradients: dict[str, float] = {}  # by block, of the last record
        self._broken_off, self._hurries = False, False
        # What is compiled, or what others wait for, has to go through.
        self._interruptible = not self.compile and distributed.world() == 1
        if half is None:  # all processes of a distributed training take the same steps
            half = distributed.from_first(lambda: hardware.half_is_faster(self.device))
        self._clock, self._meter, self.half = Clock(), Meter(self.device), half

    def stop(self) -> None:
        """End the training, from any thread. What was learned is kept, and tested in short.

        A step that is under way is broken off, unless it is the first one: there is always something to tell.
        """
        self.stopped = True

    def abandon(self) -> None:
        """End the training at once, from any thread, without another record: nobody wants to know."""
        self.abandoned = True

    @property
    def progress_now(self) -> float:
        """As `progress`, which is that at the last step: for whoever looks on from another thread."""
        return max(self.progress, self.pace.progress(self.step, self._clock()))

    def run(self, checkpoint: Path | None = None, resume: bool = False) -> Generator[Record, None, None]:
        """Train, from the start or from a checkpoint; see `train`."""
        with closing(self.steps(checkpoint, resume)) as steps:
            yield from (record for record in steps if record)

    def steps(self, checkpoint: Path | None = None, resume: bool = False) -> Generator[Record | None, None, None]:
        """As `run`, but after every step: a record where there is one, else None.

        So several trainings can take turns; see `bench/zoo.py`, which trains many networks on one GPU.
        """
        model, recipe = self.model, self.recipe
        model.domain, model.provenance = dataset_domain(self.train_set), None  # what was known of it is no longer so
        model.requires_grad_(True)
        # Channels last is the order in which convolutions are computed: nothing has to be reordered on the way.
        model.to(device=self.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        descent = optimizers(model, recipe)
        data = self.train_set
        try:
            if self.device.type == "cuda" and self.train_set.pictures.device.type == "cpu":
                self.train_set = self.train_set.to(self.device)  # batches are then made there, too
            if resume and checkpoint:
                self._restore(checkpoint, descent)
                if self.finished:
                    _put_back(model)  # before its last record, as below
                yield from self.history
            if self.finished:
                return
            with (
                self._asking(),
                Microbatches(model, recipe, self.half, self.compile and not self._captured) as network,
            ):
                for record in self._steps(network, descent, checkpoint):
                    self._clock.stop()
                    yield record
                    self._clock.start()
            last = self._last_record()
            if last is None:
                return
            self.progress = 1.0
            if not self._hurries:
                self.finished = True
                self._keep(checkpoint, descent)
            _put_back(model)  # before the last record: its reader may use the network at once
            yield last
        finally:
            self.train_set = data
            _put_back(model)
            model.zero_grad()

    def _steps(
        self, network: Microbatches, descent: Sequence[Optimizer], checkpoint: Path | None
    ) -> Iterator[Record | None]:
        """Take all the steps that the budget still allows, and one at least: there is always something to tell."""

        def take(pictures: Tensor, labels: Tensor) -> None:
            for loss, logits, right in take_step(network, descent, pictures, labels):
                self._meter.add(loss, logits, right)

        def state() -> Iterator[Tensor]:
            yield from (*self.model.parameters(), *self.model.buffers(), self._meter.sums)
            for optimizer in descent:
                for kept in optimizer.state.values():
                    yield from (value for value in kept.values() if isinstance(value, Tensor))

        if self._captured:
            take = CapturedStep(take, state)
        # Statistics that are measured anew at the end need not be kept.
        kept_whole = statistics_kept if self._interruptible and not self.recipe.settle else nullcontext
        tests = self.pace.tests(self.step, self.progress)
        self._clock.start()
        start = told = kept = time.perf_counter()
        for pictures, labels in self._batches():
            lr = self.lr
            try:
                with kept_whole(self.model):
                    self._step(take, descent, pictures, labels)
            except BrokenOff:
                self._broken_off, self.lr = True, lr
                return
            now = time.perf_counter()
            self.seconds += now - start
            start = now
            progress = 1.0 if self.stopped or self.abandoned else self.pace.progress(self.step, self._clock())
            # All processes of a distributed training do the same next, at the word of the first one's clock.
            self.progress, tell, keep = distributed.agreed(
                progress, now - told > self.tell_every, now - kept > KEEP_EVERY
            )
            if self.progress >= 1:
                return
            due = self.pace.tests(self.step, self.progress)
            if due > tests:
                tests = due
                if self.device.type == "cuda":  # what is still under way belongs to training, not to the test
                    torch.cuda.current_stream().synchronize()
                    self.seconds += time.perf_counter() - now
                # By the clock, a test on the way takes time from training: half precision is enough for it.
                try:
                    record = self._tested(self.test_set) if self.epochs else self._tested(self.sample, self.half)
                except BrokenOff:
                    return
            elif tell:
                record = self._record()
            else:
                yield None
                continue
            if keep or (self.epochs and record.test_loss is not None):
                self._keep(checkpoint, descent)
                kept = now
            yield record
            start = told = time.perf_counter()

    def _asking(self) -> AbstractContextManager[None]:
        """Whoever stops or leaves the training is heard in the middle of what is done here."""

        def unwanted() -> bool:
            if self.give_way is not None:
                self.give_way()
            return self.abandoned or (self.stopped and self.step > 0 and not self._hurries)

        return interruptible(self.model, unwanted) if self._interruptible else nullcontext()

    def _last_record(self) -> Record | None:
        """Settle and test what was learned: in short for whoever stops, even in the middle of this; None if abandoned.

        Tested where it was trained: the pictures go there, and a processor would take long. The order of memory is the
        usual one for that, so that a later test of these weights finds the same figures, rounding and all.
        """
        model, recipe, stopped = self.model, self.recipe, self.stopped
        while not self.abandoned:
            self._hurries = stopped
            if stopped and not self.in_short:
                self.in_short = self._short_end
            try:
                with self._asking():
                    if recipe.settle:
                        model.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
                        settle_on = self.in_short or max(SETTLE_ON, recipe.batch)
                        settle(model, self.train_set.subset(settle_on), min(recipe.batch, settle_on))
                    model.eval().to(memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
                    return self._tested(self.last_test_set)
            except BrokenOff:
                stopped = True
        return None

    @property
    def _short_end(self) -> int:
        """How many pictures a stopped training is settled and tested on."""
        affordable = int(SHORT_END * self.step * self.recipe.batch / max(self.seconds, 1e-3))
        return min(max(affordable, LEAST_IN_SHORT), ASK_IN_SHORT)

    def _step(
        self, take: Callable[[Tensor, Tensor], None], descent: Sequence[Optimizer], pictures: Tensor, labels: Tensor
    ) -> None:
        """Augment one batch, uint8 [N, 3, H, W] and int64 [N], and take a step at this moment's learning rate."""
        recipe = self.recipe
        self.lr = learning_rate(recipe, self.progress)
        if recipe.shift is not None:
            # Seeding every step by its number: a resumed run draws the same crops, and so does each of many processes.
            luck = torch.Generator().manual_seed(2**40 + self.seed * 10_000_019 + self.step)
            size, crop = pictures.shape[-1], recipe.crop(pictures.shape[-1], self.progress)
            pictures = augment(pictures, crop, recipe.shift if crop == size else 0, luck)
        anneal(descent, recipe, self.progress)
        take(pictures, labels)
        self.schedule[int(FINE * self.progress)] += 1
        self.step += 1

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The rest of this epoch, and the epochs after it."""
        while True:
            # Seeding every epoch by its number makes a resumed run see the same batches as an uninterrupted one.
            order = torch.Generator().manual_seed(self.seed * 100_003 + self.step // self.steps_per_epoch)
            yield from batches(self.train_set, self.recipe.batch, order, start=self.step % self.steps_per_epoch)

    @property
    def sample(self) -> Dataset:
        """The part of the test set that is asked on the way: more where there is more time."""
        return self.test_set.subset(min(max(int(240 * (self.minutes or 0)), 100), 1000))

    @property
    def last_test_set(self) -> Dataset:
        """The part of the test set that is asked at the end: all of it, unless the training was stopped."""
        return self.test_set.subset(self.in_short) if self.in_short else self.test_set

    def _record(self, test: Evaluation | None = None) -> Record:
        """What is known now. Raises DivergenceError where that is no training any more."""
        loss, accuracy = self._meter.means()
        finite = bool(torch.cat([value.flatten() for value in self.model.state_dict().values()]).isfinite().all())
        # Not `loss > DIVERGED`, which is false for what is not a number.
        if not loss <= DIVERGED or not finite or (test and not math.isfinite(test.loss)):
            raise DivergenceError(
                _("The training diverged: its loss grew beyond all bounds; try a lower learning rate or another seed.")
            )
        if not self._broken_off:  # else they are a part of a step's; the last whole one's are those of the last record
            self._gradients = self._norms()
        glance = domain_of(self.model).normalise(self.train_set.pictures[:GLANCE].to(self.device))
        return Record(
            epoch=self.step // self.steps_per_epoch,
            step=self.step,
            images=self.step * self.recipe.batch,
            seconds=self.seconds,
            lr=self.lr,
            train_loss=loss,
            train_accuracy=accuracy,
            gradients=self._gradients,
            ratios=branch_ratios(self.model, glance),
            test_loss=test and test.loss,
            test_accuracy=test and test.accuracy,
            test_pictures=test and test.n,
        )

    def _norms(self) -> dict[str, float]:
        """By block, the norm of the last step's gradient.

        In one order of memory, whichever the weights are in at the moment: the last digits of a sum depend on it.
        """
        gradients = {
            name: [weight.grad.contiguous().norm() for weight in block.parameters() if weight.grad is not None]
            for name, block in self.model.named_blocks()
        }
        return {name: torch.stack(norms).norm().item() for name, norms in gradients.items()}

    def _tested(self, test_set: Dataset, half: bool = False) -> Record:
        """A record with test figures; the means begin anew after it."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            self.test = evaluate(self.model, test_set)
        record = self._record(self.test)
        self.history.append(record)
        self._meter.clear()
        return record

    def _keep(self, checkpoint: Path | None, descent: Sequence[Optimizer]) -> None:
        sums = distributed.total(self._meter.sums.clone())
        if checkpoint is None or distributed.rank() > 0:
            return
        state = {name: getattr(self, name) for name in KEPT}
        state |= {"history": [asdict(record) for record in self.history], "clock": self._clock()}
        state |= {"model": self.model.state_dict(), "meter": sums, "half": self.half}
        state |= {"optimizers": [optimizer.state_dict() for optimizer in descent]}
        checkpoints.keep(checkpoint, self._task, state)

    def _restore(self, checkpoint: Path, descent: Sequence[Optimizer]) -> None:
        """Take the state up again, if there is a checkpoint; of several processes, only the first one reads it."""
        state = distributed.from_first(
            lambda: checkpoints.restore(checkpoint, self._task) if checkpoint.is_file() else None
        )
        if state is None:
            return
        try:
            self.model.load_state_dict(state["model"])
            for optimizer, kept in zip(descent, state["optimizers"], strict=True):
                optimizer.load_state_dict(kept)
                for group in optimizer.param_groups:
                    if isinstance(group["lr"], Tensor):
                        group["lr"] = group["lr"].to(self.device)
            self.history = [Record(**record) for record in state["history"]]
            self._clock, self.half = Clock(state["clock"]), state.get("half", self.half)
            if distributed.rank() == 0:  # these are the sums of all processes
                self._meter.sums.copy_(state["meter"])
            for name in KEPT:
                setattr(self, name, state[name])
        except (KeyError, TypeError, RuntimeError, ValueError):
            raise checkpoints.unfit(checkpoint) from None

    @property
    def _task(self) -> dict[str, Any]:
        """What a checkpoint must agree with to be resumed."""
        return {
            "network": asdict(self.model.config),
            "data": [self.train_set.name, len(self.train_set)],
            "recipe": asdict(self.recipe),
            "seed": self.seed,
            "epochs": self.epochs,
            "minutes": self.minutes,
            "replayed": self._replayed,
            **({"in_short": self.in_short} if self.in_short else {}),  # otherwise nothing, like checkpoints of before
        }


def _put_back(model: ResNet) -> None:
    """As others expect a network: in eval mode, on the processor, in the usual order of memory."""
    model.to(device="cpu", memory_format=torch.contiguous_format)  # pyright: ignore[reportCallIssue]
    model.eval()


def dataset_domain(dataset: Dataset) -> Domain:
    """The domain of networks trained on a data set: its classes, its size, its own mean and standard deviation."""
    if (dataset.name, dataset.classes) == ("cifar10", CIFAR10.labels):  # a folder can be called so, too
        return CIFAR10
    values = dataset.pictures[:: max(1, len(dataset) // 10_000)].float() / 255  # [n, 3, H, W]
    mean, std = (tuple(v.tolist()) for v in (values.mean((0, 2, 3)), values.std((0, 2, 3)).clamp(min=1e-3)))
    size = dataset.pictures.shape[-1]
    return replace(CIFAR10, name=dataset.name, labels=dataset.classes, size=size, resize=size, mean=mean, std=std)
