"""A training step recorded once and then launched as a whole (CUDA graphs).

A step of a small network is some thousand short kernels. Launched one by one from Python they leave a GPU idle most of
the time; recorded as a graph they follow each other without Python, and several networks share one GPU.

https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

WARM_UP = 3  # steps before the recording, in which libraries choose their kernels and optimizers make their state


class CapturedStep:
    """`take(pictures, labels)`, recorded for each size of batch that it meets.

    `take` may read and write nothing but tensors that stay where they are: `state()` lists all that it changes, which
    the warm-up would otherwise leave changed.
    """

    def __init__(self, take: Callable[[Tensor, Tensor], None], state: Callable[[], Iterable[Tensor]]):
        self._take, self._state = take, state
        self._graphs: dict[torch.Size, tuple[torch.cuda.CUDAGraph, Tensor, Tensor]] = {}

    def __call__(self, pictures: Tensor, labels: Tensor) -> None:
        """One step on a batch, uint8 [N, 3, H, W] and int64 [N], both on the GPU."""
        if pictures.shape not in self._graphs:
            self._graphs[pictures.shape] = self._captured(pictures, labels)
        graph, in_pictures, in_labels = self._graphs[pictures.shape]
        in_pictures.copy_(pictures)
        in_labels.copy_(labels)
        graph.replay()

    def _captured(self, pictures: Tensor, labels: Tensor) -> tuple[torch.cuda.CUDAGraph, Tensor, Tensor]:
        pictures, labels = pictures.clone(), labels.clone()
        before = {id(tensor): tensor.clone() for tensor in self._state()}
        with torch.backends.cudnn.flags(enabled=torch.backends.cudnn.enabled, benchmark=True):
            stream = torch.cuda.Stream()
            stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(stream):
                for _ in range(WARM_UP):
                    self._take(pictures, labels)
            torch.cuda.current_stream().wait_stream(stream)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream):  # the same one: autograd remembers where it met the weights
                self._take(pictures, labels)
        with torch.no_grad():
            for tensor in self._state():
                # What the warm-up brought into being, the optimizers' momentum, begins at zero.
                tensor.copy_(before[id(tensor)]) if id(tensor) in before else tensor.zero_()
        return graph, pictures, labels
