"""Names of classes as people write them: one in a line, separated by commas, or as JSON."""

from __future__ import annotations

import json
import re

from ..errors import InputError

MOST = 10_000_000  # characters
_COMMAS = "[,;\uff0c\uff1b\u3001]"  # the Chinese ones, too


def parse_labels(text: str, count: int | None = None) -> list[str]:
    """The names: lines, one line with commas, a JSON list, or a JSON object by number as torchvision and the Hub have.

    A name may hold a comma ("tench, Tinca tinca"), so several lines are split at commas only where they then are the
    `count` names that are wanted. Raises InputError where it is none of these.
    """
    text = text[:MOST].strip()
    if text[:1] not in ("[", "{"):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        names = [name.strip() for line in lines for name in re.split(_COMMAS, line) if name.strip()]
        return names if len(lines) == 1 or (len(lines) != count and len(names) == count) else lines
    try:
        found = json.loads(text)
        if isinstance(found, dict):
            found = found.get("id2label", found)
            found = [found[key] for key in sorted(found, key=int)]
        names = [name[-1] if isinstance(name, list) else name for name in found]
        if not all(isinstance(name, str) for name in names):
            raise ValueError
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        raise InputError("This is not a list of names: one in a line, with commas between them, or as JSON.") from None
    return names
