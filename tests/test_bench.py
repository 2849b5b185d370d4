"""The benchmarks measure what they say they do; their figures are no business of a test."""

from __future__ import annotations

import copy
import io
import itertools
import json
import multiprocessing
import sys
import time
from contextlib import closing, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import loops
import pytest
import torch
from PIL import Image
from torch.nn.functional import cross_entropy
from torch.utils.flop_counter import FlopCounterMode

from resnet_demo import bench
from resnet_demo.bench import (
    accuracy,
    attacks,
    beside,
    browser,
    click,
    dial,
    expectations,
    load,
    page,
    servers,
    textbook,
    traces,
    tuning,
    visitors,
)
from resnet_demo.bench import lesion as bench_lesion
from resnet_demo.bench import train as bench_train
from resnet_demo.data import Dataset
from resnet_demo.errors import InputError
from resnet_demo.models.zoo import build
from resnet_demo.training.recipes import RECIPES
from resnet_demo.training.trainer import dataset_domain


def test_what_so_many_pictures_teach_is_measured_once(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(expectations, "accuracy", lambda *given: asked.append(given) or 0.5)
    monkeypatch.setattr(expectations, "DEPTHS", {"shapes": (8,)})
    monkeypatch.setattr(expectations, "PICTURES", (64, 128))
    for _ in range(2):
        expectations.measure(tmp_path / "found.json")
    assert asked == [(f"{kind}8", "shapes", count) for count in (64, 128) for kind in ("resnet", "plain")]
    found = {"64": 0.5, "128": 0.5}
    assert json.loads((tmp_path / "found.json").read_text()) == {"shapes": {"resnet8": found, "plain8": found}}


def test_so_many_pictures_are_seen(monkeypatch):
    steps = []
    run = expectations.Training.run

    def watched(training):
        yield from run(training)
        steps.append((training.step * training.recipe.batch, len(training.history)))

    monkeypatch.setattr(expectations.Training, "run", watched)
    assert 0 <= expectations.accuracy("resnet8", "shapes", 100) <= 1
    assert steps == [(96, 1)]  # whole batches, and one test


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


def test_the_benchmark_of_traces(monkeypatch):
    monkeypatch.setattr(traces, "PICTURES", 8)
    result = bench.run("traces")
    assert result["ratio"] == pytest.approx(result["peer"] / result["ours"])
    assert result["over_limit"] == pytest.approx(result["ours"] / result["limit"])
    assert result["difference"] <= 1e-6
    assert "8 pictures" in result["work"]


def test_the_benchmark_of_training_beside_busy_processes(monkeypatch):
    monkeypatch.setattr(beside, "ROUNDS", 1)
    monkeypatch.setattr(beside, "SLICE", 0.5)
    result = bench.run("beside")
    assert result["ratio"] == pytest.approx(result["peer"] / result["ours"])
    assert result["ratio_least"] <= result["ratio"] <= result["ratio_most"]
    assert result["limit"] == pytest.approx(2 * result["peer"])
    assert result["unit"].startswith("peer / ours")
    assert result["stop"] > 0
    assert "2 busy processes" in result["work"]


def test_the_benchmark_of_a_click():
    result = bench.run("cut")
    assert result["name"] == "cut"
    assert result["ratio"] == pytest.approx(result["ours"] / result["peer"])
    assert result["ratio_numbers"] == pytest.approx(result["numbers"] / result["peer"])
    assert min(result["numbers"], result["ours"]) > 0  # which is larger, a busy computer decides
    assert result["unit"].startswith("ours / peer")
    assert "27 blocks" in result["work"]


def test_the_benchmark_of_lesions(monkeypatch):
    for name, value in {"NETWORK": "resnet20", "PICTURES": 40, "PEER_BATCH": 40, "ROUNDS": 1, "SLICE": 0.01}.items():
        monkeypatch.setattr(bench_lesion, name, value)
    monkeypatch.setattr(bench, "REST", 0.0)
    monkeypatch.setattr(bench_train, "SIDE", 64)
    monkeypatch.setattr(bench_lesion, "SIDE", 64)
    result = bench.run("lesion")
    assert result["ratio"] == pytest.approx(result["peer"] / result["ours"])
    assert result["ratio_peer_small"] == pytest.approx(result["peer_small"] / result["ours"])
    assert result["over_limit"] == pytest.approx(result["ours"] / result["limit"])
    assert result["unit"].startswith("peer / ours")
    assert "resnet20 whole and without each of its 9 blocks" in result["work"]


def test_an_unknown_benchmark_is_a_sentence():
    with pytest.raises(InputError, match=r"There is no benchmark 'speed'; there are inspect, figures"):
        bench.run("speed")


def test_a_server_is_up_when_it_is_yielded_and_gone_afterwards():
    program = "import http.server as h; h.HTTPServer(('127.0.0.1', {port}), h.SimpleHTTPRequestHandler).serve_forever()"
    with servers.server(program) as (port, seconds, process):
        assert process > 0
        assert servers._open(port)
        assert seconds > 0
    assert not servers._open(port)


def test_a_server_that_dies_is_noticed():
    with pytest.raises(RuntimeError, match="did not start"), servers.server("raise SystemExit(3)  # {port}"):
        pass


def stripes(count: int, seed: int, size: int = 16) -> Dataset:
    """Two classes, left and right half bright."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    pictures = torch.randint(0, 100, (count, 3, size, size), dtype=torch.uint8, generator=generator)
    for label in (0, 1):
        half = slice(size // 2) if label else slice(size // 2, size)
        pictures[labels == label, :, :, half] += 100
    return Dataset("stripes", pictures, labels, tuple("abcdefghij"))


@pytest.fixture
def tiny(monkeypatch):
    """Every training benchmark in small: ResNet-8, 256 pictures of 16 px, slices of no length."""
    halves = stripes(256, seed=0), stripes(40, seed=1)
    monkeypatch.setitem(textbook.NETWORKS, "resnet8", ((1, 1, 1), (16, 32, 64), "A"))
    for module in (bench_train, accuracy):
        monkeypatch.setattr(module, "NETWORK", "resnet8")
        monkeypatch.setattr(module, "data_at_hand", lambda: halves)
    monkeypatch.setattr(bench_train, "ROUNDS", 1)
    monkeypatch.setattr(bench_train, "SLICE", 0.01)
    monkeypatch.setattr(bench_train, "SIDE", 64)
    monkeypatch.setattr(bench, "REST", 0.0)


def test_slices_alternate_and_count_what_was_done_in_them():
    calls: list[str] = []

    def worker(name: str, pause: float, step: int):
        done = 0
        while True:
            time.sleep(pause)
            calls.append(name)
            done += step
            yield done

    seconds = bench.take_slices({"slow": worker("slow", 0.02, 2), "fast": worker("fast", 0.01, 4)}, 3, 0.001)
    assert calls == ["slow", "fast"] * 4
    assert 0.01 <= seconds["slow"] < 0.1
    assert 0.0025 <= seconds["fast"] < 0.05


@pytest.mark.parametrize(("within", "taken"), [(99, 6), (7, 3), (0.1, 1)])
def test_slices_end_in_time(within, taken, monkeypatch):
    """On a clock that goes by the work: a round takes two seconds, the first one, in which all warms up, three."""
    clock, done = [0.0], []

    def worker():
        for count in itertools.count(1):
            clock[0] += 2 if done else 3
            done.append(count)
            yield count

    monkeypatch.setattr(bench.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(bench.time, "sleep", lambda _: None)
    assert bench.take_slices({"a": worker()}, rounds=5, length=1, within=within) == {"a": 2 if taken > 1 else 3}
    assert len(done) == taken


def test_options_reach_the_benchmark_and_unknown_ones_are_a_sentence(monkeypatch):
    monkeypatch.setattr(accuracy, "measure", lambda budgets=(60,), seeds=1: {"work": f"{budgets} {seeds}"})
    assert bench.run("accuracy", budgets=(1, 2), seeds=3) == {"name": "accuracy", "work": "(1, 2) 3"}
    with pytest.raises(InputError, match=r"The benchmark inspect has no option 'seeds'\."):
        bench.run("inspect", seeds=3)


# Training against the peers


@pytest.mark.parametrize("name", ["resnet20", "resnet18-cifar"])
def test_the_peers_networks_are_the_same_function(name, randomise):
    ours, theirs = build(name, seed=0), textbook.network(name)
    randomise(ours)
    values = ours.state_dict().values()
    assert len(values) == len(theirs.state_dict())
    theirs.load_state_dict(dict(zip(theirs.state_dict(), values, strict=True)))
    inputs = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        assert torch.allclose(ours.eval()(inputs), theirs.eval()(inputs), atol=1e-4, rtol=1e-4)


def test_the_peers_pictures_are_normalised_like_ours():
    data = stripes(4, seed=0)
    domain = dataset_domain(data)
    pictures = textbook.Pictures(data, textbook.TEXTBOOK, domain.mean, domain.std)
    inputs = torch.stack([picture for picture, _ in pictures])
    assert torch.allclose(inputs, domain.normalise(data.pictures), atol=1e-5)
    assert [label for _, label in pictures] == [0, 1, 0, 1]
    moved = textbook.Pictures(data, textbook.PEER_RECIPE, domain.mean, domain.std)
    assert moved[0][0].shape == (3, 16, 16)


def test_one_step_of_the_textbook_loop_by_hand():
    data = stripes(128, seed=0)
    domain = dataset_domain(data)
    pictures = textbook.Pictures(data, textbook.Loop(workers=0, lr=0.01), domain.mean, domain.std)
    model = textbook.ResNet((1, 1, 1), (4, 8, 16), "A")
    expected = copy.deepcopy(model)
    loss = cross_entropy(expected(domain.normalise(data.pictures)), data.labels)
    gradients = torch.autograd.grad(loss, list(expected.parameters()))
    with closing(textbook.train_on(model, pictures, textbook.Loop(0, 0.01), torch.device("cpu"))) as steps:
        assert next(steps) == 128
    for new, old, gradient in zip(model.parameters(), expected.parameters(), gradients, strict=True):
        assert torch.allclose(new, old - 0.01 * gradient, atol=1e-5)


def test_the_arithmetic_of_resnet20():
    model = build("resnet20", seed=0).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 32, 32))
    assert counter.get_total_flops() == 2 * bench_train.FORWARD


def test_a_whole_run_by_hand():
    # Ten seconds: 6 s at 4 images per second and 4 s at 2 images per second are 32 images.
    assert bench_train.whole_run(small=1 / 4, full=1 / 2, share=0.6) == pytest.approx(10 / 32)
    assert bench_train.whole_run(0.25, 0.5, 0.0) == 0.5
    assert bench_train.whole_run(0.25, 0.5, 1.0) == 0.25


def test_the_benchmark_of_training(tiny):
    result = bench.run("train")
    assert result["name"] == "train"
    assert result["ratio"] == pytest.approx(result["peer"] / result["ours"])
    assert result["ratio_peer_recipe"] == pytest.approx(result["peer_recipe"] / result["ours"])
    assert result["ratio_whole_run"] == pytest.approx(result["peer"] / result["whole_run"])
    low, high = sorted((result["ours"], result["ours_small"]))
    assert low <= result["whole_run"] <= high
    for name in ("ours", "ours_small", "whole_run", "peer", "peer_recipe", "step_alone", "limit"):
        assert result[name] > 0
        assert result[f"images_per_second_{name}"] == pytest.approx(1 / result[name])
    fastest = max(result["gflops_float32"], result.get("gflops_bfloat16", 0))
    assert result["limit"] == pytest.approx(bench_train.STEP_FLOPS / fastest / 1e9)
    assert result["unit"].startswith("peer / ours")
    assert "crops of 12 px" in result["work"]
    assert multiprocessing.active_children() == []  # the loaders' workers are gone


def test_a_number_format_that_is_done_in_software_is_not_multiplied_in(tiny, monkeypatch):
    def products(dtype, device, side):
        for done in itertools.count(1):
            time.sleep(0.02 if dtype == torch.bfloat16 else 0.0)
            yield done

    monkeypatch.setattr(bench_train, "matrix_products", products)
    monkeypatch.setattr(bench_train, "SMALL", 32)  # eight times 0.02 s are more than a slice
    monkeypatch.setattr(bench_train, "take_slices", lambda contenders, *_, within: dict.fromkeys(contenders, 0.5))
    result = bench.run("train")
    assert "gflops_bfloat16" not in result
    assert result["gflops_float32"] == 2 * 64**3 / 0.5 / 1e9
    assert result["limit"] == pytest.approx(bench_train.STEP_FLOPS / result["gflops_float32"] / 1e9)
    assert result["work"].endswith("no product in bfloat16, which would take about 0 s")


def test_without_cifar10_shapes_are_trained_on(monkeypatch):
    asked: list[tuple[object, ...]] = []

    def load_dataset(name: str, train: bool, download: bool = True) -> tuple[str, bool]:
        asked.append((name, train, download))
        if name == "cifar10":
            raise InputError("CIFAR10 is not there.")
        return name, train

    monkeypatch.setattr(bench_train, "load_dataset", load_dataset)
    assert bench_train.data_at_hand() == (("shapes", True), ("shapes", False))
    assert asked[0] == ("cifar10", True, False)  # nothing is downloaded for a benchmark


def test_the_benchmark_of_accuracy(tiny, monkeypatch, capsys):
    monkeypatch.setattr(accuracy, "WIDE", "resnet8")
    monkeypatch.setattr(accuracy, "WIDE_BUDGET", 0.2)
    result = bench.run("accuracy", budgets=(0.2, 0.1), seeds=2)
    runs = result["runs"]
    assert [(run["contender"], run["budget"], run["seed"]) for run in runs] == [
        *((name, 0.1, seed) for seed in (0, 1) for name in ("ours", "textbook")),
        *((name, 0.2, seed) for seed in (0, 1) for name in ("ours", "textbook", "textbook_wide")),
    ]
    for run in runs:
        assert 0 <= run["accuracy"] <= 1
        assert run["images"] % 32 == 0  # `fast` takes smaller batches in a short time
        assert run["images"] > 0
        assert run["contender"] == "ours" or run["seconds"] >= run["budget"]
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert told == runs
    right = {name: [run["accuracy"] for run in runs if run["contender"] == name] for name in ("ours", "textbook")}
    assert result["accuracy_ours_0.1s"] == pytest.approx(sum(right["ours"][:2]) / 2)
    assert result["ours"] == pytest.approx(1 - sum(right["ours"][2:]) / 2)
    assert result["peer"] == pytest.approx(1 - sum(right["textbook"][2:]) / 2)
    assert result["ratio"] == (pytest.approx(result["peer"] / result["ours"]) if result["ours"] else None)
    assert result["unit"].startswith("peer / ours")


@pytest.mark.parametrize("options", [{"budgets": ()}, {"budgets": (0,)}, {"budgets": (float("nan"),)}, {"seeds": 0}])
def test_impossible_budgets_are_refused(options, tiny, sentence):
    with pytest.raises(InputError) as error:
        bench.run("accuracy", **options)
    sentence(error.value)


# Tuning


def test_the_split_is_disjoint_complete_and_always_the_same():
    data = replace(stripes(200, seed=0), labels=torch.arange(200))  # every picture has a name
    trained_on, held_out = tuning.split(data)
    assert (len(trained_on), len(held_out)) == (180, 20)
    assert sorted([*trained_on.labels.tolist(), *held_out.labels.tolist()]) == list(range(200))
    assert torch.equal(held_out.pictures, data.pictures[held_out.labels])
    assert torch.equal(tuning.split(data)[1].labels, held_out.labels)
    assert held_out.labels.tolist() != list(range(20))


def test_variants_change_what_they_are_named_after():
    found = tuning.variants(RECIPES["fast"])
    assert next(iter(found)) == "fast"
    assert found["fast"] is RECIPES["fast"]
    for name, recipe in list(found.items())[1:]:
        named = dict(setting.split("=") for setting in name.split(","))
        old, new = asdict(RECIPES["fast"]), asdict(recipe)
        assert {key for key in old if old[key] != new[key]} == {"name", *named}
        assert {setting: str(new[setting]) for setting in named} == named
    assert {name.split("=")[0] for name in found} == {"fast", *tuning.CHOICES}


def test_variants_are_chosen_by_name_or_by_setting(sentence):
    lr, *_ = [name for name in tuning.variants(RECIPES["fast"]) if name.startswith("lr=")]
    assert list(tuning.chosen([lr, "fast"], RECIPES["fast"])) == ["fast", lr]
    assert {name.split("=")[0] for name in tuning.chosen(["shift", "batch"], RECIPES["fast"])} == {"shift", "batch"}
    assert len(tuning.chosen([], RECIPES["fast"])) == len(tuning.variants(RECIPES["fast"]))
    with pytest.raises(InputError, match="'colour'") as error:
        tuning.chosen(["colour"], RECIPES["fast"])
    sentence(error.value)


def test_tuning_reads_no_test_set_takes_turns_and_goes_on(monkeypatch, tmp_path, capsys):
    asked: list[bool] = []
    seen: list[tuple[str, int]] = []

    def load_dataset(name: str, train: bool, data_dir: Path | None, download: bool) -> Dataset:
        asked.append(train)
        return stripes(300, seed=0)

    def result(trained_on, held_out, recipe, seconds, seed, network):
        assert (len(trained_on), len(held_out), seconds, network) == (270, 30, 7.0, "resnet8")
        seen.append((recipe.name, seed))
        return {"accuracy": 0.5, "loss": 1.0, "images": 640, "images_per_second": 91.4}

    monkeypatch.setattr(tuning, "load_dataset", load_dataset)
    monkeypatch.setattr(tuning, "result", result)
    out = tmp_path / "runs.jsonl"
    command = ["--out", str(out), "--only", "fast", "shift=1", "--seconds", "7", "--network", "resnet8", "--seeds"]
    tuning.main([*command, "1"])
    with out.open("a") as file:
        file.write('{"variant": "fast", "se')  # stopped in the middle of a line
    tuning.main([*command, "2"])
    assert seen == [("fast", 0), ("fast, shift=1", 0), ("fast, shift=1", 1), ("fast", 1)]
    assert [(line["variant"], line["seed"]) for line in tuning.read(out)] == [
        ("fast", 0),
        ("shift=1", 0),
        ("shift=1", 1),
        ("fast", 1),
    ]
    assert asked == [True, True]
    assert len(capsys.readouterr().err.splitlines()) == 4


def test_one_training_of_the_tuning_and_one_that_diverges():
    trained_on, held_out = tuning.split(stripes(300, seed=0))
    found = tuning.result(trained_on, held_out, RECIPES["fast"], 0.3, 0, "resnet8")
    assert 0 <= found["accuracy"] <= 1
    assert found["images"] >= RECIPES["fast"].batch
    wild = replace(RECIPES["fast"], lr=1e20, schedule="constant", settle=False)
    assert tuning.result(trained_on, held_out, wild, 0.5, 0, "resnet8")["accuracy"] is None


def test_the_table_by_hand(tmp_path, capsys):
    base = asdict(RECIPES["fast"])
    common = {"seconds": 60.0, "network": "resnet20", "data": "cifar10", "trained_on": 45000, "held_out": 5000}
    out = tmp_path / "runs.jsonl"
    with out.open("w") as file:
        for variant, seed, accuracy_, images in (
            ("shift=4", 0, 0.71, 60_000),
            ("lr=9", 0, None, 1_000),
            ("fast", 0, 0.68, 70_000),
            ("fast", 1, 0.70, 72_000),
            ("shift=4", 1, 0.72, 62_000),
            ("shift=1", 1, 0.69, 70_000),
        ):
            line = {"variant": variant, "seed": seed, "accuracy": accuracy_, "loss": 1.0, "images": images}
            file.write(json.dumps(common | line | {"base": base, "recipe": base, "machine": "Abacus"}) + "\n")
    tuning.main(["--table", str(out)])
    text = capsys.readouterr().out
    assert "## resnet20 on cifar10, 60 seconds" in text
    assert "Abacus" in text
    assert "--seconds 60 --seeds 2 --out" in text
    assert [line for line in text.splitlines() if line.startswith("| ")] == [
        "| variant | accuracy | lowest to highest | against `fast` | images seen | runs |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| `fast` | 69.00% | 68.00% to 70.00% |  | 71,000 | 2 |",
        "| `shift=1` | 69.00% |  | -1.00 | 70,000 | 1 |",
        "| `shift=4` | 71.50% | 71.00% to 72.00% | +2.50 | 61,000 | 2 |",
        "| `lr=9` | diverged |  |  | 1,000 | 1, 1 diverged |",
    ]


def test_tuning_says_what_is_missing(capsys):
    with pytest.raises(SystemExit) as stop:
        tuning.main([])
    assert stop.value.code == 2
    assert "--out" in capsys.readouterr().err


def test_the_document_is_the_scripts():
    text = (Path(tuning.__file__).parent / "tuning.md").read_text("utf-8")
    assert text.startswith(tuning.document([]).partition("```")[0])
    for setting in tuning.CHOICES:
        assert f"- `{setting}`: " in text


def test_clicks_count_after_a_warm_up_and_beside_a_peer(monkeypatch):
    """The browser is stood in for: what is asked of it, and what is made of its answers."""
    clicked, blocks = [], [f"layer1.{index}" for index in range(4)]

    class Page:
        def goto(self, url):
            assert url.startswith("http://here/?model=resnet56")

        def wait_for_selector(self, selector, timeout):
            assert selector == "#curves svg"

        def eval_on_selector_all(self, selector, script):
            return [*blocks, *blocks]  # for a wide screen and for a tall one

        def wait_for_timeout(self, milliseconds):
            pass

        def evaluate(self, script, block=None):
            if script == click.NOTHING:
                return 10.0
            clicked.append(block)
            return 9000.0 if len(clicked) <= 3 else 100.0 + len(clicked)

    pretend(Page(), monkeypatch)
    monkeypatch.setattr(click, "CLICKS", 8)
    found = click.measure()
    assert len(clicked) == 8 + 3
    assert set(clicked) == set(blocks)
    assert all(one != other for one, other in itertools.pairwise(clicked))  # each opens another block
    assert found["ours"] == pytest.approx(0.1075)  # the middle of 104 to 111 ms: without the warm-up
    assert found["peer"] == pytest.approx(0.01)
    assert found["ratio"] == pytest.approx(0.1075 / 0.15)
    assert 0.11 <= found["p95"] <= 0.112


def pretend(page: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this be the page of a browser."""
    chromium = SimpleNamespace(new_page=lambda viewport: page, close=lambda: None)
    playwright = SimpleNamespace(chromium=SimpleNamespace(launch=lambda executable_path, args: chromium))
    stand_in = SimpleNamespace(sync_playwright=lambda: nullcontext(playwright))
    monkeypatch.setitem(sys.modules, "playwright.sync_api", stand_in)
    monkeypatch.setattr(browser, "_app", lambda: nullcontext("http://here"))
    monkeypatch.setattr(browser.shutil, "which", lambda name: "chromium")


class DraggedPage:
    """The first drag is for warming up; after it 30, 24, 27 and 33 pictures come in three seconds."""

    def __init__(self, said: str = "With every F(x) multiplied by 0.3, it says cat.") -> None:
        self.drawn, self.said = iter([3, 30, 24, 27, 33]), said

    def goto(self, url: str) -> None:
        assert "tab=cut" in url

    def wait_for_selector(self, selector: str, timeout: int) -> None:
        pass

    def evaluate(self, script: str, length: float) -> dict[str, object]:
        assert length == 3000
        return {"drawn": next(self.drawn), "asked": 36, "most": 1, "value": "0.3", "said": self.said}


def test_the_benchmark_of_a_dial(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(DraggedPage(), monkeypatch)
    found = dial.measure()
    assert found["pictures_a_second"] == pytest.approx(9.5)
    assert found["ratio"] == pytest.approx(9.5 / 8)
    assert (found["least"], found["requests_at_a_time"]) == (8, 1)
    assert found["peer"] == pytest.approx(1 / 12)


def test_a_dial_that_ends_on_another_value_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(DraggedPage("With every F(x) multiplied by 0.4, it says cat."), monkeypatch)
    with pytest.raises(InputError, match=r"ended at 0\.3, but the page says"):
        dial.measure()


def test_without_a_browser_the_benchmark_says_what_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "playwright.sync_api", SimpleNamespace(sync_playwright=None))
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="install chromium"):
        click.measure()


# Visitors


def test_the_benchmark_of_pages(monkeypatch):
    monkeypatch.setattr(page, "ROUNDS", 1)
    result = loops.apart(bench.run, "page")
    assert {"inside", "train", "step 1", "step 9"} < result["pages"].keys()
    for name, figures in result["pages"].items():
        assert figures["cold"] <= figures["below"], name
        assert 0 < figures["bytes"] <= page.MOST_BYTES, name  # which does not depend on how busy a computer is
    assert result["most_bytes"] == max(figures["bytes"] for figures in result["pages"].values())


def test_answers_that_say_the_same_are_the_same():
    one = {"html": 'cat 93.1 % <img src="data:image/png;base64,AAA"> data-number="3"'}
    other = {"html": 'cat 93.2 % <img src="data:image/png;base64,BBB"> data-number="7"'}
    assert visitors.same(one, other)
    for wrong in ("dog 93.1 %", "cat 13.1 %", 'cat 93.1 % <img src="data:image/jpeg;base64,CCC">'):
        assert not visitors.same(one, {"html": wrong})
    update = {"__type__": "update", "value": "layer1.0"}
    assert visitors.same(update, {**update, "choices": ["layer1.0", "layer1.1"]})
    assert not visitors.same(update, {**update, "value": "layer1.1"})
    photos = [{"html": f'<img src="data:image/jpeg;base64,{photo}">'} for photo in ("AAA", "BBB")]
    assert not visitors.same(*photos)  # a photo is somebody's


CONFIG = {
    "components": [
        {"id": 1, "type": "state", "props": {"value": None}},
        {"id": 2, "type": "html", "props": {"elem_id": "answer"}},
        {"id": 3, "type": "number", "props": {"elem_id": "answered"}},
    ],
    "dependencies": [],
}  # fmt: skip


def test_an_answer_that_is_anothers_is_counted(monkeypatch):
    monkeypatch.setattr(load, "clicks_of", lambda number: ("resnet20", [load.Click("cut", "mend")]))
    clicking, told = load.Clicking(7, visitors.App(CONFIG), "http://localhost"), load.Told()
    clicking._expected = [{2: "<p>cat</p>", 3: 1}]
    clicking._compare(0, {2: "<p>cat</p>", 3: 9, 5: "not looked at before"}, told)
    assert not told.wrong
    clicking._compare(0, {2: "<p>dog</p>", 3: 9}, told)
    assert told.wrong == ["visitor 7, mend, component 2"]


def test_no_two_visitors_ask_for_the_same():
    clicks = [load.clicks_of(number) for number in range(3)]
    pictures = [click.picture for _network, all_of_them in clicks for click in all_of_them if click.picture]
    assert len(set(pictures)) == 6
    assert {network for network, _clicks in clicks} == {"resnet20", "plain20", "resnet56"}
    assert {click.kind for _network, all_of_them in clicks for click in all_of_them} == set(load.KINDS)


def test_memory_grows_by_so_much_a_request():
    weights: list[tuple[int, float]] = [
        (count, 500_000 + (1_000 * count if count < 200 else 200_000 + 7 * count)) for count in range(0, 1300, 9)
    ]
    assert load.growth(weights, load.FROM, load.TO) == pytest.approx(7)
    assert load.growth(weights[:50], load.FROM, load.TO) is None  # too few


def test_pictures_that_take_long_are_what_they_say():
    scans = attacks.repeated_scans(64, 5)
    assert Image.open(io.BytesIO(scans)).size == (64, 64)
    assert scans.count(b"\xff\xda") == attacks.repeated_scans(64, 1).count(b"\xff\xda") + 4
    deep = Image.open(io.BytesIO(attacks.sixteen_bits(32)))
    deep.load()
    assert deep.size == (32, 32)


def test_the_benchmark_of_many_visitors(monkeypatch):
    for name, value in {"PICTURES": 1, "KEPT": 4, "CROWD": 1, "EACH": 9}.items():
        monkeypatch.setattr(load, name, value)
    result = loops.apart(bench.run, "load", visitors=1, seconds=1)
    assert (result["wrong"], result["errors"], result["temporary_files"]) == (0, 0, 0)
    assert result["answers"] >= 1
    assert result["refusal"] > 0  # what the crowd asked for in the end was more than a page may
    assert result["server_seconds_per_answer"] > 0
