"""Words that gradio brings along, in English, whatever the page speaks: `static/page.js` puts ours in their place."""

from __future__ import annotations

from ..i18n import _

BROUGHT = (
    _("Remove Image"),
    _("Upload file"),
    _("Capture from camera"),
    _("Paste from clipboard"),
    _("More tabs"),
    _("Drop File Here"),
    _("Click to Upload"),
    _("- or -"),
    _("Clear"),
    _("Remove this file"),
    _("Close"),
    _("Reset to default value"),
)
