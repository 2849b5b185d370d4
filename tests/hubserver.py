"""A Hub for tests: what `huggingface_hub` asks of one when it reads and writes a repository, and no more.

Each repository is a list of commits, each of which has all files. Everything that is written comes in one request, as
the Hub has it for small files; who writes must bring the token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from fileserver import listening

TOKEN = "hf_of_the_tests"


@dataclass
class Hub:
    """`repositories`: name -> [(commit, files)], the last one being `main`. `refused`: name -> what is said instead."""

    url: str
    repositories: dict[str, list[tuple[str, dict[str, bytes]]]] = field(default_factory=dict)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # of files that are said to be larger than they are
    asked: list[str] = field(default_factory=list)

    def push(self, name: str, **files: bytes) -> str:
        """A commit; in the names of files two underscores stand for a dot."""
        return self.commit(name, {key.replace("__", "."): content for key, content in files.items()})

    def commit(self, name: str, files: dict[str, bytes]) -> str:
        commits = self.repositories.setdefault(name, [])
        content = {**(commits[-1][1] if commits else {}), **files}
        digest = hashlib.sha1(f"{name}{len(commits)}".encode()).hexdigest()
        commits.append((digest, content))
        return digest

    def at(self, name: str, revision: str | None) -> tuple[str, dict[str, bytes]] | None:
        commits = self.repositories[name]
        return commits[-1] if revision in (None, "main") else next((c for c in commits if c[0] == revision), None)


@contextmanager
def hub_server() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def answer(self, content: bytes | dict[str, Any], status: int = 200, **headers: str) -> None:
            if isinstance(content, dict):
                content = json.dumps(content).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def refuse(self, code: str, status: int = 404) -> None:
            self.answer({"error": code}, status, X_Error_Code=code)

        def do_GET(self) -> None:
            hub.asked.append(self.path)
            path = unquote(urlsplit(self.path).path)
            api = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path)
            file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
            found = api or file
            if not found or (name := found[1]) not in {**hub.repositories, **hub.refused}:
                return self.refuse("RepoNotFound", 401)
            if name in hub.refused:
                return self.refuse(hub.refused[name][1], hub.refused[name][0])
            commit = hub.at(name, found[2])
            if commit is None:
                return self.refuse("RevisionNotFound")
            digest, files = commit
            if api:
                siblings = [
                    {"rfilename": key, "size": hub.sizes.get(key, len(content))} for key, content in files.items()
                ]
                return self.answer({"id": name, "sha": digest, "siblings": siblings, "tags": []})
            if not file or file[3] not in files:
                return self.refuse("EntryNotFound")
            content = files[file[3]]
            self.answer(content, X_Repo_Commit=digest, ETag=f'"{hashlib.sha1(content).hexdigest()}"')

        do_HEAD = do_GET

        def do_POST(self) -> None:
            hub.asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = unquote(urlsplit(self.path).path)
            if path == "/api/validate-yaml":
                return self.answer({"errors": [], "warnings": []})
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self.answer({"error": "Invalid username or password."}, 401)
            if path == "/api/repos/create":
                told = json.loads(body)
                name = f"{told['organization']}/{told['name']}" if told.get("organization") else told["name"]
                if name in hub.repositories:
                    return self.answer({"error": "there", "url": f"{hub.url}/{name}"}, 409)
                hub.repositories[name] = []
                return self.answer({"url": f"{hub.url}/{name}", "id": name})
            found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/main", path)
            if not found:
                return self.refuse("EntryNotFound")
            if found[2] == "preupload":
                files = [
                    {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                    for file in json.loads(body)["files"]
                ]
                return self.answer({"files": files})
            lines = [json.loads(line) for line in body.splitlines()]
            values = [line["value"] for line in lines if line["key"] == "file"]
            digest = hub.commit(found[1], {value["path"]: base64.b64decode(value["content"]) for value in values})
            self.answer({"commitOid": digest, "commitUrl": f"{hub.url}/{found[1]}/commit/{digest}"})

    with listening(Handler) as url:
        hub = Hub(url)
        yield hub
