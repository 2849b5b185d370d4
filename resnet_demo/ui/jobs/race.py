"""A visitor's training: one network, or a residual one and its plain twin at once, within what the server allows."""

from __future__ import annotations

import csv
import io
import logging
import threading
import time
from collections.abc import Callable, Generator
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from ...data import DATASETS, Dataset, Survey, load_dataset, load_halves, survey
from ...errors import DivergenceError, InputError
from ...figures import curves_svg, draw_history, figure_png
from ...i18n import Message, _
from ...isolation import load_isolated
from ...models import zoo
from ...models.resnet import ResNet
from ...models.weights import save
from ...training.evaluation import Evaluation
from ...training.provenance import provenance
from ...training.recipes import RECIPES, Recipe, recipe_of
from ...training.records import Record
from ...training.threads import threads_of
from ...training.trainer import Training
from .. import places
from ..bounds import number_within, one_of, whole_number
from .film import filmed

RESIDUAL, PLAIN, BOTH = "residual", "plain", "both"
KINDS = (BOTH, RESIDUAL, PLAIN)
SHAPES, OWN_PICTURES = "shapes", "my pictures"
DATA = (SHAPES, *DATASETS, OWN_PICTURES)
DEPTHS = (8, 14, 20, 32, 44, 56, 110)
# What the server gives a visitor, whatever a request says.
LEAST_SECONDS, MOST_SECONDS, MOST_EPOCHS = 10, 600, 200
BATCHES = (16, 512)
MOST_LAYERS = 110 * 128  # depth times batch: what a step keeps for its way back; so much takes about 1.6 GB
RATES = (1e-5, 10.0)
MOST_PICTURES = 20_000  # of the visitor's own
MOST_CLASSES = 200
TEST_ON = 1_000  # pictures of the test set that are asked at the end


@dataclass(frozen=True)
class Plan:
    """What a visitor asked for; every value is judged here, since a client of the API can send anything."""

    depth: int = 20
    kind: str = BOTH
    data: str = SHAPES
    file: str | None = None  # a zip of class folders
    seconds: float | None = 30.0  # of the whole race …
    epochs: int | None = None  # … or epochs of each network
    recipe: str = "fast"
    batch: int | None = None  # None: the recipe's own
    rate: float | None = None  # the highest learning rate; None: the recipe's own
    seed: int = 0

    def __post_init__(self) -> None:
        one_of(self.depth, DEPTHS, _("The depth"))
        one_of(self.kind, KINDS, _("The kind of network"))
        one_of(self.data, DATA, _("The data set"))
        one_of(self.recipe, tuple(RECIPES), _("The recipe"))
        if (self.seconds is None) == (self.epochs is None):
            raise InputError("Training needs a budget: either seconds or epochs.")
        if self.seconds is not None:
            number_within(self.seconds, LEAST_SECONDS, MOST_SECONDS, _("The budget in seconds"))
        else:
            whole_number(self.epochs, 1, MOST_EPOCHS, _("The number of epochs"))
        if self.batch is not None:
            whole_number(self.batch, *BATCHES, _("The batch"))
        if self.rate is not None:
            number_within(self.rate, *RATES, _("The learning rate"))
        if self.depth * self.settings.batch > MOST_LAYERS:
            raise InputError(
                "At depth {depth} a batch can have at most {most} pictures here.",
                depth=self.depth,
                most=MOST_LAYERS // self.depth,
            )
        whole_number(self.seed, 0, 2**31 - 1, _("The seed"))
        if self.data == OWN_PICTURES and self.file is None:
            raise InputError("There are no pictures of yours yet: upload a zip with one folder of pictures per class.")

    @property
    def names(self) -> tuple[str, ...]:
        kinds = {RESIDUAL: ("resnet",), PLAIN: ("plain",), BOTH: ("resnet", "plain")}[self.kind]
        return tuple(f"{kind}{self.depth}" for kind in kinds)

    @property
    def minutes(self) -> float | None:
        """The time of each network: they train at once."""
        return self.seconds / 60 if self.seconds else None

    @property
    def minutes_alone(self) -> float | None:
        """In so many each would learn as much, if it had all cores to itself."""
        return self.minutes and self.minutes / len(self.names)

    @property
    def settings(self) -> Recipe:
        recipe = recipe_of(self.recipe, self.minutes_alone)
        recipe = recipe if self.batch is None else replace(recipe, batch=int(self.batch))
        return recipe if self.rate is None else recipe.at_rate(float(self.rate))


def batch_of(recipe: object, batch: object) -> int:
    """Pictures per step: the form's, or the recipe's own. Raises InputError for what cannot be."""
    if batch is not None:
        return whole_number(batch, *BATCHES, _("The batch"))
    return recipe_of(one_of(recipe, tuple(RECIPES), _("The recipe"))).batch


# One reading of each data set at a time: a shared one goes on when the visitor did not wait for it, for the next one.
_READING = {name: threading.Lock() for name in DATA}
WAIT = 0.25  # seconds between two looks at whether pictures are still wanted
unwanted: ContextVar[Callable[[], bool]] = ContextVar("unwanted", default=lambda: False)


class UnwantedError(BaseException):
    """Nobody wants these pictures any more. No Exception: whatever reads pictures takes that for a damaged one."""


def _ask() -> None:
    if unwanted.get()():
        raise UnwantedError


@lru_cache(maxsize=2)  # read-only, shared by all visitors; CIFAR-10 takes 180 MB
def _shared(name: str, data_dir: str | None) -> tuple[Dataset, Dataset]:
    return load_dataset(name, True, data_dir), load_dataset(name, False, data_dir)


def read_data(plan: Plan, data_dir: str | None) -> tuple[Dataset, Dataset]:
    """The training and the test half of what the plan trains on.

    Raises UnwantedError where they are `unwanted` meanwhile: who asks again and again must not have all wait.
    """
    while not _READING[plan.data].acquire(timeout=WAIT):
        _ask()
    try:
        return _own(plan) if plan.data == OWN_PICTURES else _shared(plan.data, data_dir)
    finally:
        _READING[plan.data].release()


def look_through(file: str) -> Survey:
    """What the names in a visitor's zip tell of its pictures. Raises InputError where these cannot be trained on."""
    found = survey(_zip(file))
    _check_size(found.training + found.testing, len(found.classes))
    return found


def _own(plan: Plan) -> tuple[Dataset, Dataset]:
    assert plan.file is not None

    def read(picture: Path | bytes) -> Image.Image:
        _ask()
        return load_isolated(picture)

    halves = load_halves(_zip(plan.file), read=read)
    _check_size(sum(map(len, halves)), len(halves[0].classes))
    return halves


def _zip(file: str) -> str:
    if not Path(file).is_file():  # a client of the API could name a folder of the server's
        raise InputError("The pictures must be a zip file with one folder of pictures per class.")
    return file


def _check_size(pictures: int, classes: int) -> None:
    if pictures > MOST_PICTURES or classes > MOST_CLASSES:
        raise InputError(
            "Here you can train on at most {most:,} pictures of {most_classes} classes, and these are {pictures:,} of "
            "{classes}; use the library for more.",
            most=MOST_PICTURES,
            most_classes=MOST_CLASSES,
            pictures=pictures,
            classes=classes,
        )


@dataclass
class Result:
    """A network that finished (or was stopped), and how it did on (a part of) the test set."""

    model: ResNet
    test: Evaluation
    test_set: Dataset
    film: dict[int, ResNet] = field(default_factory=dict)  # see `film`


@dataclass
class Race:
    """Trainings side by side, each in a thread of its own and on its share of the cores.

    Threads that divide every layer of one network wait for each other at the end of each; beside other work, all the
    time. Networks have nothing to wait for: on two cores these two train nearly twice as fast as in turns, and three
    times as fast beside two busy processes. `bench beside` measures it.

    Iterating over `run` trains, and yields whenever there is something new to show.
    """

    plan: Plan
    train_set: Dataset
    test_set: Dataset
    schedules: dict[str, list[int]] = field(default_factory=dict)  # of the race that this one repeats
    repeated: dict[str, list[Record]] = field(default_factory=dict)  # and its tests
    short: dict[str, int] = field(default_factory=dict)  # and, of those of its networks that were stopped, `in_short`
    trainings: dict[str, Training] = field(default_factory=dict)
    records: dict[str, list[Record]] = field(default_factory=dict)
    films: dict[str, dict[int, ResNet]] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    failures: dict[str, Message | str] = field(default_factory=dict)  # by network, why its training ended early
    stopped: bool = False
    abandoned: bool = False
    mark: object = field(default_factory=object)  # which distinguishes it from every other race

    def __post_init__(self) -> None:
        plan, classes = self.plan, len(self.train_set.classes)
        self._running, self._ending = set(plan.names), threading.Lock()
        self._folder: TemporaryDirectory[str] | None = None
        for name in plan.names:
            self.trainings[name] = Training(
                zoo.build(name, int(plan.seed), classes),
                self.train_set,
                self.test_set.subset(TEST_ON),
                plan.settings,
                epochs=plan.epochs,
                minutes=plan.minutes,
                schedule=self.schedules.get(name),
                in_short=self.short.get(name, 0),
                seed=int(plan.seed),
                give_way=places.GivesWay(places.network),
                compile=False,  # which would take a minute of a budget that is hardly longer
            )
            self.records[name], self.films[name] = [], {}

    def stop(self) -> None:
        """End at once and keep what was learned; before its first step is over a network has not learned anything."""
        self.stopped = True
        for training in self.trainings.values():
            training.stop() if training.step else training.abandon()

    def abandon(self) -> None:
        """End at once; nobody is there to see what came out."""
        self.abandoned = True
        for training in self.trainings.values():
            training.abandon()

    @property
    def over(self) -> bool:
        return not self._running

    @property
    def progress(self) -> float:
        done = [training.progress_now if name in self._running else 1.0 for name, training in self.trainings.items()]
        return sum(done) / len(done)

    @property
    def conditions(self) -> tuple[object, ...]:
        """What a network learned from, and how: two that were trained under equal ones can be compared.

        Those of a race that was stopped, or that repeats one, are like no other's: who knows at which step that ended.
        """
        plan = self.plan
        ended = self.mark if self.stopped or self.repeated else None
        return plan.data, plan.file, plan.settings, plan.epochs, plan.minutes_alone, plan.seed, ended

    @property
    def own_bytes(self) -> int:
        """The memory of pictures that are this visitor's alone."""
        return sum(half.pictures.nbytes for half in (self.train_set, self.test_set)) * (self.plan.data == OWN_PICTURES)

    def run(self) -> Generator[None, None, None]:
        """Train all networks; yield with every record and every end. Whoever closes it ends the trainings."""
        started, cores, count = time.monotonic(), torch.get_num_threads(), len(self.trainings)
        news: SimpleQueue[bool] = SimpleQueue()  # whether that was a network's end
        threads = threads_of(count, max(1, cores // count))
        try:
            for name in self.trainings:
                threads.submit(self._train, name, news.put)
            while count:
                count -= news.get()
                if self.abandoned:
                    return
                if time.monotonic() - started > 1.2 * MOST_SECONDS:  # a ceiling that epochs cannot break
                    self.stop()
                yield
        finally:
            for name in list(self._running):
                self.trainings[name].abandon()
            threads.shutdown()
            torch.set_num_threads(cores)  # trainings with threads of their own change what those to come begin with
            self._running.clear()

    def _train(self, name: str, tell: Callable[[bool], None]) -> None:
        try:
            for record in filmed(self.trainings[name], self.films[name]):
                self.records[name].append(record)
                tell(False)
            if not self.abandoned:
                self._finish_or_fail(name)
        except DivergenceError as error:
            self._fail(name, error.message)
        except Exception:  # whatever it was, the other network goes on, and the page gets word of an end
            logging.getLogger(__name__).exception("The training of %s failed.", name)
            self._fail(name, _("Something unexpected happened; the server's log says what."))
        finally:
            tell(True)

    def _finish_or_fail(self, name: str) -> None:
        try:
            self._finish(name)
        except Exception:
            logging.getLogger(__name__).exception("The end of the training of %s failed.", name)
            self._fail(name, _("Something unexpected happened; the server's log says what."))

    def _fail(self, name: str, why: Message | str) -> None:
        self._running.discard(name)
        self.failures[name] = why

    def _finish(self, name: str) -> None:
        training = self.trainings[name]
        if training.abandoned:
            return self._fail(name, _("it was stopped before its first step was over."))
        test = training.test
        assert test is not None
        model = training.model.requires_grad_(False)
        model.provenance = {"origin": "trained in the app", **provenance(name, training, test)}
        result = Result(model, test, self.test_set.subset(test.n), self.films[name])
        with self._ending:
            self._running.discard(name)
            done = {**self.results, name: result}
            self.results = {name: done[name] for name in self.trainings if name in done}  # whoever was ready first

    @property
    def repeatable(self) -> bool:
        """Not by epochs if it was stopped: where it stopped was not the clock's doing."""
        begun = all(training.step for training in self.trainings.values())
        return bool(self.results) and begun and not (self.stopped and self.plan.epochs)

    def repeat(self) -> Race:
        """The same race once more: same seeds, same schedules."""
        trainings = self.trainings
        return Race(
            self.plan,
            self.train_set,
            self.test_set,
            {} if self.plan.epochs else {name: training.schedule for name, training in trainings.items()},
            {name: training.history for name, training in trainings.items()},
            {name: training.in_short for name, training in trainings.items() if training.in_short},
        )

    @property
    def repeats_exactly(self) -> bool | None:
        """Whether every test came out as in the race that this one repeats; None if it repeats none."""
        if not self.repeated:
            return None

        def tests(history: list[Record]) -> list[tuple[int, float | None]]:
            return [(record.step, record.test_loss) for record in history]

        return all(tests(self.repeated[name]) == tests(self.trainings[name].history) for name in self.trainings)

    def write_files(self) -> list[str]:
        """Weights, history and plots, in a folder that goes when the race goes."""
        if self._folder is not None:  # a page that was loaded again asks once more
            return sorted(map(str, Path(self._folder.name).iterdir()))
        folder = TemporaryDirectory(prefix="resnet-demo-")
        place = Path(folder.name)
        for name, result in self.results.items():
            save(result.model, place / f"{name}.safetensors")
        (place / "history.csv").write_text(self._table(), "utf-8")
        # English, whatever the page speaks: files are taken elsewhere, and a PNG needs a font for every sign.
        drawing = draw_history({name: training.history for name, training in self.trainings.items()})
        (place / "curves.svg").write_text(curves_svg(drawing, "Loss and accuracy of the race"), "utf-8")
        (place / "curves.png").write_bytes(figure_png(drawing))
        self._folder = folder  # not before all of them are whole: a disk may be full
        return sorted(map(str, place.iterdir()))

    def _table(self) -> str:
        text = io.StringIO()
        blocks = [name for name, _ in next(iter(self.trainings.values())).model.named_blocks()]
        columns = [column.name for column in fields(Record) if column.name not in ("gradients", "ratios")]
        writer = csv.writer(text)
        writer.writerow(["network", *columns, *(f"gradient {b}" for b in blocks), *(f"ratio {b}" for b in blocks)])
        for name, records in self.records.items():
            for record in records:
                values = [getattr(record, column) for column in columns]
                values += [record.gradients.get(block) for block in blocks]
                values += [record.ratios.get(block) for block in blocks]
                writer.writerow([name, *("" if value is None else value for value in values)])
        return text.getvalue()
