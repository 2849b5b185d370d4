from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from networks import noise

from resnet_demo import lab
from resnet_demo.errors import InputError
from resnet_demo.lab.experiment import GROUPS, as_plain
from resnet_demo.lab.shattering import POINTS


@pytest.mark.parametrize("name", list(lab.EXPERIMENTS))
def test_every_experiment_reports_plain_numbers(name, residual, plain):
    for network in (residual, plain):
        if lab.get(name).shortcuts and network is plain:
            continue
        told: list[float] = []
        report = lab.run(name, network, noise(6), seed=1, progress=told.append, training=noise(30))
        assert report.n == (POINTS if name == "shattering" else 6)
        assert isinstance(report, lab.EXPERIMENTS[name].record)
        json.dumps(as_plain(report), allow_nan=False)
        assert told == sorted(told)
        assert told[-1] == 1
        assert lab.run(name, network, noise(6), seed=1, training=noise(30)) == report
    assert lab.get(name).name == name
    assert lab.get(name).asks.endswith("?")
    assert lab.get(name).pictures_for() > 0


@pytest.mark.parametrize("name", list(lab.EXPERIMENTS))
def test_every_experiment_runs_on_preactivation_networks_or_says_why_not(name, network_of, sentence):
    """Their blocks have no ReLU behind the sum, their stem no batch norm, and F begins with one."""
    preact = network_of("preact")
    if name == "unfold":
        with pytest.raises(InputError, match="preact blocks") as error:
            lab.run(name, preact, noise(6), training=noise(30))
        sentence(error.value)
        return
    report = lab.run(name, preact, noise(6), seed=1, training=noise(30))
    assert isinstance(report, lab.EXPERIMENTS[name].record)
    json.dumps(as_plain(report), allow_nan=False)
    words = str(lab.get(name).read({"preresnet14": report}))
    assert words.endswith((".", ")"))


def test_what_cannot_be_is_a_sentence(residual, sentence):
    blind = replace(noise(2), masks=None)
    for name, data, named in (
        ("secret", noise(2), "lesion"),
        ("lens", noise(0), "at least one picture"),
        ("localise", blind, "where its objects are"),
    ):
        with pytest.raises(InputError, match=named) as error:
            lab.run(name, residual, data)
        sentence(error.value)


def test_only_localise_asks_for_shapes():
    asking = {name: found.data for name, found in lab.EXPERIMENTS.items() if found.masks}
    assert asking == {"localise": "shapes"}
    assert {found.data for found in lab.EXPERIMENTS.values()} == {"cifar10", "shapes"}


def test_the_registry_says_everything_that_a_menu_needs():
    groups = list(dict.fromkeys(found.group for found in lab.EXPERIMENTS.values()))
    assert groups == list(GROUPS)
    files = {path.stem for path in Path(lab.__file__).parent.glob("*.py") if "EXPERIMENT = " in path.read_text()}
    assert files == set(lab.EXPERIMENTS)
    assert "secret" not in lab.EXPERIMENTS
    assert len(lab.EXPERIMENTS) == len(set(lab.EXPERIMENTS))


def test_the_names_of_experiments_are_known_without_torch():
    code = "import sys, types; sys.modules['resnet_demo'] = package = types.ModuleType('resnet_demo');"
    code += f"package.__path__ = [{str(Path(lab.__file__).parents[1])!r}];"  # the package's own imports are not meant
    code += "from resnet_demo import lab; print(*lab.EXPERIMENTS, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, [*lab.EXPERIMENTS, "False"]), done.stderr
