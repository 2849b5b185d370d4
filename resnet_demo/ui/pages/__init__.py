"""The pages of the app, one file each, in the order of their tabs.

To add one is to add its file, with a `PAGE`, and a line here; the layout, the address and the API follow from that.
"""

from ..page import Page
from . import cut, experiments, gradcam, inside, learn, train

PAGES: tuple[Page, ...] = (
    inside.PAGE,
    gradcam.PAGE,
    cut.PAGE,
    learn.PAGE,
    experiments.PAGE,
    train.PAGE,
)
BY_NAME = {page.name: page for page in PAGES}

__all__ = ["BY_NAME", "PAGES"]
