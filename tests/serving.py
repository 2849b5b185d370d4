"""The app as a process of its own, for tests in a browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def serving(*arguments: str, log: Path, within: float, **environment: str) -> Iterator[str]:
    """The address of what Python serves with these arguments on a free port, until the tests are over.

    `within` so many seconds it must answer; what it prints goes to `log`, and must hold no traceback.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), **environment}
    with log.open("wb") as output:
        app = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + within
        while True:
            try:
                urlopen(url, timeout=5).close()
                break
            except OSError:
                assert app.poll() is None, f"The app ended:\n{log.read_text()}"
                assert time.monotonic() < deadline, f"The app does not answer:\n{log.read_text()}"
                time.sleep(0.1)  # a process offers nothing to wait for until its port is open
        yield url
        assert app.poll() is None, f"The app ended:\n{log.read_text()}"
        assert "Traceback" not in log.read_text(), log.read_text()
    finally:
        app.terminate()
        app.wait(20)
