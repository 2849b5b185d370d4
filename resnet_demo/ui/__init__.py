"""The app in a browser: `shell` lays it out, `pages` has a file for each page, `session` holds what one visitor owns.

An event names what it changes in the visitor's `Session`; afterwards the bars and the page in sight are shown anew from
it. Only a new picture or a new network runs the network; another page, block, class or channel re-uses the trace
(unless that had to make room for others').
"""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # before gradio is imported: nothing is sent anywhere

from .shell import build_demo, launch

__all__ = ["build_demo", "launch"]
