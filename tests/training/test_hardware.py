from __future__ import annotations

import pytest
import torch

from resnet_demo import cores
from resnet_demo.training import hardware


def test_the_device_is_a_gpu_of_ones_own_where_there_are_any(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert hardware.device() == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert hardware.device() == torch.device("cuda", 0)
    monkeypatch.setenv("LOCAL_RANK", "3")  # more processes than GPUs: two share one
    assert hardware.device() == torch.device("cuda", 1)


@pytest.mark.parametrize(("of_half", "faster"), [(0.5, True), (0.8, True), (0.9, False), (6.0, False), (None, False)])
def test_bfloat16_where_a_block_is_clearly_faster_in_it(of_half, faster, monkeypatch):
    """On a clock that goes by the work that is done; None: this processor has no such convolution."""
    clock = [0.0]

    def convolve(self, inputs):
        half = torch.is_autocast_enabled("cpu")
        if half and of_half is None:
            raise RuntimeError("not implemented for 'BFloat16'")
        clock[0] += of_half if half else 1.0
        return inputs * self.weight.sum()

    monkeypatch.setattr(torch.nn.Conv2d, "forward", convolve)
    monkeypatch.setattr(hardware.time, "thread_time", lambda: clock[0])
    assert hardware._half_is_faster_here.__wrapped__() is faster


def test_bfloat16_is_measured_once(monkeypatch):
    asked = []
    hardware._half_is_faster_here.cache_clear()
    monkeypatch.setattr(hardware.time, "thread_time", lambda: asked.append(1) or 0.0)
    first = hardware.half_is_faster(torch.device("cpu"))
    count = len(asked)
    assert hardware.half_is_faster(torch.device("cpu")) is first
    assert len(asked) == count > 0
    hardware._half_is_faster_here.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    assert hardware.half_is_faster(torch.device("cuda")) is True


def test_processes_share_the_cores(monkeypatch):
    monkeypatch.setattr(cores, "available", lambda: 8)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert hardware.share_of_cores() == 8
    for processes, threads in (("3", 2), ("8", 1), ("20", 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
        assert hardware.share_of_cores() == threads


def test_the_processor_has_a_name():
    assert hardware.name(torch.device("cpu"))
