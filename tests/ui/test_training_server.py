"""Training over HTTP: what a client may ask for, what it gets, and that visitors do not disturb each other."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from gradio_client import Client
from gradio_client.client import Job
from gradio_client.exceptions import AppError

from resnet_demo import ui
from resnet_demo.data import Dataset
from resnet_demo.i18n import Message, language
from resnet_demo.models import weights
from resnet_demo.training.evaluation import evaluate
from resnet_demo.ui import session as sessions
from resnet_demo.ui import store, visits
from resnet_demo.ui.jobs import race as race_module
from resnet_demo.ui.jobs import training as jobs
from resnet_demo.ui.jobs.forecast import Forecast
from resnet_demo.ui.jobs.race import Race
from resnet_demo.ui.pages import train as train_page
from resnet_demo.ui.pages.train import PRESETS

FORM: dict[str, Any] = {
    "depth": 8, "kind": "both", "data": "shapes", "file": None, "budget": "epochs", "seconds": 30, "epochs": 1,
    "recipe": "fast", "batch": 16, "rate": None, "seed": 0,
}  # fmt: skip
OUTPUTS = ("status", "live", "result", "files")  # and the bars; the client is not told of buttons


def squares(count: int, seed: int) -> Dataset:
    """Two classes: bright and dark."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (count,), generator=generator)
    pictures = torch.randint(0, 120, (count, 3, 32, 32), generator=generator) + 120 * labels.view(-1, 1, 1, 1)
    return Dataset("shapes", pictures.byte(), labels, ("dark", "bright"))


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    patch = pytest.MonkeyPatch()
    patch.setattr(
        race_module, "load_dataset", lambda name, train, data_dir=None: squares(64, 1) if train else squares(40, 0)
    )
    race_module._shared.cache_clear()
    demo = ui.launch(prevent_thread_lock=True)
    assert demo.local_url
    yield demo.local_url
    demo.close()
    race_module._shared.cache_clear()
    patch.undo()


@pytest.fixture
def client(address: str) -> Client:
    client = Client(address, verbose=False)
    client.predict(api_name="/start")
    return client


def train(client: Client, **changes: Any) -> dict[str, Any]:
    """The last thing that a training shows."""
    values = client.predict(*{**FORM, **changes}.values(), api_name="/train")
    return dict(zip(OUTPUTS, values, strict=False))


def session_of(client: Client) -> sessions.Session:
    """A client's own, whoever else has just been answered."""
    return next(session for session in visits._visits.things() if session.holder == client.session_hash)


def begin(client: Client) -> tuple[Job, Race]:
    """A long training, of which both networks have been seen."""
    training = session_of(client).of(train_page.Training)
    before = training.race
    job = client.submit(*{**FORM, "epochs": 200}.values(), api_name="/train")
    deadline = time.monotonic() + 60
    while not (race := training.race) or race is before or not race.records["plain8"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job, race


def test_what_was_trained_is_the_visitors(client: Client) -> None:
    shown = train(client)
    assert "What came out" in shown["result"]
    assert shown["result"].count("data-network") == 2
    assert "Done" in shown["status"]
    files = {Path(path).name: Path(path) for path in shown["files"]["value"]}
    assert set(files) == {"curves.png", "curves.svg", "history.csv", "plain8.safetensors", "resnet8.safetensors"}
    model = weights.load_file(files["resnet8.safetensors"])
    accuracy = evaluate(model, squares(40, 0)).accuracy
    assert f"<b>{language('en').percent(accuracy)}</b> of 40 test pictures" in shown["result"]
    answer = client.predict("resnet8", api_name="/network")[0]
    assert answer["weights"] == sessions.HERE
    assert {p["label"] for p in answer["predictions"]} == {"dark", "bright"}
    assert client.predict("plain8", api_name="/network")[0]["weights"] == sessions.HERE
    assert client.predict(api_name="/twin")[0]["model"] == "resnet8"
    assert client.predict("random", api_name="/weights")[0]["weights"] == store.RANDOM
    assert client.predict(sessions.HERE, api_name="/weights")[0]["weights"] == sessions.HERE


def test_what_was_trained_is_told_in_another_language(client: Client) -> None:
    shown = train(client)
    retold = [words for words in client.predict("zh", api_name="/language") if isinstance(words, str)]
    (result,) = (words for words in retold if "训练结果" in words)
    percentages = r"<b>([\d.]+) ?%"
    assert re.findall(percentages, result) == re.findall(percentages, shown["result"]) != []
    assert any("训练完成" in words for words in retold)
    assert any("每个块处的梯度" in words for words in retold)
    assert client.predict("resnet8", api_name="/look")[0]["weights"] == sessions.HERE


def test_another_visitor_sees_nothing_of_it(client: Client, address: str) -> None:
    train(client, kind="plain")
    other = Client(address, verbose=False)
    other.predict(api_name="/start")
    assert other.predict("plain8", api_name="/network")[0]["weights"] == store.RANDOM
    with pytest.raises(AppError, match="No plain8 was trained"):
        other.predict("plain8", api_name="/look")


def test_how_far_a_download_is_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    read = race_module.load_dataset

    def slowly(name: str, train: bool, data_dir: str | None = None) -> Dataset:
        time.sleep(0.5)
        return read(name, train, data_dir)

    monkeypatch.setattr(race_module, "load_dataset", slowly)
    monkeypatch.setattr(train_page, "downloading", lambda name, data_dir: (12_300_000, 170_498_071))
    monkeypatch.setattr(jobs, "WAIT", 0.05)
    job = client.submit(*{**FORM, "data": "cifar10"}.values(), api_name="/train")
    assert "Done" in job.result(timeout=60)[0]
    assert any("12 of 170 MB" in shown[0] for shown in job.outputs())
    assert "MB" not in train_page.arriving("shapes", None, language("en"))  # which are drawn


def test_a_replay_is_exact(client: Client) -> None:
    with pytest.raises(AppError, match="no race to repeat"):
        client.predict(api_name="/train_again")
    train(client)
    shown = dict(zip(OUTPUTS, client.predict(api_name="/train_again"), strict=False))
    assert "exactly as the first time" in shown["result"]


def test_stop_keeps_what_was_learned(client: Client) -> None:
    job, race = begin(client)
    client.predict(api_name="/stop")
    shown = dict(zip(OUTPUTS, job.result(timeout=60), strict=False))
    assert "Stopped" in shown["status"]
    assert shown["result"].count("data-network") == 2
    assert max(training.step for training in race.trainings.values()) < 200 * 4


@pytest.mark.parametrize("how", ["stop", "visit put away"])
def test_an_end_is_heard_while_the_pictures_are_read(
    how: str, client: Client, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, arrived = threading.Event(), threading.Event()

    def slow(plan: Any, data_dir: str | None) -> tuple[Dataset, Dataset]:
        if not reading.is_set():  # the first visitor's, which take as long as a download
            reading.set()
            assert arrived.wait(300)
        return squares(64, 1), squares(40, 0)

    monkeypatch.setattr(train_page, "read_data", slow)
    job = client.submit(*{**FORM, "epochs": 200}.values(), api_name="/train")
    assert reading.wait(60)
    session = session_of(client)
    if how == "stop":
        client.predict(api_name="/stop")
    else:
        visits.end(session.key)
    assert "Nothing trained yet" in job.result(timeout=120)[0]
    assert session.of(train_page.Training).race is None
    other = Client(address, verbose=False)
    other.predict(api_name="/start")
    assert "Done" in train(other)["status"]  # while the first visitor's pictures still arrive, another one trains
    assert not arrived.is_set()
    arrived.set()


def test_training_again_while_looking_at_it(client: Client) -> None:
    train(client)
    assert client.predict("resnet8", api_name="/network")[0]["weights"] == sessions.HERE
    session = session_of(client)
    before = session.trace
    train(client, seed=1)
    assert session.trace is not before  # the new network's, not the old one's
    for depth in (14, 20, 32):
        train(client, depth=depth, kind="plain")
    train(client, depth=44, kind="plain")  # more than are kept: the one in sight stays
    assert len(session.trained) == sessions.MOST_TRAINED
    assert client.predict(api_name="/page_inside")[0]["weights"] == sessions.HERE
    for size in (2, 3):  # and with other classes
        labels = tuple(f"class {index}" for index in range(size))
        sets = [replace(squares(count, seed), classes=labels) for count, seed in ((64, 1), (40, 0))]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(train_page, "read_data", lambda plan, data_dir, sets=sets: tuple(sets))
            train(client, kind="residual")
        answer = client.predict(api_name="/page_inside")[0]
        assert {p["label"] for p in answer["predictions"]} == set(labels)


def test_a_visit_that_ends_frees_the_processor(client: Client) -> None:
    job, race = begin(client)
    visits.end(session_of(client).key)
    job.result(timeout=60)
    steps = [training.step for training in race.trainings.values()]
    time.sleep(1)
    assert steps == [training.step for training in race.trainings.values()]
    assert not race.results


def test_one_visitor_trains_at_a_time(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = [], []
    run = Race.run

    def watched(self: Race) -> Iterator[None]:
        running.append(self)
        most.append(len(running))
        try:
            yield from run(self)
        finally:
            running.remove(self)

    monkeypatch.setattr(Race, "run", watched)
    clients = [Client(address, verbose=False) for _ in range(3)]
    for client in clients:
        client.predict(api_name="/start")
    jobs = [client.submit(*FORM.values(), api_name="/train") for client in clients]
    for job in jobs:
        job.result(timeout=120)
    assert most == [1, 1, 1]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"depth": 1202}, "depth"),
        ({"kind": "neither"}, "kind"),
        ({"data": "/etc/passwd"}, "data set"),
        ({"data": race_module.OWN_PICTURES}, "zip"),
        ({"epochs": 1e9}, "epochs"),
        ({"budget": "seconds", "seconds": 1e6}, "seconds"),
        ({"batch": 100_000}, "batch"),
        ({"rate": -1}, "learning rate"),
        ({"seed": -1}, "seed"),
        ({"recipe": "<img src=x>"}, "recipe"),
    ],
    ids=str,
)
def test_odd_requests_get_one_sentence(
    changes: dict[str, Any], named: str, client: Client, sentence: Callable[[BaseException], str]
) -> None:
    with pytest.raises(AppError, match=named) as error:
        train(client, **changes)
    assert "<" not in str(error.value)
    sentence(error.value)


def test_what_to_expect_is_told_and_a_shorter_network_is_trained_instead(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Forecast({"resnet14": 9, "plain14": 9}, {}, 64, 2, 1, 30.0, shorter=8)
    monkeypatch.setattr(train_page, "forecast", lambda race: found)
    job = client.submit(*{**FORM, "depth": 14, "epochs": 200}.values(), api_name="/train")
    deadline = time.monotonic() + 60
    while not any("Train 8 layers instead" in str(shown) for shown in job.outputs()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    client.predict(api_name="/leave")
    job.result(timeout=60)
    assert not (race := session_of(client).of(train_page.Training).race) or race.abandoned
    job = client.submit(8, api_name="/train_shorter")
    while not (race := session_of(client).of(train_page.Training).race) or race.plan.depth == 14:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    client.predict(api_name="/stop")
    assert "Stopped" in job.result(timeout=60)[0]
    assert race.plan.names == ("resnet8", "plain8")


def test_why_something_cannot_be_is_kept_for_the_page(client: Client) -> None:
    with pytest.raises(AppError, match="seconds"):
        train(client, budget="seconds", seconds=6)
    shown = train_page.refusal(Message("It <b>cannot</b> be."), language("en"))
    assert "role='alert'" in shown
    assert "<b>" not in shown


def test_presets_fill_the_form(client: Client) -> None:
    for name, (depth, kind, data, seconds) in PRESETS.items():
        values = client.predict(api_name=f"/preset_{name}")
        assert values[:3] == (depth, kind, data)
        assert values[5]["value"] == seconds
