"""The server's log: with RESNET_DEMO_LOG=1, one line of JSON on stderr for each event of importance.

It holds no personal data: no address, no key, no file, nothing that a visitor chose or sent.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timezone


def log(event: str, **numbers: int | float | str | bool) -> None:
    """For events of the server itself."""
    if os.environ.get("RESNET_DEMO_LOG", "0") != "0":
        moment = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        print(json.dumps({"time": moment, "event": event, **numbers}), file=sys.stderr, flush=True)
