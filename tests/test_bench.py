"""The benchmarks measure what they say they do; their figures are no business of a test."""

from __future__ import annotations

import time

import pytest

from resnet_demo import bench
from resnet_demo.bench import servers
from resnet_demo.errors import InputError


def test_contenders_take_turns_and_the_warm_up_does_not_count():
    calls: list[str] = []

    def slow_at_first() -> None:
        calls.append("a")
        time.sleep(0.2 if calls.count("a") == 1 else 0.01)

    seconds = bench.take_turns({"a": slow_at_first, "b": lambda: calls.append("b")}, rounds=3, warmup=1)
    assert calls == ["a", "b"] * 4
    assert 0.01 <= seconds["a"] < 0.1
    assert seconds["b"] < seconds["a"]


@pytest.mark.parametrize("name", ["inspect", "figures"])
def test_a_benchmark_reports_the_figures_of_the_interface(name):
    result = bench.run(name)
    assert result["name"] == name
    assert result["ratio"] == pytest.approx(result["peer"] / result["ours"])
    assert result["ratio"] > 2  # both are meant to be far ahead; a broken contender would not be
    assert 0 < result["limit"] <= result["ours"] * 1.2
    assert result["unit"].startswith("peer / ours")
    assert result["work"]


def test_an_unknown_benchmark_is_a_sentence():
    with pytest.raises(InputError, match=r"There is no benchmark 'speed'; there are inspect, figures"):
        bench.run("speed")


def test_a_server_is_up_when_it_is_yielded_and_gone_afterwards():
    program = "import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
    with servers.server(program) as (port, seconds):
        assert servers._open(port)
        assert seconds > 0
    assert not servers._open(port)


def test_a_server_that_dies_is_noticed():
    with pytest.raises(RuntimeError, match="did not start"), servers.server("raise SystemExit(3)  # {port}"):
        pass
