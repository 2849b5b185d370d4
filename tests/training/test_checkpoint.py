from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from resnet_demo.errors import InputError
from resnet_demo.training import checkpoint

ROOT = Path(__file__).resolve().parents[2]
TASK = {"network": {"blocks": (1, 1)}, "seed": 0, "minutes": None}


def test_what_is_kept_is_restored(tmp_path):
    state = {"model": {"w": torch.arange(6.0).view(2, 3)}, "step": 7, "history": [{"epoch": 1, "test_loss": None}]}
    checkpoint.keep(tmp_path / "new" / "run.pt", TASK, state)
    found = checkpoint.restore(tmp_path / "new" / "run.pt", TASK)
    assert torch.equal(found["model"].pop("w"), state["model"].pop("w"))
    assert found == {"task": TASK, **state}


@pytest.mark.parametrize("wrong", ["task", "torn", "empty", "foreign", "list", "text"])
def test_what_does_not_fit_is_refused(wrong, tmp_path, sentence):
    path = tmp_path / "run.pt"
    checkpoint.keep(path, TASK, {"step": 1})
    if wrong == "torn":
        path.write_bytes(path.read_bytes()[:-200])
    elif wrong == "foreign":
        torch.save({"w": torch.zeros(1)}, path)
    elif wrong == "list":
        torch.save([1], path)
    elif wrong in ("empty", "text"):
        path.write_text("" if wrong == "empty" else "nothing")
    with pytest.raises(InputError, match=r"run\.pt") as error:
        checkpoint.restore(path, TASK if wrong != "task" else {**TASK, "seed": 1})
    sentence(error.value)


def test_what_a_killed_writer_left_is_cleared_away_and_nothing_else(tmp_path):
    others = {"run.pt.bak", ".run.pt", ".run2.pt.abc", "run.safetensors"}
    for name in (*others, ".run.pt.x1", ".run.pt.x2"):
        (tmp_path / name).write_text("")
    checkpoint.keep(tmp_path / "run.pt", TASK, {})
    assert {path.name for path in tmp_path.iterdir()} == {*others, "run.pt"}


KILLS = """
import json, os, random, signal, sys, time
from pathlib import Path
import torch
from resnet_demo.training import checkpoint

torch.set_num_threads(1)
folder, kills = Path(sys.argv[1]), int(sys.argv[2])
path, task, luck = folder / "run.pt", {"seed": 0}, random.Random(0)

def state(number):  # big enough that a write can be torn
    return {"number": number, "weights": torch.full((100_000,), float(number))}

checkpoint.keep(path, task, state(0))
last, torn, written, most = 0, 0, 0, 1
for _ in range(kills):
    child = os.fork()
    if not child:
        number = last
        while True:
            number += 1
            checkpoint.keep(path, task, state(number))
    time.sleep(luck.uniform(0, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    most = max(most, len(list(folder.iterdir())))
    try:
        found = checkpoint.restore(path, task)
        torn += not bool((found["weights"] == found["number"]).all()) or found["number"] < last
        written, last = written + found["number"] - last, found["number"]
    except Exception:
        torn += 1
checkpoint.keep(path, task, state(last + 1))
print(json.dumps({"torn": torn, "written": written, "most": most, "left": [p.name for p in folder.iterdir()]}))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_200_kills_leave_no_torn_checkpoint_and_no_litter(tmp_path):
    # In a process of its own, which has no threads: those do not survive a fork.
    program = [sys.executable, "-c", KILLS, str(tmp_path), "200"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["torn"] == 0
    assert found["written"] > 50  # the killed ones did write
    assert found["most"] <= 2  # a killed writer's file goes with the next one
    assert found["left"] == ["run.pt"]
