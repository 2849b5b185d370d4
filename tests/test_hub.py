"""Networks to the Hugging Face Hub and from it, by a Hub of the tests' own."""

from __future__ import annotations

import json
import os
import pickle
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import yaml
from hubserver import TOKEN, Hub, hub_server
from typer.testing import CliRunner

from resnet_demo import ResNet, ResNetConfig, build, cli, load, save_to_hub, sharing
from resnet_demo.errors import InputError
from resnet_demo.models.weights import contents, save_in_shards

Sentence = Callable[[BaseException], str]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setenv("NO_PROXY", "*")
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    with hub_server() as held:
        monkeypatch.setenv("HF_ENDPOINT", held.url)
        yield held


@pytest.fixture(scope="module")
def small() -> ResNet:
    return ResNet(ResNetConfig(blocks=(1, 1, 1), widths=(4, 8, 16)), seed=0).eval()


def equal(a: ResNet, b: ResNet) -> bool:
    return a.config == b.config and all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


def test_what_is_saved_to_the_hub_is_loaded_bit_for_bit(hub: Hub) -> None:
    model = load("resnet20")
    reference = save_to_hub(model, "ada/street", license="mit", token=TOKEN)
    ((commit, files),) = hub.repositories["ada/street"]
    assert reference == f"hf://ada/street@{commit}"
    assert files.keys() == {"model.safetensors", "config.json", "README.md", "curves.png"}
    assert json.loads(files["config.json"]) == json.loads(json.dumps(asdict(model.config)))
    assert files["curves.png"].startswith(b"\x89PNG")
    for name in ("hf://ada/street", reference, f"{reference}/model.safetensors"):
        found = load(name)
        assert equal(found, model)
        assert (found.domain, found.provenance) == (model.domain, model.provenance)
    _, head, text = files["README.md"].decode().split("---\n", 2)
    told = yaml.safe_load(head)
    assert (told["license"], told["library_name"]) == ("mit", "resnet_demo")
    assert told["model-index"][0]["results"][0]["metrics"] == [{"type": "accuracy", "value": 0.9162}]
    assert "**91.62%** of the 10,000 test pictures of cifar10 right (95 % interval 91.1% to 92.1%)" in text
    assert "](curves.png)" in text
    asked = ["classify", "assets/examples/cat.png", "--model", "hf://ada/street", "--json"]
    (answer,) = json.loads(CliRunner().invoke(cli.app, asked).stdout)
    assert (answer["model"], answer["predictions"][0]["label"]) == ("hf://ada/street", "cat")

    # Once more is another commit; the old one stays what it was.
    twin = load("plain20")
    second = save_to_hub(twin, "ada/street", token=TOKEN)
    assert load("hf://ada/street").config.plain
    assert equal(load(second), twin)
    assert equal(load(reference), model)


def test_a_card_is_honest_and_shows_text_as_text(small: ResNet) -> None:
    assert "its answers mean nothing" in sharing.card(build("resnet8"), "a/b")
    told = build("resnet8")
    assert told.domain
    told.provenance = {
        "epochs": 3, "test_accuracy": 0.5, "dataset": '<img src=x onerror="alert(1)">\n\n# [a](javascript:b) | c'
    }  # fmt: skip
    told.domain = replace(told.domain, labels=("<script>", "`x`", "\ud800", *told.domain.labels[3:]))
    text = sharing.card(told, "a/b")
    body = text.split("---\n", 2)[2]
    assert not re.search(r"(?<!\\)<", body)
    assert "\n# [" not in body
    assert not re.search(r"(?<!\\)\]\(javascript", body)
    yaml.safe_load(text.split("---\n", 2)[1])
    told.provenance = {"epochs": 3}
    assert "Nobody measured it" in sharing.card(told, "a/b")


def test_others_files_go_the_way_of_all_files(hub: Hub, small: ResNet, tmp_path: Path, sentence: Sentence) -> None:
    from torchvision.models import resnet18

    hub.push("bob/tv", pytorch_model__bin=b"", README__md=b"")
    torch.save(resnet18(num_classes=4).state_dict(), tmp_path / "tv.bin")
    hub.push("bob/tv", pytorch_model__bin=(tmp_path / "tv.bin").read_bytes())
    assert load("hf://bob/tv").config.blocks == (2, 2, 2, 2)

    shards = save_in_shards(small, tmp_path / "model.safetensors", 6000)
    assert len(shards) > 1
    hub.commit("bob/shards", {path.name: path.read_bytes() for path in shards})
    assert equal(load("hf://bob/shards"), small)
    hub.commit("bob/other", {"deep/net.safetensors": contents(small), "a.pth": b"x", "b.pth": b"x"})
    assert equal(load("hf://bob/other/deep/net.safetensors"), small)

    class Code:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path}/ran",)

    hub.push("eve/code", pytorch_model__bin=pickle.dumps({"conv1.weight": Code()}))
    for reference, part in {
        "hf://eve/code": "holds more than tensors",
        "hf://bob/other": "several checkpoints in bob/other (a.pth and b.pth): name one, as hf://bob/other/a.pth",
        "hf://bob/other/absent.pth": "no file 'absent.pth' in bob/other",
    }.items():
        with pytest.raises(InputError, match=re.escape(part)) as error:
            load(reference)
        sentence(error.value)
    assert not (tmp_path / "ran").exists()


def test_what_cannot_be_had_is_one_sentence(
    hub: Hub, small: ResNet, monkeypatch: pytest.MonkeyPatch, sentence: Sentence
) -> None:
    hub.push("ada/net", model__safetensors=contents(small))
    hub.push("ada/words", README__md=b"#")
    hub.push("ada/large", model__safetensors=b"x")
    hub.refused = {"ada/asked": (403, "GatedRepo"), "ada/down": (500, "Broken")}
    hub.sizes = {}
    for reference, part in {
        "hf://ada/none": "127.0.0.1 has no ada/none, or it is private: then log in (hf auth login).",
        "hf://ada/net@v9": "There is no revision 'v9' of ada/net.",
        "hf://ada/words": "There is no file in ada/words that can be read here: .safetensors",
        "hf://ada/asked": "only for who has asked for them",
        "hf://ada/down": "(status 500)",
        "hf://ada": "is called hf://user/name",
        "hf://ada/../net": "is called hf://user/name",
        "hf://ada/net/../../x.pt": "is called hf://user/name",
    }.items():
        with pytest.raises(InputError, match=re.escape(part)) as error:
            load(reference)
        sentence(error.value)
    before = len(hub.asked)
    hub.sizes = {"model.safetensors": 10**12}
    with pytest.raises(InputError, match=r"model.safetensors of ada/large is larger than the 500 MB"):
        load("hf://ada/large")
    assert not [path for path in hub.asked[before:] if "resolve" in path]

    # The shell says the same, with status 2; the app, and who asks for no download, ask nothing.
    done = CliRunner().invoke(cli.app, ["classify", "assets/examples/cat.png", "--model", "hf://ada/none"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "hf auth login" in done.stderr
    before = len(hub.asked)
    with pytest.raises(InputError, match="would have to be downloaded first"):
        load("hf://ada/net", download=False)
    with pytest.raises(InputError, match="only networks of the zoo"):
        load("hf://ada/net", epoch=1)
    assert len(hub.asked) == before

    # To write one has to be somebody, and the name has to be one.
    for name, token, part in (
        ("ada/new", None, "log in"),
        ("ada/new", "hf_wrong", "log in"),
        ("new", TOKEN, "is called"),
        ("ada/new@v1", TOKEN, "is called"),
    ):
        with pytest.raises(InputError, match=part) as error:
            save_to_hub(small, name, token=token)
        sentence(error.value)
    assert "ada/new" not in hub.repositories

    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        for ask in (lambda: load("hf://ada/net"), lambda: save_to_hub(small, "ada/net", token=TOKEN)):
            with pytest.raises(InputError, match=r"There is no connection to 127.0.0.1") as error:
                ask()
            sentence(error.value)
