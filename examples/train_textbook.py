"""The plain training loop, to be read first: stochastic gradient descent, and nothing else.

    python examples/train_textbook.py --data shapes --epochs 2
    python examples/train_textbook.py --data cifar10 --data-dir DIR --epochs 10 --model plain20

Only the network and the data set are the package's. What `resnet_demo/training/` adds to these lines, such as
augmentation, learning rates that fall, microbatches, Muon, checkpoints and several processes, makes it faster and more
accurate, but the idea stays the same.
"""

import argparse

import torch
from torch.nn import functional as F

from resnet_demo import build
from resnet_demo.data import Dataset, batches, load_dataset
from resnet_demo.models.resnet import ResNet


def train(
    model: ResNet, train_set: Dataset, test_set: Dataset, epochs: int, lr: float = 0.1, batch: int = 128
) -> float:
    """Train a network in place; returns its accuracy on the test set, as a fraction."""
    optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9, weight_decay=1e-4)
    order = torch.Generator().manual_seed(0)
    accuracy = 0.0
    for epoch in range(1, epochs + 1):
        model.train()
        for pictures, labels in batches(train_set, batch, order):  # uint8 [batch, 3, H, W], int64 [batch]
            loss = F.cross_entropy(model(normalised(pictures)), labels)  # logits [batch, classes]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        accuracy = test(model, test_set)
        print(f"epoch {epoch}: {accuracy:.1%} of the test pictures are classified correctly")
    return accuracy


@torch.no_grad()
def test(model: ResNet, dataset: Dataset) -> float:
    model.eval()
    right = sum(int((model(normalised(x)).argmax(1) == y).sum()) for x, y in batches(dataset, 500))
    return right / len(dataset)


def normalised(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.float() / 255 * 2 - 1  # from 0 … 255 to -1 … 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Train a network by the plain loop.")
    parser.add_argument("--model", default="resnet20")
    parser.add_argument("--data", default="shapes")
    parser.add_argument("--data-dir")
    parser.add_argument("--epochs", type=int, default=2)
    given = parser.parse_args()
    pictures = [load_dataset(given.data, half, given.data_dir) for half in (True, False)]
    train(build(given.model, seed=0, classes=len(pictures[0].classes)), pictures[0], pictures[1], given.epochs)
