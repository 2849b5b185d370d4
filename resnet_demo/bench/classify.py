"""A picture over HTTP to the answered page, against an app that only echoes the picture, plus the bare forward pass."""

from __future__ import annotations

from typing import Any

import torch
from gradio_client import Client, handle_file

from ..assets import asset
from ..images import load_image
from ..models.predict import domain_of
from ..models.zoo import load
from . import take_turns
from .servers import APP, ECHO, server


def measure() -> dict[str, Any]:
    path = asset("examples", "cat.png")
    model = load("resnet20")
    inputs = domain_of(model).to_input(load_image(path))

    def bare_forward() -> None:
        with torch.no_grad():
            model(inputs)

    with server(APP) as (app_port, *_), server(ECHO) as (echo_port, *_):
        app, echo = (
            Client(f"http://127.0.0.1:{port}", verbose=False, download_files=False) for port in (app_port, echo_port)
        )
        app.predict(api_name="/start")
        seconds = take_turns(
            {
                "ours": lambda: app.predict(handle_file(path), api_name="/classify"),
                "echo": lambda: echo.predict(handle_file(path), api_name="/echo"),
                "forward": bare_forward,
            },
            rounds=60,
            warmup=8,
        )
    peer = seconds["echo"] + seconds["forward"]
    return {
        **seconds,
        "peer": peer,
        "limit": seconds["echo"],
        "ratio": seconds["ours"] / peer,
        "unit": "ours / (echo + bare forward): overhead, p50",
        "work": "upload a 256x256 PNG, classify with resnet20, trace it, render the page Inside",
    }
