"""On a server: health and metrics, two replicas behind nginx as deploy/ has them, the container file, and the end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from gradio_client import Client
from starlette.applications import Starlette
from starlette.testclient import TestClient

from resnet_demo.ui import health, log, visits

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 300  # seconds until a server answers, on a computer that is busy with more


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def environ(**variables: str) -> dict[str, str]:
    ours = {"PYTHONPATH": str(ROOT), "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1", "NO_PROXY": "*"}
    return {**os.environ, **ours, **variables}


# Health and metrics


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(health, "_began", time.monotonic() - 90)

    class Stand(Starlette):
        def get_blocks(self) -> Any:
            return type("Blocks", (), {"_queue": [1, 2, 3]})

    return TestClient(Stand(routes=list(health.ROUTES)))


def test_health_is_a_few_numbers(server: TestClient) -> None:
    before = visits.kept()
    session, _ = visits.begin()
    answer = server.get("/health")
    told = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert 90 <= told.pop("uptime") < 120
    version = re.search(r'__version__ = "(.*)"', (ROOT / "resnet_demo" / "__init__.py").read_text())
    assert version
    assert told == {
        "status": "ok", "version": version[1], "visits": before + 1, "training": False, "waiting": 3
    }  # fmt: skip
    visits.end(session.key)
    assert server.get("/health").json()["visits"] == before


def test_metrics_are_those_of_health_and_of_the_process(server: TestClient) -> None:
    pytest.importorskip("prometheus_client", reason="it comes with the extra `metrics`")
    answer = server.get("/metrics")
    told = dict(re.findall(r"^(\w+)(?:\{.*\})? (\S+)$", answer.text, re.M))
    assert float(told["resnet_demo_waiting"]) == 3
    assert float(told["resnet_demo_training"]) == 0
    assert float(told["resnet_demo_visits"]) == visits.kept()
    assert 90 <= float(told["resnet_demo_uptime_seconds"]) < 120
    if sys.platform == "linux":
        assert float(told["process_resident_memory_bytes"]) > 1e7


def test_without_prometheus_there_is_a_sentence(server: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    answer = server.get("/metrics")
    assert (answer.status_code, answer.text) == (
        404, "Metrics need prometheus-client: pip install 'resnet-demo[metrics]'.\n"
    )  # fmt: skip


def test_the_log_is_json_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("RESNET_DEMO_LOG", raising=False)
    log.log("started")
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("RESNET_DEMO_LOG", "1")
    log.log("training ended", seconds=1.5)
    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("+00:00")
    assert line == {"event": "training ended", "seconds": 1.5}


# Behind nginx


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext, list[int]]]:
    """nginx and two replicas, as compose.yaml has them: the address, what trusts its certificate, the replicas' ports.

    nginx.conf is used as it is, but for names of hosts, ports and folders.
    """
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if nginx is None or shutil.which("openssl") is None:
        missing = "There is no nginx (or no openssl) on this computer; the tests need Debian's packages of these names."
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("hosting")
    outside, *ports = free_ports(3)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", "privkey.pem", "-out", "fullchain.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    config = (ROOT / "deploy" / "nginx.conf").read_text()
    for ours, theirs in (
        ("replica-1:7860", f"127.0.0.1:{ports[0]}"),
        ("replica-2:7860", f"127.0.0.1:{ports[1]}"),
        ("listen 8443", f"listen 127.0.0.1:{outside}"),
        ("/etc/nginx/tls", str(folder)),
        ("/tmp/nginx", f"{folder}/nginx"),
    ):
        assert ours in config
        config = config.replace(ours, theirs)
    (folder / "nginx.conf").write_text(config)
    as_root = "user root; " if os.geteuid() == 0 else ""  # or its workers could not enter the folder
    variables = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["replica-1"]["environment"]
    programs = [[nginx, "-c", str(folder / "nginx.conf"), "-g", f"{as_root}daemon off;"]]
    programs += [[sys.executable, "-m", "resnet_demo", "serve", "--port", str(port)] for port in ports]
    logs = [folder / f"{number}.log" for number in range(3)]
    running = []
    try:
        for number, (program, path) in enumerate(zip(programs, logs, strict=True)):
            env = environ(**variables, RESNET_DEMO_LOG="1", GRADIO_TEMP_DIR=str(folder / f"uploads-{number}"))
            with path.open("wb") as output:
                running.append(subprocess.Popen(program, cwd=folder, env=env, stdout=output, stderr=output))
        deadline = time.monotonic() + PATIENCE
        for port in ports:
            while not answers(f"http://127.0.0.1:{port}/health"):
                told = "\n".join(path.read_text() for path in logs)
                assert all(program.poll() is None for program in running), told
                assert time.monotonic() < deadline, told
                time.sleep(0.1)
        yield f"https://localhost:{outside}", ssl.create_default_context(cafile=str(folder / "fullchain.pem")), ports
        assert all(program.poll() is None for program in running)
    finally:
        for program in reversed(running):
            program.terminate()
        statuses = [program.wait(30) for program in running]
    assert statuses == [0, 143, 143]
    for path in logs[1:]:
        assert "Traceback" not in path.read_text(), path.read_text()
        events = [json.loads(line)["event"] for line in path.read_text().splitlines() if line.startswith("{")]
        assert events == ["started", "stopping", "stopped"]
    assert not [path for path in folder.glob("uploads-*/**/*.png") if path.is_file()]


def answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=10, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def visits_of(ports: list[int]) -> list[int]:
    return [httpx.get(f"http://127.0.0.1:{port}/health", timeout=60).json()["visits"] for port in ports]


def test_behind_nginx_with_a_path_and_two_replicas(replicas: tuple[str, ssl.SSLContext, list[int]]) -> None:
    address, trusted, _ = replicas
    with httpx.Client(base_url=address, verify=trusted, timeout=60, trust_env=False) as browser:
        assert browser.get("/resnet").headers["location"] == f"{address}/resnet/"
        browser.cookies.clear()

        page = browser.get("/resnet/")
        assert page.status_code == 200
        assert f'"root":"{address}/resnet"' in page.text
        assert "max-age" in page.headers["strict-transport-security"]
        visitor, replica = sorted(page.headers.get_list("set-cookie"), key=lambda cookie: cookie.startswith("replica"))
        assert re.fullmatch(r"replica=\w{32}; Path=/resnet/; Secure; HttpOnly; SameSite=Lax", replica)
        assert re.match(r"resnet-demo-visitor=[\w-]{32}; .*HttpOnly; Secure; SameSite=None; Partitioned$", visitor)
        assert "set-cookie" not in browser.get("/resnet/").headers  # it has one now

        for name in ("lab/main.js", "lab/fonts/inter-latin.woff2", "gradio_api/info", "health"):
            assert browser.get(f"/resnet/{name}").status_code == 200, name
        assert browser.get("/resnet/lab/main.js").headers["cache-control"] == "no-cache"
        for name in ("metrics", "lab/absent.js", "lab/%2e%2e/%2e%2e/shell.py"):
            assert browser.get(f"/resnet/{name}").status_code == 404, name
        assert browser.get("/").status_code == 404

        # A visitor stays at one replica.
        seen = {tuple(sorted(browser.get("/resnet/gradio_api/app_id").json().items())) for _ in range(12)}
        assert len(seen) == 1

        # Its page came from there, too: a replica knows the browsers that it gave a page to.
        for _browser in range(8):
            with httpx.Client(base_url=address, verify=trusted, timeout=60, trust_env=False) as other:
                (page_from,) = set(re.findall(r'"app_id":(\d+)', other.get("/resnet/").text))
                assert other.get("/resnet/gradio_api/app_id").json() == {"app_id": int(page_from)}

        # What is too large is refused before it is read.
        large = "x" * 17_000_000
        assert browser.post("/resnet/gradio_api/queue/join", content=large).status_code == 413

        # A picture of more than a megabyte comes through, and is found again under the app's own address.
        files = {"files": ("a.png", b"\x89PNG" + b"x" * 2_000_000)}
        (path,) = browser.post("/resnet/gradio_api/upload", files=files).json()
        assert len(browser.get(f"/resnet/gradio_api/file={path}").content) == 2_000_004


def test_visits_behind_nginx(replicas: tuple[str, ssl.SSLContext, list[int]]) -> None:
    """Answers come as a stream; visitors are spread over the replicas, and each has its visit where it began."""
    address, trusted, ports = replicas
    before = visits_of(ports)
    for number in range(1, 9):
        guest = Client(f"{address}/resnet/", verbose=False, ssl_verify=trusted)  # pyright: ignore[reportArgumentType]
        assert guest.predict(api_name="/start")[0]["model"] == "resnet20"
        # The visit is known where the next event comes to; elsewhere it would have ended.
        assert guest.predict("cat", api_name="/example")[0]["predictions"][0]["label"] == "cat"
        now = [new - old for old, new in zip(before, visits_of(ports), strict=True)]
        assert sum(now) == number
        if all(now):
            return
    raise AssertionError(f"All visitors came to one replica: {now}")


# The container's files, which are read here, not built


def test_the_container_file_names_what_there_is() -> None:
    text = (ROOT / "Containerfile").read_text()
    copied = [source for line in re.findall(r"^COPY (?!--)(.+)$", text, re.M) for source in line.split()[:-1]]
    assert copied
    assert all((ROOT / source).exists() for source in copied)
    kept = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M)
    assert sorted(kept) == sorted(copied)
    assert "ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu\n" in text
    (user,) = re.findall(r"^USER (\w+)$", text, re.M)
    assert f"--no-create-home {user} " in text
    (extra,) = re.findall(r'"\.\[(\w+)\]"', text)
    assert re.search(rf"^{extra} = \[", (ROOT / "pyproject.toml").read_text(), re.M)
    command = json.loads(re.findall(r"^CMD (.+)$", text, re.M)[-1])
    done = subprocess.run(
        [sys.executable, "-m", "resnet_demo", *command[1:], "--help"], env=environ(), capture_output=True, timeout=60
    )
    assert (command[0], done.returncode) == ("resnet-demo", 0)
    (port,) = re.findall(r"^EXPOSE (\d+)$", text, re.M)
    assert port == command[-1]
    assert f"http://127.0.0.1:{port}/health" in text


def test_compose_nginx_and_container_agree() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    services = compose["services"]
    nginx = (ROOT / "deploy" / "nginx.conf").read_text()
    replicas = {name for name in services if name.startswith("replica")}
    assert set(re.findall(r"server (replica-\d+):7860", nginx)) == replicas
    for name in replicas:
        build = services[name]["build"]
        assert (ROOT / "deploy" / build["context"] / build["dockerfile"]).is_file()
        assert f"location {services[name]['environment']['GRADIO_ROOT_PATH']}/ " in nginx
        assert {volume.split(":")[0] for volume in services[name]["volumes"]} <= compose["volumes"].keys()
    (port,) = services["nginx"]["ports"]
    assert f"listen {port.split(':')[1]} ssl" in nginx
    inside = {volume.split(":")[1] for volume in services["nginx"]["volumes"]}
    assert {"/etc/nginx/nginx.conf", "/etc/nginx/tls"} == inside
    assert "/etc/nginx/tls/fullchain.pem" in nginx
    assert (ROOT / "deploy" / "nginx.conf").is_file()


# Ctrl-C and SIGTERM

# A background job's children would be deaf to Ctrl-C, as the tests may be.
START = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
app, sys.argv = sys.argv[1] == "app.py", ["resnet-demo", *sys.argv[1:]]
from resnet_demo import stopping
hear = signal.signal
def told(number, handler):
    hear(number, handler)
    if number == signal.SIGTERM:
        print("hears", flush=True)
signal.signal = told
if app:
    runpy.run_path("app.py", run_name="__main__")
else:
    runpy.run_module("resnet_demo", run_name="__main__")
"""


def started(program: list[str], port: int, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START, *program],
        cwd=ROOT, env=environ(GRADIO_SERVER_PORT=str(port), GRADIO_TEMP_DIR=str(folder)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(program: list[str], after: float, number: int, folder: Path) -> tuple[int, str]:
    """The status and what was said of a program that got a signal so many seconds after it began to listen."""
    (port,) = free_ports(1)
    running = started(program, port, folder)
    try:
        assert running.stdout
        assert running.stdout.readline() == "hears\n"
        time.sleep(after)
        running.send_signal(number)
        _, said = running.communicate(timeout=60)
        return running.returncode, said
    finally:
        running.kill()


@pytest.mark.parametrize(
    ("number", "status", "sentence"),
    [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "")],
    ids=["ctrl-c", "sigterm"],
)
@pytest.mark.parametrize("program", [["app.py"], ["classify", "assets/examples/cat.png"]], ids=["app", "shell"])
def test_a_signal_at_any_moment_of_the_start(
    program: list[str], number: int, status: int, sentence: str, tmp_path: Path
) -> None:
    moments = (0, 0.2, 0.5, 1.0, 1.8)
    with ThreadPoolExecutor(2) as two:
        endings = list(two.map(lambda moment: ended(program, moment, number, tmp_path), moments))
    for moment, (found, said) in zip(moments, endings, strict=True):
        # A command may have been done before: then it ended with 0, or by the signal while Python was leaving.
        if found not in (0, -number) or program == ["app.py"]:
            assert (found, said.strip()) == (status, sentence), moment


def test_ctrl_c_as_soon_as_the_app_answers(tmp_path: Path) -> None:
    """Its first answer is still being computed, a page is open, a picture was uploaded."""
    (port,) = free_ports(1)
    address, folder = f"http://127.0.0.1:{port}", tmp_path / "uploads"
    running = started(["app.py"], port, folder)
    try:
        deadline = time.monotonic() + PATIENCE
        while not answers(f"{address}/health"):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as browser:
            browser.post("/gradio_api/upload", files={"files": ("a.png", b"\x89PNG")})
            assert list(folder.rglob("a.png"))
            with browser.stream("GET", "/gradio_api/heartbeat/of-a-page"):
                running.send_signal(signal.SIGINT)
                _, said = running.communicate(timeout=60)
        assert running.returncode == 130
        assert "Traceback" not in said
        assert not list(folder.rglob("a.png"))
    finally:
        running.kill()
