"""What PyPI shows: the README without the header that Hugging Face Spaces reads, and with links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class Readme(MetadataHookInterface):
    """Called by hatchling when it builds or installs the package; see `tool.hatch.metadata.hooks.custom`."""

    def update(self, metadata: dict[str, Any]) -> None:
        text = (Path(self.root) / "README.md").read_text("utf-8")
        home = metadata["urls"]["Homepage"]
        metadata["readme"] = {"content-type": "text/markdown", "text": for_strangers(text, home)}


def for_strangers(text: str, home: str) -> str:
    """The same text where neither the header is known nor the repository's files are beside it."""
    _, _, text = text.split("---\n", 2)
    text = re.sub(r"(!\[[^\]]*\])\((?!https?:|#)", rf"\1({home}/raw/main/", text.lstrip())
    return re.sub(r"(?<!!)(\[[^\]]*\])\((?!https?:|#)", rf"\1({home}/blob/main/", text)
