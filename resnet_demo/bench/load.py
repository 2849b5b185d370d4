"""How the app answers many visitors at once: `resnet-demo bench load`.

The app is served as it is, as a process of its own; so many visitors click, each with a cookie, a visit, pictures and a
network of their own, in turns on the pages Inside, Grad-CAM and Cut. What each of them has to be answered was found out
before, while nobody else was there, and its classes by the library: every answer is compared with that, so that a mixed
one is counted. With `training` a visitor more trains all the time, with `attacker` another sends pictures that are made
to take long (see `attacks`).

`ours` is the 95th percentile of a classification in seconds, and the limit 3 s. The visitors run beside the server:
`visitors_cores` is the share of a core that they take.
"""

from __future__ import annotations

import asyncio
import io
import os
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from ..assets import asset
from ..images import CIFAR10, load_image
from ..models.predict import classify
from ..models.zoo import load
from .attacks import pictures_that_take_long
from .servers import APP, server
from .visitors import App, Failed, Refused, Visitor, same

LIMIT = 3.0  # seconds
NETWORKS = ("resnet20", "plain20", "resnet56", "preresnet20", "resnet32", "plain56")
AGAIN = 0.5  # seconds until a visitor who was refused clicks again
KEPT = 30  # seconds that the server keeps an upload, here
PICTURES = 2  # of each visitor
SPREAD = 7  # clicks that a visitor is ahead of the one before
KINDS = ("classify", "inspect", "gradcam", "cut")
FROM, TO = 200, 1200  # the requests between which memory is looked at
CROWD, EACH = 8, 8  # visitors, and how many requests each of them has at once: more than there are places
TRAINING = 600.0  # seconds that an answer to it may take: under load it has a quarter of its time
TRAINED = ("resnet20 and plain20, 60 s", [20, "both", "shapes", None, "seconds", 60, 1, "fast", None, None, 0])


@dataclass(frozen=True)
class Click:
    """An event of a visitor: its kind, its name, and what comes with it."""

    kind: str
    name: str
    value: Any = None
    clicked: Any = None
    picture: bytes | None = None
    expected: str | None = None  # the class that the library finds in the picture


def clicks_of(number: int) -> tuple[str, list[Click]]:
    """A visitor's network, and what they do over and over."""
    network = NETWORKS[number % len(NETWORKS)]
    blocks = [name for name, _block in load(network).named_blocks()]
    one, other = blocks[1 + number % (len(blocks) - 2)], blocks[-1 - number % 3]
    clicks: list[Click] = []
    for which in range(PICTURES):
        picture, content = _picture(PICTURES * number + which)
        model = load(network)
        best = classify(model, picture, 1)[0]
        target = (best.index + 1 + number) % 10
        clicks += [
            Click("classify", "upload", picture=content, expected=best.label),
            Click("inspect", "inside_block", clicked=one),
            Click("inspect", "inside_target", clicked=target),
            Click("gradcam", "page_gradcam"),
            Click("gradcam", "gradcam_block", clicked=other),
            Click("cut", "page_cut"),
            Click("cut", "cut_wire", clicked=one),
            Click("cut", "mend"),
            Click("inspect", "page_inside"),
            Click("inspect", "inside_block", clicked=other),
        ]
    return network, clicks


def _picture(number: int) -> tuple[Image.Image, bytes]:
    """A picture like no other visitor's, and its file: an example in other colours, mirrored or not."""
    label = CIFAR10.labels[number % 10]
    pixels = np.asarray(load_image(asset("examples", f"{label}.png")).convert("RGB")).astype(np.int16)
    shift = np.array([(37 * number) % 61, (53 * number) % 59, (71 * number) % 67]) - 30
    pixels = np.clip(pixels + shift, 0, 255).astype(np.uint8)
    picture = Image.fromarray(pixels[:, :: -1 if number % 3 == 0 else 1].copy())
    file = io.BytesIO()
    picture.save(file, "PNG")
    return picture, file.getvalue()


@dataclass
class Told:
    """What the visitors were answered."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    rests: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    attacks: list[float] = field(default_factory=list)
    trainings: list[float] = field(default_factory=list)

    @property
    def answers(self) -> int:
        return sum(map(len, self.seconds.values()))


class Clicking:
    """A visitor who clicks, and who knows what has to be answered."""

    def __init__(self, number: int, app: App, address: str):
        self.number, self.visitor = number, Visitor(app, address)
        self.network, self.clicks = clicks_of(number)
        self._first = SPREAD * number % len(self.clicks)  # of what is clicked: else all would do the same all the time
        self._expected: list[dict[int, Any]] = []  # what the page shows after each click, alone on the server
        self._uncompared = {app.parts["answered"]} | {part for part, kind in app.kinds.items() if kind == "state"}

    async def prepare(self) -> None:
        """Do everything once, alone on the server, and keep what was answered."""
        await self.visitor.open()
        await self.visitor.send("choose_network", clicked=self.network)
        await self._send(self.clicks[-1])  # as before each round
        for click in self.clicks:
            await self._send(click)
            await self.visitor.rest(click.name)
            self._expected.append(dict(self.visitor.seen))
            self._judge(click)
        for click in self.clicks[: self._first]:
            await self._send(click)
            await self.visitor.rest(click.name)

    def _judge(self, click: Click) -> None:
        """The answer's class is what the library says."""
        if click.expected is not None:
            answers = [value for value in self.visitor.seen.values() if isinstance(value, dict) and "model" in value]
            found = answers[0]["model"], answers[0]["predictions"][0]["label"]
            if found != (self.network, click.expected):
                raise RuntimeError(f"Alone on the server: {found}, by the library {self.network, click.expected}.")

    async def _send(self, click: Click) -> dict[int, Any]:
        values = (click.value,) if click.name.startswith("page_") else ()
        if click.picture is not None:
            values = (await self.visitor.upload(click.picture, f"{self.number}.png"),)
        return await self.visitor.send(click.name, *values, clicked=click.clicked)

    async def click_on(self, told: Told, going: Callable[[], bool], every: float) -> None:
        await asyncio.sleep(every * (self.number * 0.618 % 1))  # not all of them at once
        steps = range(len(self.clicks))
        for step in cycle([*steps[self._first :], *steps[: self._first]]):
            if not going():
                return
            click, begun = self.clicks[step], time.perf_counter()
            while True:
                try:
                    start = time.perf_counter()
                    shown = await self._send(click)
                    told.seconds[click.kind].append(time.perf_counter() - start)
                    shown |= await self.visitor.rest(click.name)
                    told.rests.append(time.perf_counter() - start)
                    self._compare(step, shown, told)
                    break
                except Refused as refusal:
                    told.refusals.append(refusal.seconds)
                except Failed as failure:
                    told.errors[str(failure)[:200]] += 1
                except Exception as failure:
                    told.errors[f"{type(failure).__name__} {failure}"[:200]] += 1
                await asyncio.sleep(AGAIN)
                if not going():
                    return
            await asyncio.sleep(max(0.0, every - (time.perf_counter() - begun)))

    def _compare(self, step: int, shown: dict[int, Any], told: Told) -> None:
        for part, value in shown.items():
            if part in self._uncompared or part not in self._expected[step]:
                continue
            if not same(value, self._expected[step][part]):
                told.wrong.append(f"visitor {self.number}, {self.clicks[step].name}, component {part}")
                return


def measure(
    visitors: int = 16,
    seconds: float = 60,
    every: float = 0,
    training: bool = False,
    attacker: bool = False,
    memory: bool = False,
) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        program = f"from resnet_demo.ui import shell; shell.UPLOADS = 1, {KEPT}; {APP}"
        with server(program, environment={"GRADIO_TEMP_DIR": folder}) as (port, _, process):
            found = asyncio.run(
                _measure(f"http://127.0.0.1:{port}", process, visitors, seconds, every, training, attacker, memory)
            )
            deadline = time.monotonic() + KEPT + 10
            while (files := _files(folder)) and time.monotonic() < deadline:
                time.sleep(1)
    beside = "".join(f", {what}" for what, there in (("a training", training), ("an attacker", attacker)) if there)
    return {
        "ours": found["p95"]["classify"],
        "peer": LIMIT,
        "limit": LIMIT,
        "ratio": found["p95"]["classify"] / LIMIT,
        **found,
        "temporary_files": files,
        "unit": "ours / limit: p95 of a classification; p50, p95, refusals and the longest training in seconds; "
        "`memory`: kB for each request from number 200 to 1,200, `memory_last`: for the last 1,000; "
        "`*_cores`: of processor time a second",
        "work": f"{visitors} visitors for {seconds:g} s, who click "
        f"{f'every {every:g} s' if every else 'without a pause'}{beside}; networks {', '.join(NETWORKS)}",
    }


async def _measure(
    address: str, process: int, visitors: int, seconds: float, every: float, training: bool, attacker: bool,
    memory: bool,
) -> dict[str, Any]:  # fmt: skip
    app, told = await App.at(address), Told()
    clicking = [Clicking(number, app, address) for number in range(visitors)]
    for one in clicking:
        await one.prepare()
    weights: list[tuple[int, float]] = []
    start, mine, theirs = time.perf_counter(), time.process_time(), processor(process)
    enough = FROM + (TO - FROM) if memory else 0

    def going() -> bool:
        return time.perf_counter() - start < seconds or told.answers < enough

    async def weigh() -> None:
        while True:
            weights.append((told.answers, resident(process)))
            await asyncio.sleep(0.5)

    beside = [asyncio.create_task(weigh())]
    if training:
        beside.append(asyncio.create_task(_train(app, address, told)))
    if attacker:
        beside.append(asyncio.create_task(_attack(app, address, told)))
    await asyncio.gather(*(one.click_on(told, going, every) for one in clicking))
    wall, mine, theirs = time.perf_counter() - start, time.process_time() - mine, processor(process) - theirs
    for task in beside:
        task.cancel()
    for task in beside:
        with suppress(asyncio.CancelledError):
            await task
    full = await _crowd(app, address)
    refusals = told.refusals + [taken for taken, _words in full]
    for one in clicking:
        await one.visitor.close()
    return {
        "answers": told.answers,
        "answers_per_second": told.answers / wall,
        "wrong": len(told.wrong),
        "errors": sum(told.errors.values()),
        "empty_errors": told.errors[""],
        "refused": len(told.refusals),
        "refusal": max(refusals, default=None),
        "refused_with": full[0][1] if full else None,
        "p50": {kind: statistics.median(found) for kind, found in told.seconds.items() if found},
        "p95": {kind: late(found) for kind, found in told.seconds.items() if found},
        "p95_whole": late(told.rests),
        "by_kind": {kind: len(found) for kind, found in told.seconds.items()},
        "attacks": len(told.attacks),
        "p95_attack": late(told.attacks) if told.attacks else None,
        "trainings": len(told.trainings),
        "training": max(told.trainings, default=None),
        "memory": growth(weights, FROM, TO),
        "memory_last": growth(weights, told.answers - (TO - FROM), told.answers),
        "memory_mb": resident(process) / 1e3,
        "server_cores": theirs / wall,
        "server_seconds_per_answer": theirs / max(1, told.answers),
        "visitors_cores": mine / wall,
        "examples": [*told.wrong[:3], *list(told.errors)[:3]],
    }


async def _train(app: App, address: str, told: Told) -> None:
    """A visitor who trains all the time."""
    visitor = Visitor(app, address)
    await visitor.open()
    while True:
        try:
            start = time.perf_counter()
            await visitor.send("train", *TRAINED[1], patience=TRAINING)
            told.trainings.append(time.perf_counter() - start)
        except (Refused, Failed) as failure:
            if isinstance(failure, Failed):
                told.errors[f"training: {failure}"[:200]] += 1
            await asyncio.sleep(AGAIN)


async def _attack(app: App, address: str, told: Told) -> None:
    """A visitor who sends pictures that take long, one after another."""
    visitor = Visitor(app, address)
    await visitor.open()
    for name, content in cycle(pictures_that_take_long().items()):
        start = time.perf_counter()
        try:
            await visitor.send("upload", await visitor.upload(content, name))
        except Refused:
            await asyncio.sleep(AGAIN)
        except Failed as failure:
            if not str(failure):  # that it is refused is right, but in a sentence
                told.errors[""] += 1
        told.attacks.append(time.perf_counter() - start)


async def _crowd(app: App, address: str) -> list[tuple[float, str]]:
    """More requests at once than are taken: the seconds until each that was refused knew, and what it was told."""
    crowd = [Visitor(app, address) for _ in range(CROWD)]
    for visitor in crowd:
        await visitor.open()
    told: list[tuple[float, str]] = []

    async def ask(visitor: Visitor) -> None:
        try:
            await visitor.join("page_cut", None)
        except Refused as refusal:
            told.append((refusal.seconds, str(refusal)))

    await asyncio.gather(*(ask(visitor) for _ in range(EACH) for visitor in crowd))
    for visitor in crowd:
        await visitor.answers()
        await visitor.close()
    return told


def _files(folder: str) -> int:
    return sum(path.is_file() for path in Path(folder).rglob("*"))


def late(seconds: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else max(seconds, default=0.0)


def growth(weights: list[tuple[int, float]], since: int, until: int) -> float | None:
    """kB for each request between two of them, from (requests, kB) on the way; None where it were fewer."""
    within = [(count, weight) for count, weight in weights if since <= count <= until + 50]
    if since < FROM or not within or within[-1][0] < until - 50:
        return None
    counts, kilobytes = zip(*within, strict=True)
    return statistics.linear_regression(counts, kilobytes).slope


def _family(process: int) -> list[int]:
    """A process and those that it started."""
    found = [process]
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            for child in islice((thread / "children").read_text().split(), 100):
                found += _family(int(child))
    return found


def processor(process: int) -> float:
    """Seconds of processor time that a process and its children have had, those that ended among them."""
    total = 0.0
    if sys.platform == "win32":
        return total
    for number in _family(process):
        with suppress(OSError):
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def resident(process: int) -> float:
    """kB of memory that a process holds, without its children."""
    if sys.platform == "win32":
        return 0.0
    with suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1000
    return 0.0
