"""The real app over HTTP: every event, and whatever a client may send."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import fake_cifar
import httpx
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from resnet_demo import ui
from resnet_demo.assets import asset
from resnet_demo.images import CIFAR10
from resnet_demo.interpret.attribution import METHODS
from resnet_demo.models import weights, zoo
from resnet_demo.models.predict import classify
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.ui import network_drawer, pictures, visits
from resnet_demo.ui.lesson import prose
from resnet_demo.ui.session import OWN, Session
from resnet_demo.ui.shell import build_demo
from resnet_demo.ui.store import RANDOM, TRAINED

NASTY = """<img src=x onerror="alert('1')">"""
ODD_NUMBERS = [float("nan"), float("inf"), float("-inf"), -1, 1e9, 1e300, 2.5, "3", "abc", True, None, [1], {"a": 1}]


# The server


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real app, served from this process, with a small made-up CIFAR-10 on its disk."""
    patch = pytest.MonkeyPatch()
    data = fake_cifar.write(tmp_path_factory.mktemp("data"), train=10, test=20)
    for name in ("train_list", "test_list", "meta"):
        patch.setattr(fake_cifar.CIFAR10, name, getattr(fake_cifar.CIFAR10, name))
    fake_cifar.trust()
    pictures.look_again(None)
    demo = ui.launch(data_dir=str(data), prevent_thread_lock=True)
    assert demo.local_url
    yield demo.local_url
    demo.close()
    pictures.look_again(None)
    patch.undo()


class Guest:
    """A visitor who comes by way of the API."""

    def __init__(self, address: str, client: Client | None = None) -> None:
        self.client = client or Client(address, verbose=False)
        self.seen: dict[str, Any] = {}  # by the components' ids
        self.ids = {part["id"]: part["props"].get("elem_id") for part in self.client.config["components"]}
        hidden = {part["id"] for part in self.client.config["components"] if part.get("skip_api")}
        self.events = {event["api_name"]: event for event in self.client.config["dependencies"]}
        self.outputs = {
            name: [self.ids[output] for output in event["outputs"] if output not in hidden]
            for name, event in self.events.items()
        }

    def ask(self, api_name: str, *values: Any) -> dict[str, Any]:
        """Trigger an event; returns the answer as data, and keeps what the pages show in `seen`.

        What follows the event on the page is asked for, too: what stands further down comes in a second answer.
        """
        result = self.client.predict(*values, api_name=f"/{api_name}")
        self._see(self.outputs[api_name], result)
        for event in self.events.values():
            follows = event["trigger_after"] == self.events[api_name]["id"]
            if follows and event["trigger_only_on_success"] and event["backend_fn"]:
                asked = {"data": [None], "fn_index": event["id"], "session_hash": self.client.session_hash}
                answer = httpx.post(f"{self.client.src}gradio_api/run/predict", json=asked, timeout=60)
                self._see([self.ids[output] for output in event["outputs"]], answer.json()["data"])
        assert isinstance(result[0], dict), result[0]
        return result[0]

    def _see(self, names: Sequence[str], values: Sequence[Any]) -> None:
        """A component that an answer says nothing of stays as it is."""
        for name, value in zip(names, values, strict=True):
            told = {**value, **value.get("props", {})} if isinstance(value, dict) else {}
            if "__type__" not in told or set(told) - {"__type__", "props"}:
                self.seen[name] = value

    def refused(self, api_name: str, *values: Any) -> str:
        with pytest.raises(AppError) as error:
            self.client.predict(*values, api_name=f"/{api_name}")
        return str(error.value)

    def refused_raw(self, api_name: str, value: Any) -> str:
        """As `refused`, for values that gradio's client does not send, since no strict JSON holds them."""
        (index,) = (i for i, e in self.client.endpoints.items() if e.api_name == f"/{api_name}")
        session_hash = {"session_hash": self.client.session_hash}
        queue = f"{self.client.src}gradio_api/queue/"
        asked = {"data": [None, value], "fn_index": index, **session_hash}
        httpx.post(queue + "join", content=json.dumps(asked), headers={"Content-Type": "application/json"})
        with httpx.stream(
            "GET", queue + "data", params={"session_hash": self.client.session_hash}, timeout=60
        ) as lines:
            for line in lines.iter_lines():
                message = json.loads(line.removeprefix("data:")) if line.startswith("data:") else {}
                if message.get("msg") == "process_completed":
                    assert message["success"] is False
                    return message["output"]["error"]
        raise AssertionError("The server said nothing.")


@pytest.fixture(scope="module")
def client(address: str) -> Client:
    return Client(address, verbose=False)


@pytest.fixture
def guest(address: str, client: Client) -> Guest:
    """Somebody who has just come in: `start` ends the session before."""
    guest = Guest(address, client)
    guest.ask("start")
    return guest


def save_png(path: Path, picture: Image.Image) -> Any:
    picture.save(path)
    return handle_file(str(path))


def test_every_event_has_a_name(guest: Guest) -> None:
    offered = {
        endpoint.api_name
        for endpoint in guest.client.endpoints.values()
        if endpoint.api_visibility == "public"  # pyright: ignore
    }
    assert offered == {f"/{name}" for name in (
        "start", "go", "upload", "classify", "example", "random_picture", "network", "twin", "weights", "training",
        "seed", "upload_weights", "crop", "screen", "second_example", "second_upload", "second_removed",
        "choose_network", "cancel_download", "download_again", "without_download", "name_classes",
        "target", "block", "channel", "sign", "attribute", "inside_target", "inside_target_of_evidence",
        "inside_block", "inside_channel",
        "gradcam_block", "page_inside", "page_gradcam", "page_train", "seed_left",
        "page_cut", "cut_wire", "cut_wire_of_block", "dial", "mend", "language", "epoch", "shortcuts",
        "shortcuts_in_drawer",
        "reading",
        "page_learn", "start_lesson", "lesson_back", "lesson_next", "lesson_control", "learn_step", "learn_lesson",
        "learn_lesson_below", "lesson_ahead", "lesson_answer",
        "page_experiments", "experiments_experiment", "experiments_compared", "run_experiment", "stop_experiment",
        "download_cifar10", "cut_from_bundled", "cut_from_live",
        "train", "train_again", "train_shorter", "leave", "stop", "look",
        "preset_twins", "preset_deep", "preset_own", "pictures", "budget",
    )}  # fmt: skip


def test_a_page_chosen_before_the_visit_begins_changes_nothing(address: str) -> None:
    """gradio chooses the first page as the app opens, while `start` runs: which of the two ends first is chance."""
    guest = Guest(address, Client(address, verbose=False))
    before = guest.client.predict(api_name="/page_inside")
    updates = [update for update in before if isinstance(update, dict)]  # besides the number of the answer
    assert len(updates) == len(before) - 1
    assert not any("value" in {**update, **update.get("props", {})} for update in updates)
    guest.ask("start")
    guest.ask("page_inside")
    assert "data-block" in guest.seen["street"]


@pytest.mark.parametrize("query", ["page=cut", "page=", "deep_link=x", "tab=cut&page=cut", "x=%00&y=%ff", "?", "&&="])
def test_any_address_of_the_page_opens_it(query: str, address: str) -> None:
    """`page` and `deep_link` are gradio's own, which looks for what there is not."""
    answer = httpx.get(f"{address.rstrip('/')}/?{query}")
    assert answer.status_code == 200
    assert "<html" in answer.text


def test_the_lesson_can_be_taken_by_a_client(guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    client, title = guest.client, "### {}. {}"
    steps = [prose.read(number, "en") for number in range(1, 10)]
    guest.ask("start")
    assert title.format(1, steps[0].title) in str(client.predict(api_name="/start_lesson"))
    assert title.format(2, steps[1].title) in str(client.predict(api_name="/lesson_next"))
    assert title.format(1, steps[0].title) in str(client.predict(api_name="/lesson_back"))
    assert "The step must be" in guest.refused("lesson_back")
    assert title.format(6, steps[5].title) in str(client.predict(6, api_name="/learn_step"))
    shown = str(client.predict("layer2.1", api_name="/learn_lesson"))
    assert "Without block 2.1: ResNet-56" in shown  # the lesson's network
    shown = str(client.predict(None, None, 0.5, None, api_name="/lesson_control"))
    assert "Without block 2.1 and with every F(x) multiplied by 0.5" in shown
    assert "must be a number" in guest.refused("lesson_control", None, None, "x", None)
    assert "There is no block" in guest.refused("learn_lesson", "layer9.9")
    client.predict("6,2", api_name="/lesson_answer")
    assert "There is no question" in guest.refused("lesson_answer", "99,1")
    last = str(client.predict(9, api_name="/learn_step"))
    assert "At the first attempt, 1 of 9 questions was answered correctly." in last
    assert "without-shortcuts.safetensors" in last


def test_an_experiment_is_chosen_run_and_cut_from(guest: Guest) -> None:
    guest.client.predict("lens", api_name="/experiments_experiment")
    guest.ask("page_experiments")
    assert "What does it know after each block" in guest.seen["experiment"]
    assert "CIFAR-10’s test pictures" in guest.seen["experiment-here"]
    *_, last = guest.client.submit(4, api_name="/run_experiment")
    (live,) = (value for value in last if "Run it here" in str(value) and "<svg" in str(value))
    assert "4 test pictures of CIFAR-10" in str(live)
    assert "number of pictures" in guest.refused("run_experiment", 10**6)
    assert "no experiment" in guest.refused("experiments_experiment", "sunshine")
    guest.ask("cut_from_live", "plain20 layer2.1")
    assert guest.ask("page_cut")["model"] == "plain20"
    assert "Without F of block 2.1" in guest.seen["cut-street"]


def test_drawings_come_for_the_screen_that_there_is(address: str) -> None:
    guest = Guest(address, Client(address, verbose=False))
    guest.ask("start")  # it says nothing of a screen
    guest.ask("page_cut")
    for screen, kinds in (("wide", {"rd-wide"}), ("tall", {"rd-tall"}), ("both", {"rd-wide", "rd-tall"})):
        guest.ask("screen", screen)
        for drawing in ("cut-street", "cut-block"):
            assert set(re.findall(r"rd-wide|rd-tall", guest.seen[drawing])) == kinds
    assert "The screen must be" in guest.refused("screen", "round")


def test_first_visit_is_answered(guest: Guest) -> None:
    said = guest.ask("start")
    expected = classify(zoo.load("resnet20"), asset("examples", "cat.png"))
    assert (said["model"], said["weights"], said["block"]) == ("resnet20", TRAINED, "layer1.1")
    assert [p["label"] for p in said["predictions"]] == [p.label for p in expected]
    assert said["predictions"][0]["probability"] == pytest.approx(expected[0].probability, abs=1e-5)
    assert said["target"] == expected[0].label
    assert expected[0].label in guest.seen["answer"]
    assert "<svg" in guest.seen["evidence"]


def test_classify_is_the_librarys_answer(guest: Guest, picture: Image.Image, tmp_path: Path) -> None:
    said = guest.ask("classify", save_png(tmp_path / "mine.png", picture))
    expected = classify(zoo.load("resnet20"), picture)
    assert [p["label"] for p in said["predictions"]] == [p.label for p in expected]
    for mine, library in zip(said["predictions"], expected, strict=True):
        assert mine["probability"] == pytest.approx(library.probability, abs=1e-5)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    in_address = {
        "url": "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode(),
        "meta": {"_type": "gradio.FileData"},
    }
    assert guest.ask("classify", in_address)["predictions"] == said["predictions"]


def test_everything_a_person_can_do(guest: Guest, tmp_path: Path, forwards: list[str]) -> None:
    """Every named event once, in one session, with what it is to bring about."""
    said = guest.ask("example", "frog")
    assert len(forwards) == 1
    assert said["predictions"][0]["label"] == classify(zoo.load("resnet20"), asset("examples", "frog.png"))[0].label
    forwards.clear()

    # None of these runs the network.
    assert guest.ask("target", 8)["target"] == "ship"
    assert "“ship”" in guest.seen["evidence"]
    assert guest.ask("inside_target", 2)["target"] == "bird"
    assert guest.ask("page_inside")["target"] == "bird"
    assert "data-block" in guest.seen["street"]
    assert guest.ask("block", "layer3.2")["block"] == "layer3.2"
    assert "Block 3.2" in guest.seen["block"]
    assert guest.ask("inside_block", "layer2.0")["block"] == "layer2.0"
    guest.ask("channel", 11)
    assert "Channel 11 enlarged" in guest.seen["channels"]
    guest.ask("inside_channel", 30)
    assert "Channel 30 enlarged" in guest.seen["channels"]
    guest.ask("page_gradcam")
    assert guest.seen["strip"].count("data-block") == 9
    assert guest.ask("gradcam_block", "layer1.0")["block"] == "layer1.0"
    assert "Block 1.0" in guest.seen["cam"]
    guest.ask("sign", "signed")
    positive = guest.seen["cam"]
    guest.ask("sign", "positive")
    assert positive != guest.seen["cam"] or "No positive" not in positive
    guest.ask("page_cut")
    assert "the network as it is" in guest.seen["cut-street"]
    guest.ask("cut_wire", "layer2.1")
    assert "Without F of block 2.1" in guest.seen["cut-street"]
    guest.ask("cut_wire_of_block", "layer2.0.shortcut")
    assert "Without F of block 2.1 and without the shortcut of block 2.0" in guest.seen["cut-street"]
    assert "Block 2.0: its two wires" in guest.seen["cut-block"]
    guest.ask("dial", 0.5, 1.2)
    assert "every F(x) multiplied by 0.5 and with every shortcut multiplied by 1.2" in guest.seen["cut-street"]
    assert "before" in guest.seen["lens"]
    guest.ask("mend")
    assert "the network as it is" in guest.seen["cut-street"]
    assert guest.ask("page_inside")["target"] == "bird"
    assert forwards == []

    # These do.
    guest.ask("page_gradcam")
    for method in METHODS:
        guest.ask("attribute", method)
        assert "<svg" in guest.seen["other"]
        assert len(forwards) >= 1
        forwards.clear()
    assert guest.ask("twin")["model"] == "plain20"
    assert len(forwards) == 1
    assert "only one branch" in guest.seen["split"]
    said = guest.ask("network", "resnet8")
    assert (said["model"], said["weights"]) == ("resnet8", RANDOM)
    first = guest.ask("seed", 1)["predictions"]
    assert guest.ask("seed", 2)["predictions"] != first
    assert guest.ask("seed", 1)["predictions"] == first
    guest.ask("network", "resnet20")
    assert guest.ask("weights", RANDOM)["weights"] == RANDOM
    assert guest.ask("weights", TRAINED)["weights"] == TRAINED
    guest.ask("random_picture")

    own = zoo.build("resnet14", seed=3)
    own.domain = replace(CIFAR10, labels=tuple(f"thing {index}" for index in range(10)))
    path = weights.save(own, tmp_path / "own.safetensors")
    said = guest.ask("upload_weights", handle_file(str(path)))
    assert (said["model"], said["weights"], said["trained"]) == ("own.safetensors", OWN, False)
    assert said["note"] == "Not trained: its answer means nothing."
    assert said["predictions"][0]["label"].startswith("thing")
    assert guest.ask("network", "resnet20")["weights"] == TRAINED


def test_a_field_that_is_left_late_changes_nothing(guest: Guest) -> None:
    """Choosing other weights leaves the seed's field; which of the two events comes first is chance."""
    guest.ask("network", "resnet20")
    guest.ask("weights", RANDOM)
    assert guest.ask("weights", TRAINED)["weights"] == TRAINED
    assert guest.ask("seed_left", 7)["weights"] == TRAINED
    guest.ask("weights", RANDOM)
    before = guest.ask("seed_left", 7)
    assert before["weights"] == RANDOM
    assert guest.ask("seed_left", 8)["predictions"] != before["predictions"]


def test_labels_of_an_uploaded_network_stay_text(guest: Guest, tmp_path: Path) -> None:
    own = ResNet(ResNetConfig((1, 1, 1), (4, 8, 16)), seed=0)
    own.state_dict()["layer1.0.residual.bn1.running_mean"].fill_(0.1)  # it has learned something
    own.domain = replace(CIFAR10, name=NASTY, labels=tuple(f"{NASTY}{index}" for index in range(10)))
    own.provenance = {"energy_percentiles": [100.0] * 100}  # every picture is unlike the training pictures
    guest.ask("upload_weights", handle_file(str(weights.save(own, tmp_path / "own.safetensors"))))
    shown = dict(guest.seen)
    for page in ("page_inside", "page_gradcam"):
        guest.ask(page)
        shown |= {name: html for name, html in guest.seen.items() if isinstance(html, str)}
    guest.ask("attribute", "Saliency")
    shown |= {name: html for name, html in guest.seen.items() if isinstance(html, str)}
    assert "&lt;img src=x" in shown["answer"]
    assert "may be unlike those that the network knows" in shown["answer"]
    for name in (
        "chips", "answer", "evidence", "street", "block", "channels", "curves", "strip", "cam", "split", "other",
    ):  # fmt: skip
        assert isinstance(shown[name], str), name
        assert "<img src=x" not in shown[name], name


def test_another_language_loses_nothing(guest: Guest, forwards: list[str]) -> None:
    guest.ask("example", "frog")
    guest.ask("target", 8)
    guest.ask("page_cut")
    before = guest.ask("cut_wire", "layer2.1")
    forwards.clear()
    assert guest.ask("language", "zh") == before  # the API's data stays as it is
    assert "切断块 2.1 的残差分支之后" in guest.seen["cut-street"]
    assert "青蛙" in guest.seen["cut-answer"]
    guest.ask("page_gradcam")
    assert "每个块在哪里看到“船”" in guest.seen["strip"]
    guest.ask("attribute", "Saliency")
    forwards.clear()
    assert "显著图" in guest.seen["other"]
    guest.ask("page_inside")
    assert "青蛙" in guest.seen["street"]
    assert "两条分支各携带多少" in guest.seen["curves"]
    assert guest.ask("language", "en") == before
    assert "How much each branch carries" in guest.seen["curves"]
    guest.ask("page_gradcam")
    assert "Saliency: how strongly" in guest.seen["other"]
    assert forwards == []
    for wrong in ("de", "", None, 3, ["zh"], NASTY):
        assert "The language must be en or zh" in guest.refused("language", wrong)


# What cannot be used


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims so many pixels, with a correct checksum and almost no data."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def encoded(picture: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return buffer.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


BAD_PICTURES = {
    "not an image": (lambda: b"These are words, not a picture. " * 40, "bad.png", "cannot? be read|is not a picture"),
    "truncated": (lambda: encoded(noise(64, 64), "PNG")[:3000], "bad.png", "damaged"),
    "truncated JPEG": (lambda: encoded(noise(64, 64), "JPEG")[:900], "bad.jpg", "damaged"),
    "zero bytes": (lambda: b"", "bad.png", "is not a picture|empty"),
    "PCX": (lambda: encoded(noise(64, 64), "PCX"), "bad.pcx", "use JPEG, PNG"),
    "PCX called PNG": (lambda: encoded(noise(64, 64), "PCX"), "bad.png", "use JPEG, PNG"),
    "1x1": (lambda: encoded(noise(1, 1), "PNG"), "bad.png", "1 x 1 pixels"),
    "30000x1": (lambda: encoded(noise(30000, 1), "PNG"), "bad.png", "30000 x 1 pixels"),
    "30000x10": (lambda: encoded(noise(30000, 10), "PNG"), "bad.png", "at most 20 times"),
    "bomb": (lambda: bomb(60_000, 60_000), "bad.png", "too large|megapixels"),
}


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_bad_picture_gets_one_sentence(
    case: str, guest: Guest, tmp_path: Path, sentence: Callable[[BaseException], str]
) -> None:
    make, name, expected = BAD_PICTURES[case]
    before = guest.ask("page_inside")
    path = tmp_path / name
    path.write_bytes(make())
    said = guest.refused("classify", handle_file(str(path)))
    sentence(AppError(said))
    assert re.search(expected, said), said
    assert guest.ask("page_inside") == before  # the app goes on with what it had


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,@@@@", "data:image/png;base64,", "data:,hello", "data:image/png;base64,aGVsbG8gd29ybGQ="],
)
def test_bad_data_address_gets_one_sentence(url: str, guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    said = guest.refused("classify", {"url": url, "meta": {"_type": "gradio.FileData"}})
    sentence(AppError(said))
    assert "picture" in said
    assert guest.ask("page_inside")["predictions"]


def test_an_emptied_box_changes_nothing(guest: Guest) -> None:
    before = guest.ask("page_inside")["predictions"]
    assert "There is no picture yet" in guest.refused("classify", None)
    assert guest.ask("page_inside")["predictions"] == before


@pytest.mark.parametrize("api_name", ["target", "inside_target", "channel", "inside_channel", "seed", "training"])
def test_odd_numbers_get_one_sentence(api_name: str, guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    before = guest.ask("page_inside")
    for value in ODD_NUMBERS:
        if api_name == "seed" and value == 1e9:
            continue  # a good seed
        strict = not isinstance(value, float) or math.isfinite(value)
        said = guest.refused(api_name, value) if strict else guest.refused_raw(api_name, value)
        sentence(AppError(said))
        no_training = api_name == "training" and value == 1e9  # a whole number, but of no training
        expected = "were trained from the seeds 0" if no_training else "must be a whole number from 0 to "
        assert expected in said, (value, said)
    assert guest.ask("page_inside") == before


def test_dials_end_somewhere(guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    before = guest.ask("page_cut")
    for value in (-0.1, 1.6, 1e300, "3", True, None, [1]):
        for values, which in (((value, 1), "F(x)"), ((1, value), "the shortcuts")):
            said = guest.refused("dial", *values)
            sentence(AppError(said))
            assert f"The dial of {which} must be a number from 0 to 1.5" in said, (value, said)
    assert guest.ask("page_cut") == before
    assert "the network as it is" in guest.seen["cut-street"]


@pytest.mark.parametrize(
    ("api_name", "values", "expected"),
    [
        ("network", ("resnet9", "resnet", "", None, 7, NASTY, ["resnet20"]), "There is no network"),
        ("weights", ("stolen", "", None, 3, "/etc/passwd"), "Weights are trained or random"),
        ("block", ("layer9.0", "", None, 4, "layer1", ["layer1.0"]), "There is no block"),
        ("inside_block", ("layer9.0", None, {"a": 1}), "There is no block"),
        ("gradcam_block", ("layer9.0", None), "There is no block"),
        ("cut_wire", ("layer9.0", None, ["layer1.0"]), "There is no block"),
        ("example", ("unicorn", "../weights/resnet20", None, 3), "There is no example"),
        ("sign", ("both", None, 1, ["signed"]), "The evidence must be positive or signed"),
        ("attribute", ("Guess", None, 1, "__class__"), "There is no method"),
    ],
)
def test_odd_names_get_one_sentence(
    api_name: str, values: tuple[Any, ...], expected: str, guest: Guest, sentence: Callable[[BaseException], str]
) -> None:
    before = guest.ask("page_inside")
    for value in values:
        said = guest.refused(api_name, value)
        sentence(AppError(said))
        assert expected in said, (value, said)
    assert guest.ask("page_inside") == before


def test_bad_checkpoints_get_one_sentence(
    guest: Guest, tmp_path: Path, sentence: Callable[[BaseException], str]
) -> None:
    class Spy:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "executed",)

    before = guest.ask("page_inside")
    model = zoo.build("resnet8", seed=0)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    files: dict[str, Callable[[Path], Any]] = {
        "zero.safetensors": lambda path: path.write_bytes(b""),
        "words.safetensors": lambda path: path.write_bytes(b"these are words"),
        "words.pt": lambda path: path.write_bytes(b"these are words"),
        "spy.pt": lambda path: torch.save({"state_dict": Spy()}, path),
        "other.pt": lambda path: torch.save({"a": torch.ones(2)}, path),
        "missing.pth": lambda path: torch.save(
            {k: v for k, v in state.items() if "layer2.0.residual.conv2" not in k}, path
        ),
        "nan.th": lambda path: torch.save({**state, "fc.bias": torch.full((10,), float("nan"))}, path),
        "photo.png": lambda path: noise(32, 32).save(path),
        "no.name": lambda path: path.write_bytes(b"?"),
    }
    for name, write in files.items():
        write(tmp_path / name)
        sentence(AppError(guest.refused("upload_weights", handle_file(str(tmp_path / name)))))
    sentence(AppError(guest.refused("upload_weights", None)))
    assert not (tmp_path / "executed").exists()
    assert guest.ask("page_inside") == before


def test_what_shows_nothing_anew_is_answered_too() -> None:
    """Else the page would wait on: as it is loaded, its first tab is chosen before the visit has a key."""
    demo = build_demo()
    component = next(c for c in demo.blocks.values() if c.elem_id == "answered")
    select = next(f.fn for f in demo.fns.values() if f.api_name == "page_inside")
    assert select is not None
    first, second = select(None, None)[component], select(None, True)[component]
    assert second > first


def test_what_is_the_visitors_file_is_called_by_its_name(guest: Guest, tmp_path: Path) -> None:
    own = ResNet(ResNetConfig((1, 1, 1), (2, 4, 8)), seed=0)
    guest.ask("upload_weights", handle_file(str(weights.save(own, tmp_path / "own.safetensors"))))
    assert ">own.safetensors</span>" in guest.seen["chips"]
    guest.ask("network", "resnet20")
    assert ">own.safetensors</span>" not in guest.seen["chips"]


def test_a_bottleneck_network_has_no_twin(guest: Guest, tmp_path: Path) -> None:
    own = ResNet(ResNetConfig((1, 1, 1), (2, 4, 8), "bottleneck", shortcut="B"), seed=0)
    said = guest.ask("upload_weights", handle_file(str(weights.save(own, tmp_path / "own.safetensors"))))
    assert said["weights"] == OWN
    assert "has no twin here" in guest.refused("twin")
    assert guest.ask("page_inside")["weights"] == OWN
    guest.ask("page_inside")
    guest.ask("block", "layer2.0")
    assert "1×1 projection" in guest.seen["block"]
    session = Session()
    session.use_network("resnet20", TRAINED)
    assert "data-shortcuts" in network_drawer.switch(session)
    session.use_network("resnet50", RANDOM)
    assert network_drawer.switch(session) == ""


def test_a_client_that_never_began_is_told_what_to_do(address: str, sentence: Callable[[BaseException], str]) -> None:
    guest = Guest(address)
    for api_name, value in (("target", 3), ("block", "layer1.0"), ("channel", 0), ("attribute", "Saliency")):
        said = guest.refused(api_name, value)
        sentence(AppError(said))
        assert "There is no picture yet" in said
    assert guest.ask("example", "dog")["model"] == "resnet20"  # no `start` needed


def test_a_visit_that_was_put_away_says_so(
    guest: Guest, monkeypatch: pytest.MonkeyPatch, sentence: Callable[[BaseException], str]
) -> None:
    monkeypatch.setattr(visits, "_visits", visits.registry())  # an hour later: they are gone
    for api_name, values in (("page_inside", ()), ("block", ("layer1.0",)), ("example", ("dog",))):
        said = guest.refused(api_name, *values)
        sentence(AppError(said))
        assert "reload the page" in said
    assert guest.ask("start")["predictions"]
    assert guest.ask("page_inside")["block"] == "layer1.1"


def test_two_visitors_never_see_each_others_results(address: str) -> None:
    plans = [("resnet20", "cat", 2), ("plain20", "ship", 7), ("resnet8", "frog", 0), ("plain8", "truck", 9)]
    expected = []
    for name, example, target in plans:
        session = Session()
        session.use_network(name, TRAINED if zoo.bundled_weights(name) else RANDOM)
        session.show_picture(pictures.example_picture(session, example))
        session.explain(target)
        expected.append((session, [p.label for p in session.predictions()]))
    guests = [Guest(address) for _ in plans]
    together = threading.Barrier(len(plans))

    def work(index: int) -> int:
        (name, example, target), guest = plans[index], guests[index]
        session, labels = expected[index]
        right = 0
        together.wait()
        guest.ask("network", name)
        guest.ask("example", example)
        for turn in range(6):
            block = session.seen.blocks[turn % 3].name
            guest.ask("target", target)
            said = guest.ask("block", block)
            assert (said["model"], said["target"], said["block"]) == (name, CIFAR10.labels[target], block)
            assert [p["label"] for p in said["predictions"]] == labels
            for mine, library in zip(said["predictions"], session.predictions(), strict=True):
                assert mine["probability"] == pytest.approx(library.probability, abs=1e-5)
            right += 1
        return right

    with ThreadPoolExecutor(len(plans)) as pool:
        assert list(pool.map(work, range(len(plans)))) == [6] * len(plans)


def test_result_is_plain_json(guest: Guest) -> None:
    said = guest.ask("page_inside")
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert sum(p["probability"] for p in said["predictions"]) <= 1 + 1e-6


# Place: Back, Forward, and a page that begins again


def test_an_address_is_gone_to(guest: Guest, forwards: list[str]) -> None:
    guest.ask("target", 8)
    guest.ask("page_cut")
    guest.ask("dial", 0.5, 1.2)
    there = guest.seen["address"]
    said = guest.ask("go", "model=resnet20&weights=trained&tab=gradcam&block=layer3.1&target=cat&picture=cat")
    assert (said["block"], said["target"]) == ("layer3.1", "cat")
    assert "Block 3.1" in guest.seen["cam"]
    assert guest.ask("go", there)["target"] == "ship"
    assert guest.seen["address"] == there
    assert (guest.seen["dial-residual"], guest.seen["dial-shortcut"]) == (0.5, 1.2)
    assert "every F(x) multiplied by 0.5" in guest.seen["cut-street"]
    assert forwards == []


def test_where_one_cannot_go_is_said(guest: Guest, sentence: Callable[[BaseException], str]) -> None:
    before = guest.ask("page_inside")
    for wrong in ("x" * 20_000, "&".join(f"k{i}=1" for i in range(500)), None, 3, ["tab=cut"], {"tab": "cut"}):
        said = guest.refused("go", wrong)
        sentence(AppError(said))
        assert said.startswith("An address")
    odd = f"tab={NASTY}&block=%00&target=9999&cut=,,&alpha=nan&input=...&crop=1"
    assert guest.ask("go", odd)["model"] == "resnet20"
    assert guest.ask("go", "") == before


def test_a_page_that_begins_again_finds_its_visit_by_the_key(address: str, tmp_path: Path) -> None:
    def begun(client: Client, *told: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        (
            answer,
            *_,
        ) = values = client.predict(*told, api_name="/start")
        (visit,) = (value for value in values if isinstance(value, dict) and set(value) == {"key", "page"})
        return answer, visit

    first = Guest(address)
    _, visit = begun(first.client)
    mine = first.ask("classify", save_png(tmp_path / "mine.png", noise(40, 40)))
    where = first.seen["address"]
    assert "picture=own-1" in where
    second = Guest(address)
    _, other = begun(second.client, visit)  # a duplicated tab: the first one's page is still open
    assert other["key"] != visit["key"]
    third = Guest(address)
    _, again = begun(third.client, {**visit, "left": True})
    assert again["key"] == visit["key"]
    assert third.ask("go", where)["predictions"] == mine["predictions"]
    # Nothing but the key leads there: not gradio's name for the page, nor what looks like a key.
    for wrong in (visit["page"], "x" * 32, None, 3, ["x"], {"key": None}, {"key": visit["page"], "left": True},
                  {"key": [visit["key"]]}, {"key": "x" * 32, "page": visit["page"], "left": True}):  # fmt: skip
        answer, stranger = begun(Guest(address).client, wrong)
        assert stranger["key"] != visit["key"]
        assert answer["predictions"] != mine["predictions"]
