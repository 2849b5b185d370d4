"""The tiers name tests that there are, and put them where they say."""

from __future__ import annotations

import re

import pytest
import tiers
from documents import ROOT

FILES = {path.name: path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
MARKERS = set(re.findall(r'^    "(\w+): ', (ROOT / "pyproject.toml").read_text("utf-8"), re.M))


@pytest.mark.parametrize("name", tiers.TESTS)
def test_every_test_that_is_named_is_there(name: str) -> None:
    file, test = name.split("[")[0].split("::")
    assert f"def {test}(" in FILES[file]


def test_every_file_and_kind_is_there() -> None:
    assert tiers.FILES.keys() <= FILES.keys()
    assert {*tiers.KINDS, "slow"} == MARKERS
    assert {*tiers.FILES.values(), *tiers.TESTS.values()} <= MARKERS


@pytest.mark.parametrize(
    ("nodeid", "kinds"),
    [
        ("tests/e2e/test_app.py::test_x", {"slow", "browser"}),
        ("tests/test_packaging.py::test_x[a/b::c]", {"slow", "packaging"}),
        ("tests/models/test_weights.py::test_logits_equal_torchvisions[152]", {"slow"}),
        ("tests/models/test_weights.py::test_logits_equal_torchvisions[18]", set()),
        ("tests/data/test_data.py::test_the_real_cifar10", {"slow"}),
    ],
)
def test_the_tiers_of_a_test(nodeid: str, kinds: set[str]) -> None:
    assert tiers.kinds_of(nodeid) == kinds


def test_what_waits_for_other_processes_is_run_a_second_time_when_it_fails(request: pytest.FixtureRequest) -> None:
    here = request.node
    assert not any(here.iter_markers("flaky"))
    for name, again in (("server", True), ("slow", False)):
        item = pytest.Function.from_parent(here.parent, name="test_every_file_and_kind_is_there")
        item.add_marker(getattr(pytest.mark, name))
        tiers.mark([item])
        assert any(item.iter_markers("flaky")) is again
