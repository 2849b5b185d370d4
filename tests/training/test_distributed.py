"""Two processes compute what one does. They are started once, by torchrun, and compared in several tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import fake_cifar
import pytest
import torch
import two_processes
from torch import nn

from resnet_demo import cores
from resnet_demo.training import distributed

TESTS = Path(__file__).resolve().parents[1]
PROGRAM = "import fake_cifar; fake_cifar.trust(); from resnet_demo.cli import main; main()"


def torchrun(script: Path, *arguments: object, processes: int = 2) -> subprocess.CompletedProcess[str]:
    """Run a script in several processes."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS.parent), str(TESTS))), "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        f"--nproc-per-node={processes}",
        str(script),
    ]
    return subprocess.run([*command, *map(str, arguments)], env=env, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What each of two processes found, and what a single one did."""
    folder, threads = tmp_path_factory.mktemp("found"), torch.get_num_threads()
    done = torchrun(TESTS / "two_processes.py", folder)
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        for name in ("KEEP_EVERY", "TELL_EVERY"):  # put back after it
            patch.setattr(two_processes.trainer, name, getattr(two_processes.trainer, name))
        two_processes.main(folder)
    torch.set_num_threads(threads)
    return [torch.load(folder / name, weights_only=True) for name in ("0-of-2.pt", "1-of-2.pt", "0-of-1.pt")]


def test_the_loss_of_every_step_is_that_of_one_process(found):
    first, second, alone = found
    assert len(alone["losses"]) == 60
    assert first["losses"] == second["losses"]
    assert first["losses"] == pytest.approx(alone["losses"], abs=1e-3)
    assert alone["losses"][-1] < 0.5 * alone["losses"][0]  # it did train


@pytest.fixture(scope="module")
def found_by_four(tmp_path_factory):
    folder = tmp_path_factory.mktemp("four")
    done = torchrun(TESTS / "two_processes.py", folder, processes=4)
    assert done.returncode == 0, done.stderr
    return [torch.load(folder / f"{rank}-of-4.pt", weights_only=True) for rank in range(4)]


@pytest.mark.parametrize("microbatch", two_processes.MICROBATCHES)
def test_in_microbatches_processes_compute_what_one_does(microbatch, found, found_by_four):
    """Of two microbatches, each process has one; or two processes have one each. Of four, each has two; or one."""
    *others, alone = [*found_by_four, *found]
    losses, state = f"losses in microbatches of {microbatch}", f"state after microbatches of {microbatch}"
    assert len(alone[losses]) == 24
    assert alone[losses] != pytest.approx(alone["losses"][:24], abs=1e-3)  # batch norm sees less of the batch
    for result in others:
        assert result[losses] == pytest.approx(alone[losses], abs=1e-3)
        for name, value in alone[state].items():
            assert torch.allclose(result[state][name], value, rtol=1e-3, atol=2e-4), name


def test_weights_and_statistics_are_those_of_one_process(found):
    first, second, alone = found
    for name, value in alone["state"].items():
        assert torch.equal(first["state"][name], second["state"][name]), name
        assert torch.allclose(first["state"][name], value, rtol=1e-3, atol=2e-4), name
        assert value.is_contiguous()


def test_records_tell_of_all_processes(found):
    first, second, alone = found
    for ours, theirs, expected in zip(first["history"], second["history"], alone["history"], strict=True):
        for key in ("epoch", "step", "images", "lr", "test_accuracy"):
            assert ours[key] == theirs[key] == expected[key], key
        for key in ("train_loss", "train_accuracy", "test_loss"):
            assert ours[key] == pytest.approx(expected[key], abs=1e-3), key
            assert ours[key] == theirs[key]
        assert ours["gradients"] == pytest.approx(expected["gradients"], rel=0.02)
        assert ours["ratios"] == pytest.approx(expected["ratios"], rel=1e-3)


def test_the_processes_share_an_evaluation(found):
    first, second, alone = found
    assert torch.equal(first["logits"], second["logits"])
    assert torch.allclose(first["logits"], alone["logits"], atol=0.02)
    assert first["logits"].shape == (90, 3)
    assert first["logits"].abs().sum(1).min() > 0  # none is missing


def test_two_processes_resume_from_the_first_ones_checkpoint(found):
    first, second, _ = found
    assert (first["files"], second["files"]) == (True, False)
    for result in (first, second):
        assert all(torch.equal(value, result["state"][name]) for name, value in result["resumed"].items())
        for resumed, whole in zip(result["resumed history"], result["history"], strict=True):
            assert resumed["step"] == whole["step"]
            assert resumed["train_loss"] == pytest.approx(whole["train_loss"], rel=1e-12)


def test_the_first_process_decides(found):
    for result in found:
        assert result["agreed"] == [10.0, 0.5]
        assert result["told"] == "from the first"
        assert result["refused"][0] == "There is nothing to read."
    assert (
        found[0]["refused"][1] == found[1]["refused"][1] == "Batches of 15 cannot be divided evenly among 2 processes."
    )
    assert found[2]["refused"][1] == ""


def test_batch_norm_over_two_processes_is_that_over_one_batch(found):
    first, second, alone = (result["norm"] for result in found)
    for name in ("y", "x"):  # the processes take turns in the batch
        both = torch.stack([first[name], second[name]], 1).flatten(0, 1)
        assert torch.allclose(both, alone[name], atol=1e-5), name
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        assert torch.allclose(first[name], alone[name], atol=1e-4), name
        assert torch.equal(first[name], second[name]), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_batch_norm_alone_is_pytorchs(dtype):
    torch.manual_seed(0)
    ours, theirs = distributed.JointBatchNorm2d(3), nn.BatchNorm2d(3)
    with torch.no_grad():
        ours.weight.uniform_(0.5, 1.5)
        ours.bias.normal_()
    theirs.load_state_dict(ours.state_dict())
    tolerance = 1e-5 if dtype == torch.float32 else 0.05
    for _ in range(3):
        x = (4 * torch.randn(6, 3, 5, 5) - 1).to(dtype)
        answers = []
        for norm in (ours, theirs):
            inputs = x.clone().requires_grad_()
            y = norm(inputs)
            assert y.dtype == dtype
            gradients = torch.autograd.grad((y.float() ** 3).sum(), [inputs, norm.weight, norm.bias])
            answers.append((y, *(gradient.float() / gradient.float().norm() for gradient in gradients)))
        for mine, expected in zip(*answers, strict=True):
            assert torch.allclose(mine.float(), expected.float(), atol=tolerance)
    for name, value in theirs.named_buffers():
        assert torch.allclose(ours.get_buffer(name), value, rtol=1e-3, atol=1e-4), name
    assert torch.allclose(ours.eval()(x), theirs.eval()(x), atol=tolerance)


def test_alone_nothing_is_shared():
    assert (distributed.rank(), distributed.world()) == (0, 1)
    value = torch.ones(2)
    assert distributed.total(value) is value
    with distributed.together():
        assert not torch.distributed.is_initialized()


def test_where_there_are_gpus_processors_are_connected_too(monkeypatch):
    """A network that was put back, or only read, is evaluated on the processor."""
    joined = []
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(torch.cuda, "set_device", lambda _: None)
    monkeypatch.setattr(distributed.dist, "init_process_group", joined.append)
    monkeypatch.setattr(distributed.dist, "destroy_process_group", lambda: None)
    monkeypatch.setattr(distributed.hardware, "device", lambda: torch.device("cuda", 0))
    with distributed.together():
        pass
    assert joined == ["cpu:gloo,cuda:nccl"]


# The command


@pytest.fixture(scope="module")
def program(tmp_path_factory) -> Path:
    """`resnet-demo`, with a made-up CIFAR-10 beside it."""
    folder = tmp_path_factory.mktemp("program")
    fake_cifar.write(folder / "data")
    (folder / "program.py").write_text(PROGRAM)
    return folder / "program.py"


def test_only_the_first_process_writes_and_tells(program, tmp_path):
    arguments = ["--model=resnet8", "--data-dir", program.parent / "data", "--epochs=2", "--json"]
    done = torchrun(program, "train", *arguments, "--out", tmp_path / "net.safetensors")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1
    result = json.loads(done.stdout)
    assert [record["epoch"] for record in result["history"]] == [1, 2]
    lines = [line for line in done.stderr.splitlines() if "torch/distributed/run.py" not in line]
    # First what is to be known of so few pictures, for training and for testing: once, as everything.
    assert [line[:9] for line in lines] == ["With 512 ", "There are", "epoch   1", "epoch   2"], done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.json", "net.safetensors"]
    story = json.loads((tmp_path / "net.json").read_text())
    assert story["processes"] == 2
    assert story["threads"] == max(1, cores.available() // 2)


def test_what_all_processes_refuse_is_said_once(program, tmp_path):
    done = torchrun(program, "train", "--data=nonsense", "--epochs=2", "--out", tmp_path / "net.safetensors")
    assert done.returncode != 0
    assert done.stderr.count("There is no data set 'nonsense'") == 1
    assert done.stdout == ""
    assert "resnet_demo/" not in done.stderr  # no traceback of ours
