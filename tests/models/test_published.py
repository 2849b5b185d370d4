"""torchvision's published weights: which they are, and how they come, from a server of the tests' own."""

from __future__ import annotations

import hashlib
import io
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
import torchvision
from fileserver import FileServer, file_server
from PIL import Image
from torchvision.models import get_model_weights
from typer.testing import CliRunner

from resnet_demo import cli
from resnet_demo.errors import InputError
from resnet_demo.images import imagenet
from resnet_demo.models import published, zoo
from resnet_demo.models.published import Published

Sentence = Callable[[BaseException], str]


@dataclass
class Hub:
    """A server with random ResNet-18 weights under a name that holds their checksum, and an empty cache."""

    server: FileServer
    original: torch.nn.Module
    weights: Published
    cache: Path

    @property
    def file(self) -> str:
        return self.weights.path.name

    def files(self) -> list[str]:
        return sorted(path.name for path in self.cache.rglob("*") if path.is_file())


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    original = torchvision.models.resnet18(weights=None).eval()
    torch.save(original.state_dict(), stream := io.BytesIO())
    content = stream.getvalue()
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    with file_server() as server:
        name = f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
        server.files[name] = content
        found = replace(published.versions("resnet18")[0], url=f"{server.url}/{name}")
        monkeypatch.setattr(published, "versions", lambda _name: (found,))
        yield Hub(server, original, found, tmp_path / "cache")


def test_the_better_weights_are_taken_where_there_are_two() -> None:
    for name in published.NAMES:
        there = list(get_model_weights(name))[::-1]
        found = published.versions(name)
        assert [weights.version for weights in found] == [weights.name for weights in there]
        for mine, theirs in zip(found, there, strict=True):
            assert (mine.url, mine.size) == (theirs.url, theirs.meta["_file_size"])
            assert mine.accuracy == pytest.approx(theirs.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100)
            assert len(mine.checksum) == 8
            assert mine.url.endswith(f"-{mine.checksum}.pth")
            domain, transforms = published.domain(mine), theirs.transforms()
            assert ([domain.resize], [domain.size]) == (transforms.resize_size, transforms.crop_size)
            assert (list(domain.mean), list(domain.std)) == (transforms.mean, transforms.std)


def test_older_weights_that_are_there_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    newer, older = published.versions("resnet50")
    assert published.weights_of("resnet50") == newer
    older.path.parent.mkdir(parents=True)
    older.path.write_bytes(b"weights")
    assert published.weights_of("resnet50") == older
    newer.path.write_bytes(b"weights")
    assert published.weights_of("resnet50") == newer


def test_imagenet_weights_are_downloaded_once_and_checked(hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
    model = zoo.load("resnet18")
    told = capfd.readouterr()
    assert told.out == ""  # a shell's standard output is for its JSON
    assert f"Downloading the ImageNet weights of resnet18 (45 MB) to {hub.weights.path.parent}." in told.err
    again = zoo.load("resnet18")
    assert len(hub.server.asked) == 1
    assert capfd.readouterr().err == ""
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = hub.original(image)
        assert (model(image) - expected).abs().max() < 1e-4
        assert (again(image) - expected).abs().max() < 1e-4
    assert model.config == zoo.network("resnet18").config
    assert model.note is None
    assert model.domain == imagenet()
    assert model.provenance is not None
    assert "torchvision" in model.provenance["origin"]
    assert not model.training


def test_a_download_that_is_not_what_its_name_says_is_not_kept(hub: Hub, sentence: Sentence) -> None:
    hub.server.files[hub.file] = b"something else"
    with pytest.raises(InputError, match="its checksum is wrong") as error:
        zoo.load("resnet18")
    sentence(error.value)
    assert hub.files() == []


def test_a_file_that_was_damaged_in_the_cache_is_fetched_again(hub: Hub) -> None:
    hub.weights.path.parent.mkdir(parents=True)
    hub.weights.path.write_bytes(hub.server.files[hub.file][:1000])  # as other programs may leave it
    assert hub.weights.here
    assert not hub.weights.sound
    with pytest.raises(InputError, match="are not on this computer yet"):
        zoo.load("resnet18", download=False)
    zoo.load("resnet18")
    assert hub.weights.sound
    assert hub.files() == [hub.file]


def test_without_a_connection_the_ways_out_are_said(
    hub: Hub, sentence: Sentence, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = replace(hub.weights, url=f"http://127.0.0.1:{free.getsockname()[1]}/{hub.file}")
    monkeypatch.setattr(published, "versions", lambda _name: (gone,))
    with pytest.raises(InputError, match="load a checkpoint file, or choose another network") as error:
        zoo.load("resnet18")
    assert "no connection to 127.0.0.1" in sentence(error.value)
    assert "rrno" not in str(error.value)
    assert hub.files() == []


def test_nothing_is_downloaded_where_that_was_not_asked_for(hub: Hub, sentence: Sentence) -> None:
    with pytest.raises(InputError, match=r"resnet18 \(45 MB\) are not on this computer yet") as error:
        zoo.load("resnet18", download=False)
    sentence(error.value)
    assert hub.server.asked == []


# In the shell


def test_the_shell_says_what_it_downloads_and_prints_the_answer_alone(hub: Hub, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (200, 30, 200)).save(tmp_path / "odd.png")
    run = CliRunner().invoke
    offered = run(cli.app, ["classify", str(tmp_path / "odd.png")])
    assert "--model resnet18 knows 1,000 things (45 MB to download)." in offered.stdout
    arguments = ["classify", str(tmp_path / "odd.png"), "--model", "resnet18", "--json"]
    hub.server.cut = 10_000_000
    cut = run(cli.app, arguments)
    assert (cut.exit_code, cut.stdout) == (2, "")
    assert "Downloading the ImageNet weights of resnet18 (45 MB)" in cut.stderr
    assert "was cut after 10 of 45 MB" in cut.stderr.splitlines()[-1]
    hub.server.cut = None
    done = run(cli.app, arguments)
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)[0]["predictions"]) == 5
    assert hub.server.asked == ["", "bytes=10000000-"]
    assert run(cli.app, arguments).stderr == ""
    assert "downloaded" in run(cli.app, ["models"]).stdout
    assert "knows 1,000 things." in run(cli.app, ["classify", str(tmp_path / "odd.png")]).stdout
