"""The peers of our trainer: the loop of every tutorial, and that of akamaster/pytorch_resnet_cifar10 in float32.

Nothing here uses our network, trainer or augmentation: pictures are PIL images, one by one, through torchvision's
transforms and a DataLoader, as `torchvision.datasets.CIFAR10` hands them out. Both networks compute what ours do (a
test copies the weights over), in the usual order of memory, NCHW.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision import transforms

from ..data import Dataset


class Pad(nn.Module):
    """Option "A": every other pixel, and zeros for the new channels."""

    def __init__(self, stride: int, planes: int):
        super().__init__()
        self.stride, self.planes = stride, planes

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.planes // 2, self.planes // 2))


class BasicBlock(nn.Module):
    """After akamaster's `resnet.py`, option "A", or kuangliu's `models/resnet.py` with a projection, option "B"."""

    def __init__(self, in_planes: int, planes: int, stride: int, option: str):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride=1, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if in_planes != planes and option == "A":
            self.shortcut = Pad(stride, planes - in_planes)
        elif in_planes != planes:
            projection = nn.Conv2d(in_planes, planes, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(planes))

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, blocks: tuple[int, ...], planes: tuple[int, ...], option: str):
        super().__init__()
        self.conv1 = nn.Conv2d(3, planes[0], 3, stride=1, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes[0])
        layers, in_planes = [], planes[0]
        for stage, (count, width) in enumerate(zip(blocks, planes, strict=True)):
            for index in range(count):
                layers.append(BasicBlock(in_planes, width, 2 if stage and not index else 1, option))
                in_planes = width
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(in_planes, 10)

    def forward(self, x: Tensor) -> Tensor:
        out = self.layers(F.relu(self.bn1(self.conv1(x))))
        return self.linear(F.avg_pool2d(out, out.shape[-1]).flatten(1))


NETWORKS = {
    "resnet20": ((3, 3, 3), (16, 32, 64), "A"),
    "resnet18-cifar": ((2, 2, 2, 2), (64, 128, 256, 512), "B"),
}


def network(name: str) -> ResNet:
    """One of `NETWORKS`, with PyTorch's usual random weights."""
    return ResNet(*NETWORKS[name])


@dataclass(frozen=True)
class Loop:
    """What a peer's loop is set to."""

    workers: int  # of the DataLoader
    lr: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    augment: bool = False
    batch: int = 128


TEXTBOOK = Loop(workers=2, lr=0.01)  # PyTorch's own "Training a Classifier" has 2 workers and shuffles, too
PEER_RECIPE = Loop(workers=4, lr=0.1, momentum=0.9, weight_decay=1e-4, augment=True)  # akamaster's trainer.py


class Pictures(TorchDataset):
    """A data set as torchvision hands one out: `transform` of the PIL image, and the label."""

    def __init__(self, dataset: Dataset, loop: Loop, mean: tuple[float, ...], std: tuple[float, ...]):
        self.data = dataset.pictures.permute(0, 2, 3, 1).contiguous().numpy()  # [N, H, W, 3]
        self.targets = dataset.labels.tolist()
        size = self.data.shape[1]
        moves = [transforms.RandomHorizontalFlip(), transforms.RandomCrop(size, 4)] if loop.augment else []
        self.transform = transforms.Compose([*moves, transforms.ToTensor(), transforms.Normalize(mean, std)])

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def train_on(model: nn.Module, pictures: Pictures, loop: Loop, device: torch.device) -> Generator[int, None, None]:
    """Train on and on, at a constant learning rate; yield after every step how many pictures were seen."""
    # More workers than cores are what PyTorch warns of, and what many have.
    warnings.filterwarnings("ignore", ".*worker processes")
    loader = DataLoader(pictures, batch_size=loop.batch, shuffle=True, num_workers=loop.workers)
    model.to(device).train()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), loop.lr, loop.momentum, weight_decay=loop.weight_decay)
    seen, running_loss = 0, 0.0
    while True:
        for inputs, labels in loader:
            inputs, labels = inputs.to(device), labels.to(device)
            optimizer.zero_grad()
            loss = criterion(model(inputs), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
            seen += len(labels)
            yield seen


@torch.no_grad()
def accuracy_of(model: nn.Module, dataset: Dataset, mean: tuple[float, ...], std: tuple[float, ...]) -> float:
    """The fraction of a data set that a network classifies correctly."""
    model.eval()
    device, right = next(model.parameters()).device, 0
    normalise = transforms.Normalize(mean, std)
    for pictures, labels in zip(dataset.pictures.split(500), dataset.labels.split(500), strict=True):
        answers = model(normalise(pictures.float() / 255).to(device)).argmax(1)
        right += int((answers.cpu() == labels).sum())
    return right / len(dataset)
