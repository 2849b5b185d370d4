"""The device that this computer trains on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

from .. import cores


def device() -> torch.device:
    """A GPU (of this process's own, if torchrun started several) where there is one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    return torch.device("cpu")


def share_of_cores() -> int:
    """How many threads each of torchrun's processes on this machine may start, so that together they fill it."""
    return max(1, cores.available() // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))


def half_is_faster(where: torch.device) -> bool:
    """Whether networks are trained faster in bfloat16 than in float32: on GPUs, and on some processors.

    Those have AMX, or are AMD's from Zen 4 on: on one of these a product of 2048 x 2048 matrices took half as long, a
    training step of ResNet-20 0.55 times as long. Having instructions for bfloat16 is not enough. On an Intel processor
    with AVX512-BF16, but without AMX, the product took 1.9 times as long.
    """
    if where.type == "cuda":
        return torch.cuda.is_bf16_supported()
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()  # PyTorch before 2.11 does not tell
    zen4 = capabilities.get("avx512_bf16") and "AMD" in capabilities.get("cpu_name", "")
    return bool(capabilities.get("amx_bf16") or zen4)


def name(where: torch.device) -> str:
    """The model of the GPU or the processor."""
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    try:  # Python's own `platform.processor()` is empty on most Linux systems
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
