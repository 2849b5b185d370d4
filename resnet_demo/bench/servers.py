"""Servers as processes of their own, for the benchmarks that measure over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

APP = "from resnet_demo.ui import launch; launch(port={port})"
# The least that a gradio app can do with a picture: take it and give it back.
ECHO = """
import os
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
import gradio as gr
with gr.Blocks() as demo:
    picture, same = gr.Image(type="pil"), gr.Image()
    picture.upload(lambda value: value, picture, same, api_name="echo")
demo.launch(server_port={port}, ssr_mode=False, quiet=True)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def server(
    program: str, seconds: float = 120, environment: Mapping[str, str] | None = None
) -> Iterator[tuple[int, float, int]]:
    """Run a Python program that serves on `{port}`; yield the port, the seconds until it was open, and its process."""
    port, start = free_port(), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program.format(port=port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", **(environment or {})},
    )
    try:
        while not _open(port):
            if process.poll() is not None or time.perf_counter() - start > seconds:
                raise RuntimeError("The server of the benchmark did not start.")
            time.sleep(0.005)
        yield port, time.perf_counter() - start, process.pid
    finally:
        process.terminate()
        process.wait()


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
