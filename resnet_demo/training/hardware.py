"""The device that this computer trains on."""

from __future__ import annotations

import math
import os
import platform
import time
from functools import cache
from pathlib import Path

import torch
from torch import nn

from .. import cores
from .threads import threads_of

TURNS = 3  # of which the fastest one counts: whatever else the computer does only takes time
CLEARLY, HOPELESS = 0.85, 3.0


def device() -> torch.device:
    """A GPU (of this process's own, if torchrun started several) where there is one, else the processor."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    return torch.device("cpu")


def share_of_cores() -> int:
    """How many threads each of torchrun's processes on this machine may start, so that together they fill it."""
    return max(1, cores.available() // int(os.environ.get("LOCAL_WORLD_SIZE", 1)))


def half_is_faster(where: torch.device) -> bool:
    """Whether networks are trained faster in bfloat16 than in float32: on GPUs that know it, and on some processors."""
    return torch.cuda.is_bf16_supported() if where.type == "cuda" else _half_is_faster_here()


@cache  # so that all trainings of a process are of one kind
def _half_is_faster_here() -> bool:
    """Measured on this processor: a block of ResNet-20's first stage, there and back, in a quarter of a second.

    Its name and its instructions do not tell. AMD's from Zen 4 on, which have AVX512-BF16, need half to two thirds of
    the time; an Intel processor that has it, too, but no AMX, took 1.9 times as long; and where bfloat16 is computed by
    software, with AVX2 alone, it is 13 times as long. A block and not a convolution alone: what lies between two of
    them is in half precision, too, and a convolution alone came close to the bound between yes and no.

    One thread, and the time that it had on its core: what else the computer does hardly counts.
    """
    with threads_of(1, 1) as alone:
        seconds = alone.submit(_block).result()
    return seconds is not None and seconds[True] < CLEARLY * seconds[False]


def _block() -> dict[bool, float] | None:
    """The seconds of a block in half precision, and not; None where there is none in half precision."""
    inputs = torch.randn(64, 16, 32, 32).to(memory_format=torch.channels_last).requires_grad_()
    convolutions = [nn.Conv2d(16, 16, 3, padding=1, bias=False) for _ in range(2)]
    block = nn.Sequential(convolutions[0], nn.BatchNorm2d(16), nn.ReLU(), convolutions[1])
    block.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    least = {False: math.inf, True: math.inf}
    for _ in range(TURNS):
        for half in least:
            start = time.thread_time()
            try:
                with torch.autocast("cpu", torch.bfloat16, enabled=half, cache_enabled=False):
                    block(inputs).float().sum().backward()
            except RuntimeError:
                return None
            least[half] = min(least[half], time.thread_time() - start)
        if least[True] > HOPELESS * least[False]:
            break
    return least


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
