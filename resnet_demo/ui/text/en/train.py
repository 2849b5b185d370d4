"""The page Train: its form, and what it says around the figures. `training` reads the figures."""

from __future__ import annotations

HEADING = "Train a network and its twin without shortcuts"
LEAD = (
    "A shortcut is the wire that carries a block's input past the block. Here two networks learn the same pictures in "
    "the same order, one with shortcuts and one without: press Train. The picture and the network at the side are not "
    "part of it, and stay as they are."
)
PRESETS = {
    "twins": "ResNet-56 against Plain-56",
    "deep": "How deep can you go?",
    "own": "My own pictures",
}

# The form

DEPTH = "Depth"
NETWORKS = "Networks"
KINDS = {"both": "both, side by side", "residual": "with shortcuts", "plain": "without shortcuts"}
PICTURES = "Pictures"
DATA = {
    "shapes": "Shapes, drawn here",
    "cifar10": "CIFAR-10 photos",
    "cifar100": "CIFAR-100 photos",
    "fashion-mnist": "Fashion-MNIST, clothes",
    "my pictures": "My own pictures (zip)",
}
ZIP = "A zip with one folder of pictures per class"
BUDGET = "How long"
BUDGETS = {"seconds": "by the clock", "epochs": "by epochs"}
EPOCHS = "Epochs: times through all pictures"
HOW = "How to train"
RECIPE = "Recipe"
RECIPES = {
    "fast": "fast: orthogonal steps, small crops first",
    "paper": "paper: He et al. 2015",
    "textbook": "textbook: the plain loop",
}
BATCH = "Pictures per step (empty: the recipe's)"
RATE = "Highest learning rate (empty: the recipe's)"
SEED = "Seed of weights and order"
START, STOP, AGAIN = "Train", "Stop", "Replay: the same race again"
FILES = "Weights, history and plots"


def layers(depth: int) -> str:
    return f"{depth} layers"


def seconds(least: int, most: int) -> str:
    return f"Seconds, all networks together ({least} to {most})"


# While it runs

NOTHING_YET = "Nothing trained yet: press Train."
READING = "Getting the pictures …"
STOPPING = "It will stop before the first step is over."
FAILED, STOPPED, DONE = "It failed.", "Stopped. What was learned until then is kept.", "Done."
WAITING = "Here the curves will grow, one for each network."
PROGRESS = "Training"
GRADIENTS = "How strongly each block is told to change: the gradient"
LAST_TEST = "Stopping: what was learned is tested once more"


def downloading(arrived: float, size: float) -> str:
    """Both in bytes."""
    return f"Downloading the pictures: {arrived / 1e6:.0f} of {size / 1e6:.0f} MB …"


def speed(name: str, images_per_second: float) -> str:
    return f"{name} <b>{images_per_second:,.0f}</b> pictures/s"


def seconds_left(seconds: float) -> str:
    return f"about <b>{seconds:.0f} s</b> left"


def done(share: float) -> str:
    return f"<b>{100 * share:.0f} %</b> done"


# Afterwards

OUTCOME = "What came out"
NOTHING = "Nothing was trained."
SAME = "Replayed: every test came out exactly as the first time."
NOT_SAME = "Replayed with the same seeds and schedule, but the tests differ."
RATIOS = "How much each block adds to its shortcut"
READ_RATIOS = "‖F(x)‖ / ‖shortcut‖ on eight training pictures. Below 1 the shortcut carries more than the block adds."
MISTAKES = "The mistakes it is surest of"
LONG_RUN = "The long run: what the bundled networks did"
ERRORS = "Training and test error by epoch, plain and residual networks"
ALIKE = "CIFAR-10, the same recipe for all; after He et al. 2015, figures 1 and 6."
UNLIKE = (
    "CIFAR-10, the same seed and number of epochs; the recipes are not quite the same at all depths, but always in a "
    "network and its twin. After He et al. 2015, figures 1 and 6."
)


def tested(accuracy: str, pictures: int) -> str:
    return f"<b>{accuracy}</b> of {pictures:,} test pictures"


def failed(name: str, reason: str) -> str:
    return f"{name} ended early: {reason}"


def seen(pictures: int) -> str:
    return f"{pictures:,} pictures seen"


def look(name: str) -> str:
    return f"Look inside {name}"


def confusion(name: str) -> str:
    return f"{name}: what it takes for what"


def no_mistake(name: str, pictures: int) -> str:
    return f"{name} makes no mistake on these {pictures:,} pictures."


def mistake(truth: str, answer: str) -> str:
    return f"{truth}, taken for {answer}"


def truly(truth: str) -> str:
    return f"is {truth}"
