"""The bars: the picture, the network, and what is asked of them."""

from __future__ import annotations

PICTURE = "A picture"
YOUR_PICTURE = "Your picture"
DROP_PICTURE = "Drop a picture here, or click to upload"
EXAMPLES = "Example pictures"
RANDOM_PICTURE = "Random CIFAR-10 test picture"

A_NETWORK = "A network"
NETWORK = "Network"
WEIGHTS = "Weights"
SEED = "Seed of the random weights (Enter draws them)"
TRAINED_FROM = "Trained from seed"
OWN_WEIGHTS = "Weights of your own"
CHECKPOINT = "A checkpoint: safetensors, pt, pth or th"

TRAINED = "trained"
DOWNLOAD = "ImageNet (download)"
RANDOM = "random"
OWN = "your file"
HERE = "trained here"

EVIDENCE_FOR = "Show the evidence for"
BLOCK = "Block (Inside, Grad-CAM, Cut)"

FROM_FILE = "from your file; only you see it"
BY_YOU = "by you, in this visit; only you see it"
NO_WEIGHTS = "no trained weights come with this one yet"


def example(name: str) -> str:
    return f"Example: {name}"


def labelled(label: str) -> str:
    """What people say a test picture shows."""
    return f"People labelled this picture “{label}”."


def exact_input(size: int) -> str:
    return f"The exact input of the network, {size} by {size} pixels"


def network_sees(size: int) -> str:
    return f"what the network sees: {size}×{size}"


def title(name: str, small_stem: bool) -> str:
    return name + " (3×3 stem)" * small_stem


def twin(plain: bool, other: str | None) -> str:
    """What the button does that goes to the twin, `other` if there is one."""
    words = "Give it shortcuts" if plain else "Take its shortcuts away"
    return f"{words}: {other}" if other else words


# What is known of a network, as HTML


def parameters(count: int) -> str:
    return f"<b>{count:,}</b> parameters"


def blocks(count: int, plain: bool) -> str:
    return f"<b>{count}</b> blocks" + ", no shortcuts" * plain


def untrained(seed: int) -> str:
    return f"untrained: random weights, seed {seed}"


def trained_on(dataset: str) -> str:
    return f"trained on <b>{dataset}</b>"


def by_luck(least: float, most: float, trainings: int) -> str:
    """How far the accuracies of the same training from several seeds lie apart."""
    return f"{trainings} seeds: {100 * least:.2f} to {100 * most:.2f} %"


def taken_for(dataset: str) -> str:
    return f"taken for a network of <b>{dataset}</b>"


def accuracy(share: float, pictures: int | None, validation: bool, says_file: bool) -> str:
    """How many of a set's pictures are right, and where only its file says so."""
    whose = "validation" if validation else "test"
    asked = f"its {whose} set" if pictures is None else f"{pictures:,} {whose} pictures"
    return f"<b>{100 * share:.2f} %</b> of {asked} right" + ", says its file" * says_file
