"""Words that gradio brings along, in English, whatever the page speaks; `translate.js` puts ours in their place."""

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
    _("Click to upload or drop files"),
    _("Uploading..."),
    _("Upload a file"),
    _("Uploaded files"),
    _("Remove file"),
    _("Uploading"),
    _("- or -"),
    _("Clear"),
    _("Remove this file"),
    _("Close"),
    _("Reset to default value"),
    _("Drop an image file here to upload"),
    _("File upload"),
    _("Error"),
    _("Warning"),
    _("Info"),
    _("Loading"),
    _("Success"),
    _("Connection to the server was lost. Attempting reconnection..."),
    _("Waiting for file(s) to finish uploading, please retry."),
    _("Complete"),
    _("Empty value"),
    _("Click to Access Webcam"),
    _("grant webcam access"),
    _("number input for {label}"),  # the label is ours already
    _("range slider for {label}"),
)
