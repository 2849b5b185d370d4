"""From the command to the open port, against the bare imports of torch and gradio; then to the first answered page."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median
from typing import Any

from .servers import APP, server

ROUNDS = 7


def measure() -> dict[str, Any]:
    ours, peer, first = [], [], []
    for number in range(ROUNDS + 1):  # the first round warms the disk's cache
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import torch, gradio"], check=True)
        bare = time.perf_counter() - start
        with server(APP) as (port, seconds, _):
            opened = time.perf_counter()
            _first_answer(port)
            answered = time.perf_counter() - opened
        if number:
            ours.append(seconds)
            peer.append(bare)
            first.append(answered)
    return {
        "ours": median(ours),
        "peer": median(peer),
        "limit": median(peer),
        "ratio": median(mine / bare for mine, bare in zip(ours, peer, strict=True)),
        "first_prediction": median(first),
        "unit": "ours / peer: overhead; first_prediction: seconds from the open port to the first answered page",
        "work": f"python app.py to the open port, against python -c 'import torch, gradio', {ROUNDS} rounds in turn",
    }


def _first_answer(port: int) -> None:
    """What a browser does when it opens the page: the event that classifies the first example."""
    from gradio_client import Client

    Client(f"http://127.0.0.1:{port}", verbose=False, download_files=False).predict(api_name="/start")
