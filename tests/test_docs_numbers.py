"""The numbers in README and docs are those of the results and weights that come with the package."""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from documents import ROOT, read, table

from resnet_demo.lab.gradients import PREDICTED
from resnet_demo.lab.probes import rise
from resnet_demo.lab.similarity import arrived
from resnet_demo.models import published

# What was measured


def weights(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "assets" / "weights" / f"{name}.json").read_text("utf-8"))


@cache
def of(experiment: str, network: str) -> dict[str, Any]:
    results = json.loads((ROOT / "assets" / "experiments" / f"{experiment}.json").read_text("utf-8"))
    return results["networks"][network]


def over_seeds(experiment: str, network: str, what: Callable[[dict[str, Any]], float]) -> list[float]:
    """The least and the most of a number over all trainings of a network."""
    results = json.loads((ROOT / "assets" / "experiments" / f"{experiment}.json").read_text("utf-8"))
    values = [what(report) for report in (results["networks"][network], *results["seeds"][network].values())]
    return [min(values), max(values)]


def added(how: Callable[..., Any], network: str) -> float:
    """Points of error that one deleted block adds: the median, the most or the least of all blocks."""
    return 100 * how(of("lesion", network)["added"].values())


def errors_from_the_end(network: str, *blocks: int) -> list[float]:
    errors = list(of("lens", network)["error"].values())
    return [100 * errors[-1 - block] for block in blocks]


def likeness(kind: str, what: str, *networks: str) -> float:
    """The mean CKA of these networks' pairs of twins or of seeds; the twins themselves stand in both reports."""
    found = [pair[what] for place, name in enumerate(networks) for pair in of("similarity", name)[kind][place:]]
    return statistics.mean(found)


def rate(network: str, case: str, what: str) -> list[float]:
    """From block to block at the start of a training: measured, and expected."""
    found = of("signal", network)["cases"][case][what]
    return [found["measured"]["median"], found["expected"]]


def first_gradient(network: str) -> float:
    """The first block's over the last one's, at the start, with batch norm."""
    return next(iter(of("signal", network)["cases"]["with batch norm"]["gradients"].values()))["median"]


PAIR56, PAIR20 = ("resnet56", "plain56"), ("resnet20", "plain20")
FOUR = (*PAIR56, *PAIR20)

# What docs/experiments.md says: of the paragraph on an experiment all numbers that are results, in order.
RESULTS: dict[str, Callable[[], list[float]]] = {
    "lesion": lambda: [
        added(statistics.median, "resnet56"),
        added(max, "resnet56"),
        added(statistics.median, "plain56"),
        added(min, "plain56"),
        added(statistics.median, "resnet20"),
        added(statistics.median, "plain20"),
        *(100 * of("lesion", name)[f"median_{what}"] for what in ("recalibrated", "linear") for name in PAIR56),
        100 * (max(of("lesion", "plain56")["linear"].values()) - of("lesion", "plain56")["controls_error"]),
        *(100 * of("lesion", name)["median_linear"] for name in PAIR20),
    ],
    "lesions": lambda: [of("lesions", name)["spearman"] for name in PAIR56],
    "dial": lambda: [
        *(100 * of("dial", name)["alpha"][alpha] for alpha in ("0.5", "1.1") for name in PAIR56),
        *(100 * of("dial", "plain56")["alpha_recalibrated"][alpha] for alpha in ("0.5", "1.0")),
        100 * of("dial", "resnet56")["alpha_recalibrated"]["0.5"],
        100 * of("dial", "resnet56")["lambda_recalibrated"]["0.5"],
    ],
    "lens": lambda: errors_from_the_end("resnet56", 1, 0, 5) + errors_from_the_end("plain56", 1),
    "paths": lambda: [
        of("paths", "resnet56")["mean_length"],
        *of("paths", "resnet56")["nine_tenths"],
        of("paths", "resnet20")["mean_length"],
    ],
    "unfold": lambda: [
        *(of("unfold", name)["different_answers"] for name in ("resnet56", "resnet20")),
        *(1e6 * of("unfold", name)["max_logit_difference"] for name in ("resnet56", "resnet20")),
    ],
    "probes": lambda: [
        *(100 * of("probes", name)["accuracy"]["layer2.8"] for name in PAIR56),
        *(100 * of("probes", name)["accuracy"]["layer3.8"] for name in PAIR56),
        *(100 * of("probes", name)["own_classifier"] for name in PAIR56),
        *(100 * end for name in PAIR56 for end in over_seeds("probes", name, lambda found: rise(found["accuracy"]))),
    ],
    "similarity": lambda: [
        likeness("twins", "mean", *PAIR56),
        *(likeness("seeds", "mean", name) for name in PAIR56),
        likeness("twins", "mean_of_best", *PAIR56),
        *(likeness("seeds", "mean_of_best", name) for name in PAIR56),
        likeness("twins", "mean", *PAIR20),
        *(likeness("seeds", "mean", name) for name in PAIR20),
        *(of("similarity", name)["own"]["layer2.8"][-1] for name in PAIR56),
        arrived(of("similarity", "plain56")["twin"]),
    ],
    "signal": lambda: [
        *rate("resnet56", "without batch norm", "factor"),
        *rate("plain56", "without batch norm", "factor"),
        *rate("resnet56", "with batch norm", "added"),
        rate("plain56", "with batch norm", "back")[0] ** 0.5,  # a block has two layers
        PREDICTED,
        *(first_gradient(name) for name in ("plain56", "resnet56")),
    ],
    "shattering": lambda: [of("shattering", name)["agreement"][depth] for depth in ("20", "56") for name in PAIR56],
    "responses": lambda: [of("responses", name)["mean"] for name in FOUR],
    "refinement": lambda: [
        of("refinement", "resnet56")["mean"],
        of("refinement", "resnet20")["mean"],
        of("refinement", "plain56")["mean"],
        of("refinement", "plain20")["mean"],
        of("refinement", "resnet56")["median"],
    ],
    "landscape": lambda: [100 * of("landscape", name)["share_below_guessing"] for name in FOUR],
    "sanity": lambda: [
        of("sanity", "resnet56")["left"]["Grad-CAM layer3.8"],
        of("sanity", "resnet56")["left"]["guided backprop"],
        of("sanity", "resnet56")["left_below"]["guided backprop"],
    ],
    "localise": lambda: [
        100 * of("localise", "resnet20")["pointing"][map_]["mean"]
        for map_ in ("Grad-CAM layer3.2", "the middle", "the same everywhere")
    ],
    "faithful": lambda: [
        of("faithful", "resnet56")["gain"][way]["Grad-CAM layer3.8"]["mean"] for way in ("insertion", "deletion")
    ],
}
# Numbers of a paragraph that are no results: figures of papers, depths, counts of blocks and of pictures.
NO_RESULTS = (
    r"`[^`]*`|block 2.8|1×1|figure \d|[Aa]t \d\d layers|not at 20|10 % more|al\. 2016|its 27|of 9|of 1,000|"
    r"300 pictures|2,000 test|\b56 layers"
)


@pytest.mark.parametrize("experiment", RESULTS)
def test_what_came_out_is_what_was_measured(experiment: str) -> None:
    (paragraph,) = re.findall(rf"^\*\*`{experiment}`\.\*\* (.*?)\n\n", read("docs/experiments.md"), re.S | re.M)
    text = re.sub(NO_RESULTS, "", re.sub(r"\s+", " ", paragraph))
    told = re.findall(r"(?<![\w.])−?\d[\d,]*(?:\.\d+)?", text)
    measured = RESULTS[experiment]()
    assert len(told) == len(measured), told
    for number, value in zip(told, measured, strict=True):
        agrees(number, value)


def agrees(told: str, measured: float) -> None:
    """A number in the docs is the measured one, rounded to the digits that it is told with."""
    plain = told.replace(",", "").replace("−", "-")
    digits = len(plain.partition(".")[2])
    assert abs(float(plain) - measured) <= 0.5 * 10**-digits + 1e-9, f"{told}: {measured}"


def test_as_many_pictures_were_measured_as_is_said() -> None:
    for experiment in ("lesion", "lesions", "dial", "lens", "probes", "responses"):
        assert of(experiment, "resnet56")["n"] == 10_000
    assert of("refinement", "resnet56")["n"] == 2_000
    assert of("unfold", "resnet56")["n"] == 2_000
    assert of("similarity", "resnet56")["n"] == 2_000
    assert of("signal", "resnet56")["n"] == 256
    assert of("localise", "resnet20")["n"] == 1_000
    assert of("faithful", "resnet56")["n"] == 300


def test_what_training_leaves_of_the_gradients_growth() -> None:
    docs, plain = re.sub(r"\s+", " ", read("docs/experiments.md")), of("gradients", "plain56")
    (told,) = re.findall(r"trained, the factor is (\d+) in `plain56`", docs)
    agrees(told, plain["first_to_last"]["trained"])
    (ends,) = re.findall(r"with He's initialisation, it is ([\d,]+) to ([\d,]+)-fold", docs)
    for end, value in zip(ends, plain["least_and_most"]["He's start, with batch norm"], strict=True):
        agrees(end, value)


def test_the_table_of_gradients_is_what_was_measured() -> None:
    starts = [f"{who}'s start, {how} batch norm" for how in ("with", "without") for who in ("He", "PyTorch")]
    for name, *told in table(read("docs/experiments.md"), "network"):
        for text, start in zip(told, starts, strict=True):
            measured = of("gradients", name.strip("`"))["first_to_last"][start]
            if text == "6·10⁻⁷":
                assert f"{measured:.0e}" == "6e-07"
            else:
                agrees(text, measured)


# Accuracies


def percent(fraction: float, digits: int = 2) -> str:
    return f"{100 * fraction:.{digits}f} %"


def test_accuracies_are_those_of_the_bundled_weights() -> None:
    told = set()
    for network, training, test, how in table(read("docs/networks.md"), "network"):
        (seed,) = re.findall(r"seed (\d)", how)
        name = network.strip("`") + (f"-seed{seed}" if seed != "0" else "")
        found = weights(name)
        assert [training, test] == [percent(found["train_accuracy"]), f"**{percent(found['test_accuracy'])}**"]
        assert how == f"{found['epochs']} epochs, seed {found['seed']}, `{found['recipe']['name']}`"
        told.add(name)
    assert told == {path.stem for path in (ROOT / "assets" / "weights").glob("*.json")}


def test_the_means_are_those_of_the_bundled_seeds() -> None:
    seeds = ("", "-seed1", "-seed2")
    means = [
        statistics.mean(weights(f"{kind}20{seed}")["test_accuracy"] for seed in seeds) for kind in ("resnet", "plain")
    ]
    assert f"the means are {percent(means[0], 1)} and {percent(means[1], 1)}" in read("docs/networks.md")


def test_the_readme_tells_the_accuracies_of_the_bundled_weights() -> None:
    for depth, *told in table(read("README.md"), "layers"):
        assert told == [percent(weights(f"{kind}{depth}")["test_accuracy"]) for kind in ("resnet", "plain")]


def test_the_readme_tells_what_was_measured() -> None:
    text = re.sub(r"\s+", " ", read("README.md"))
    found = re.search(r"error grows by ([\d.]+) points in the median; in its plain twin, by (\d+)\.", text)
    assert found
    agrees(found[1], added(statistics.median, "resnet56"))
    agrees(found[2], added(statistics.median, "plain56"))


def test_what_is_downloaded_is_as_large_and_as_good_as_told() -> None:
    told = list(table(read("docs/networks.md"), "ImageNet"))
    assert told == [
        [f"`{name}`", best.version.rpartition("_")[2], str(best.megabytes), percent(best.accuracy)]
        for name in published.NAMES
        for best in published.versions(name)[:1]
    ]
