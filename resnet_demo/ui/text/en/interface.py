"""What stands around the pages: the header, the tabs, the words explained, sharing and saving. Some of it is HTML."""

from __future__ import annotations

TITLE = "ResNet laboratory"
NAME = "The ResNet laboratory"
LEAD = (
    'A residual block computes a change <b class="rd-r">F(x)</b> and adds it to what its shortcut carries past it, '
    '<b class="rd-s">x</b>. Choose a picture and a network, and see in each block what came which way.'
)
TABS = {
    "learn": "Learn",
    "classify": "Classify",
    "inside": "Inside the blocks",
    "gradcam": "Grad-CAM",
    "cut": "Cut",
    "experiments": "Experiments",
    "train": "Train",
}
SHARE = "Copy a link to this view"
COPIED = "Copied"
COPY_BY_HAND = "Copy the address from the browser’s bar"

GLOSSARY_TITLE = "The words and signs"
GLOSSARY = (
    (
        "Block",
        "The unit a ResNet is built of. 2.1 is the second block of stage 2 (they count from 0); the library calls it "
        "<code>layer2.1</code>. From stage to stage the maps get smaller and more.",
    ),
    ('<b class="rd-r">F(x)</b>', "What the block's own layers compute from its input x: the change."),
    ('<b class="rd-s">shortcut</b>', "The wire that carries x past those layers, to be added to F(x)."),
    ("‖x‖", "The norm: the length of all of a map's numbers together, a measure of how much there is."),
    ("cosine", "Whether two things point the same way: 1 the same, 0 at right angles, −1 opposite."),
    (
        "channel, map",
        "Each block works on a stack of small pictures, its channels; each shows where one feature is found. Crimson "
        "is above zero, indigo below, and zero is the colour of the page.",
    ),
    (
        "Gradient",
        "For each weight, how much the loss would change with it: the direction in which training turns the weight. "
        "Its norm says how strongly a block is told to change.",
    ),
    (
        "Training and test",
        "A network learns from training pictures, some at a time (a batch); all of them once is an epoch. What it "
        "knows is asked with test pictures that it never learned from.",
    ),
    ("Cutting F(x)", "The block then adds nothing: what its shortcut carries is all that goes on."),
    ("Plain network", "The same layers without shortcuts: the twin that shows what the shortcuts are for."),
    ("logit, probability", "A class's raw score, and what softmax makes of all the scores together."),
    (
        "Grad-CAM (CAM)",
        "A map of evidence: where a block's channels were active, each weighted by how much it raises the class's "
        "logit (Selvaraju et al., 2017).",
    ),
)

LIKELIEST_FIRST = "Classes, likeliest first"
BEFORE_AND_NOW = "Classes: above as it was, below as it is now"


def save_figure(kind: str) -> str:
    return f"Save this figure as {kind}"


def save_channels(title: str) -> str:
    return f"Save the channels of {title} as PNG"


def channels(title: str, shown: int, count: int, height: int, width: int) -> str:
    return f"{title}: {shown} of {count} channels, {height} by {width} pixels each"


def enlarged(title: str, channel: int) -> str:
    return f"{title}: channel {channel}, enlarged"
