"""Which of the networks that `zoo` knows are offered to choose from. Apart from it, since a shell that completes a word
waits for no torch.
"""

from __future__ import annotations

CIFAR_DEPTHS = (8, 14, 20, 32, 44, 56, 110)
PREACT_DEPTHS = (20, 56)


def names() -> list[str]:
    """From small to large, each residual network beside its twin."""
    cifar = [f"{kind}{depth}" for depth in CIFAR_DEPTHS for kind in ("resnet", "plain")]
    imagenet = [f"{kind}{depth}" for depth in (18, 34) for kind in ("resnet", "plain")]
    preact = [f"preresnet{depth}" for depth in PREACT_DEPTHS]
    return [*cifar, *preact, "resnet18-cifar", "plain18-cifar", *imagenet, "resnet50", "resnet101", "resnet152"]
