"""What a browser sends to the app, without one."""

from __future__ import annotations

import json
from typing import Any

import httpx

from resnet_demo.ui.guard import COOKIE

COMPLETED, GENERATING = "process_completed", "process_generating"  # what gradio says with an answer, and with a part


class Browser:
    """A page in a browser: it has a cookie, and a name that gradio gave it."""

    def __init__(self, address: str, page: str, cookie: bool = True) -> None:
        self.address, self.page = address, page
        self.http = httpx.Client(base_url=address, timeout=120, trust_env=False)
        if cookie:
            assert COOKIE in self.http.get("/").cookies
        self.config = self.http.get("/config").json()
        self.events = {event["api_name"]: event for event in self.config["dependencies"]}

    def ask(
        self, name: str, *values: Any, page: str | None = None, data: Any = None, until: str = COMPLETED
    ) -> dict[str, Any]:
        """What an event answers: "data", or an "error"."""
        page = page or self.page
        asked = {"data": [None, *values], "fn_index": self.events[name]["id"], "session_hash": page, "event_data": data}
        said = {"content": json.dumps(asked), "headers": {"Content-Type": "application/json"}}
        joined = self.http.post("/gradio_api/queue/join", **said)
        if joined.status_code != 200:
            return joined.json()
        number = joined.json()["event_id"]
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": page}) as lines:
            if lines.status_code != 200:
                lines.read()
                return lines.json()
            for line in lines.iter_lines():
                said = json.loads(line[5:]) if line.startswith("data:") else {}
                if said.get("msg") in (until, COMPLETED) and said["event_id"] == number:
                    return said["output"]
        raise AssertionError("The server said nothing.")

    def sees(self) -> dict[str, Any]:
        """What its visit is about, as data."""
        shown = self.ask("page_inside", None)["data"]
        return next(value for value in shown if isinstance(value, dict) and "model" in value)

    def send(self, name: str, content: bytes) -> str:
        """Upload a file; its path on the server."""
        return self.http.post("/gradio_api/upload", files={"files": (name, content)}).json()[0]
