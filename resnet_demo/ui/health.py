"""What a server says of itself to whoever runs it: /health and /metrics. Neither holds personal data.

`/health` is for what restarts a server that does not answer, `/metrics` for Prometheus (the extra `metrics`).
"""

from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .. import __version__
from . import visits
from .jobs import training

_began = time.monotonic()


def state() -> dict[str, Any]:
    """Numbers that cost nothing to find out: no lock is waited for, no network is run."""
    return {
        "status": "ok",
        "version": __version__,
        "uptime": round(time.monotonic() - _began, 1),  # seconds since the app was imported
        "visits": visits.kept(),
        "training": training.runs(),
    }


async def health(request: Request) -> Response:
    return JSONResponse({**state(), "waiting": _waiting(request)}, headers={"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    try:
        import prometheus_client as prometheus
    except ImportError:
        return PlainTextResponse("Metrics need prometheus-client: pip install 'resnet-demo[metrics]'.\n", 404)
    registry = prometheus.CollectorRegistry()
    prometheus.ProcessCollector(registry=registry)  # memory, processor time, open files
    now = state()
    for name, meaning, value in (
        ("uptime_seconds", "Since the app was imported.", now["uptime"]),
        ("visits", "Visits that are kept.", now["visits"]),
        ("training", "1 while a training runs.", int(now["training"])),
        ("waiting", "Requests that wait for their turn.", _waiting(request)),
    ):
        prometheus.Gauge(f"resnet_demo_{name}", meaning, registry=registry).set(value)
    prometheus.Info("resnet_demo", "What runs.", registry=registry).info({"version": now["version"]})
    return Response(prometheus.generate_latest(registry), media_type=prometheus.CONTENT_TYPE_LATEST)


def _waiting(request: Request) -> int:
    """How many requests wait in gradio's queue."""
    return len(request.app.get_blocks()._queue)


ROUTES = (Route("/health", health), Route("/metrics", metrics))
