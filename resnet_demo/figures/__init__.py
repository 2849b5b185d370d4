"""Records -> pictures. Nothing here runs a network, and nothing knows the app.

`maps` colours tensors, `street`, `block` and `sum` draw a trace as SVG, `cams` lays attributions over the picture,
`curves` plots a trace's numbers with matplotlib; `lines`, `lens` and `lengths` draw what is seen in the lesson and on
the page Cut. Of training, `race` and `gradients` draw what happens while it runs, `confusion` what came out, and
`history` plots how; `runs` is what they share. `experiments` has a drawing for each experiment of the lab. `axes`
(scales and panels), `strips` (a bar for each block), `contours` and `surface` (heights on a grid) are what many are
made of.

All of them are strings: SVG that stands for itself, in a file, on a page, in a notebook.

>>> from resnet_demo import load, trace_blocks
>>> from resnet_demo.images import load_image
>>> model = load("resnet20")
>>> picture = model.domain.crop(load_image("assets/examples/cat.png"))
>>> trace = trace_blocks(model, model.domain.to_input(picture))
>>> street = draw_street(trace, "layer2.0", picture, ("cat", "99 %"))
>>> block = draw_block(trace["layer2.0"], channel=channel_to_show(trace["layer2.0"]))
>>> street[:4], block[:4]
('<svg', '<svg')

Of a training the records are drawn, live ones or those of a file:

>>> draw_race({"resnet20": [{"images": 5000, "train_accuracy": 0.41}]}, budget=10_000)[:4]
'<svg'

And maps become pictures of Pillow, or `data:` addresses:

>>> signed_map(trace["layer2.0"].residual[0, 3], scale=1.0).size
(16, 16)
"""

from .block import block_scale, draw_block, source_channel
from .branches import draw_branches
from .cams import draw_overlay, draw_split, draw_strip
from .confusion import draw_confusion
from .curves import curves_svg, draw_curves
from .experiments import draw_experiment
from .gradients import draw_gradients, draw_ratios
from .history import draw_degradation, draw_history, figure_png
from .lengths import draw_lengths
from .lens import draw_lens
from .lines import draw_lines
from .maps import activity_map, data_uri, grid, over, photo_uri, png, scale_of, signed_map, strongest
from .race import draw_race
from .runs import network_title
from .street import channel_to_show, draw_street, highest_share, share, strongest_change, weakest_change
from .sum import draw_sum

__all__ = [
    "activity_map",
    "block_scale",
    "channel_to_show",
    "curves_svg",
    "data_uri",
    "draw_block",
    "draw_branches",
    "draw_confusion",
    "draw_curves",
    "draw_degradation",
    "draw_experiment",
    "draw_gradients",
    "draw_history",
    "draw_lengths",
    "draw_lens",
    "draw_lines",
    "draw_overlay",
    "draw_race",
    "draw_ratios",
    "draw_split",
    "draw_street",
    "draw_strip",
    "draw_sum",
    "figure_png",
    "grid",
    "highest_share",
    "network_title",
    "over",
    "photo_uri",
    "png",
    "scale_of",
    "share",
    "signed_map",
    "source_channel",
    "strongest",
    "strongest_change",
    "weakest_change",
]
