"""Records -> pictures. Nothing here runs a network, and nothing knows the app.

`maps` colours tensors, `street` and `block` draw a trace as SVG, `cams` lays attributions over the
picture, `curves` plots a trace's numbers with matplotlib.
"""

from .block import draw_block, source_channel
from .cams import draw_overlay, draw_split, draw_strip
from .curves import curves_svg, draw_curves
from .maps import activity_map, data_uri, grid, over, photo_uri, png, scale_of, signed_map, strongest
from .street import channel_to_show, draw_street, share, strongest_change, weakest_change

__all__ = [
    "activity_map",
    "channel_to_show",
    "curves_svg",
    "data_uri",
    "draw_block",
    "draw_curves",
    "draw_overlay",
    "draw_split",
    "draw_street",
    "draw_strip",
    "grid",
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
