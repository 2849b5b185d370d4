"""Benchmarks in the shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from commands import answer, complaint, shell, stand_in


def test_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {"name": "inspect", "ours": 0.02, "peer": 0.4, "ratio": float("nan"), "unit": "s"}
    stand_in(monkeypatch, "bench", NAMES=("inspect", "figures"), run=lambda name: {**figures, "name": name})
    assert answer("bench", "inspect") == {**figures, "ratio": None}
    assert "0.4" in shell("bench", "inspect").stdout
    assert complaint("bench", "sunshine") == "There is no benchmark 'sunshine'; there are inspect and figures."


def test_all_benchmarks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file; what became more than a fifth worse is named, and so is what could not be measured."""
    results = {
        "inspect": {"name": "inspect", "ratio": 7.0, "unit": "peer / ours: how many times faster"},
        "click": {"name": "click", "ratio": 0.9, "unit": "ours / limit, p50"},
        "load": {"name": "load", "ratio": 1.0, "unit": "ours / limit: p95"},
    }

    def measured(name: str) -> dict[str, Any]:
        if name not in results:
            raise RuntimeError("It needs a browser.")
        return results[name]

    monkeypatch.setattr("resnet_demo.bench.together._measured", measured)
    monkeypatch.setattr("resnet_demo.bench.NAMES", ("inspect", "click", "load", "dial"))
    file, later = tmp_path / "new" / "benchmarks.json", tmp_path / "later.json"
    found = answer("bench", "all", "--out", file)
    assert found == {**json.loads(file.read_text()), "changes": None}
    assert found["results"] == results
    assert found["failed"] == {"dial": "It needs a browser."}
    assert found["machine"]["cores"] >= 1
    assert found["versions"]["torch"] == torch.__version__

    results["inspect"]["ratio"], results["click"]["ratio"] = 5.0, 1.0
    told = shell("bench", "all", "--against", file, "--out", later).stdout
    assert told.endswith("dial was not measured: It needs a browser.\nWorse by more than 20%: inspect\n")
    found = answer("bench", "all", "--only", "inspect", "--against", file)
    assert found["changes"] == [{"name": "inspect", "before": 7.0, "now": 5.0, "gain": pytest.approx(5 / 7 - 1)}]
    found = answer("bench", "all", "--only", "click", "--against", file)
    assert found["changes"][0]["gain"] == pytest.approx(-0.1)  # of overhead, less is better
    assert shell("bench", "all", "--against", later).stdout.endswith("\nNone is worse than before.\n")
    later.write_text("{}")
    assert complaint("bench", "all", "--against", later).endswith("`bench all --out FILE` writes one.")
    assert "sunshine" in complaint("bench", "all", "--only", "sunshine")
    assert "bench all" in complaint("bench", "inspect", "--out", file)


def test_a_benchmark_runs_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from resnet_demo.bench import together

    with pytest.raises(RuntimeError, match="There is no benchmark 'sunshine'"):
        together._measured("sunshine")
    monkeypatch.setattr(together, "PATIENCE", 0)
    with pytest.raises(RuntimeError, match="It took more than 0 minutes"):
        together._measured("figures")
