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


@pytest.mark.parametrize(
    ("capabilities", "faster"),
    [
        ({"amx_bf16": True, "cpu_name": "Intel Xeon"}, True),
        ({"avx512_bf16": True, "cpu_name": "Intel Xeon"}, False),
        ({"avx512_bf16": True, "cpu_name": "AMD EPYC"}, True),  # from Zen 4 on
        ({"avx512_bf16": False, "cpu_name": "AMD EPYC"}, False),
        ({}, False),
    ],
    ids=str,
)
def test_bfloat16_where_matrices_are_multiplied_in_it(capabilities, faster, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert hardware.half_is_faster(torch.device("cpu")) is faster
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert hardware.half_is_faster(torch.device("cpu")) is False
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
