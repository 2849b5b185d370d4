"""Which settings of the recipe `fast` are best: `python -m resnet_demo.bench.tuning --out FILE`.

One setting at a time is changed. Every variant has the same seconds of the clock, and what counts is the accuracy on
pictures held out of the *training* set, after the last step; the test set is not even read. All variants take a turn
with one seed before the next seed begins, in the opposite order, so that none of them always meets the fresher machine.

A result is appended to the file as soon as it is there, and what the file holds already is not done again: a stop
loses one run. `--table FILE` prints the parts of `tuning.md` that come from such a file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ..data import Dataset, load_dataset
from ..errors import InputError
from ..models.zoo import build
from ..training import hardware
from ..training.recipes import Recipe, recipe_of
from ..training.trainer import Training

CHOICES: dict[str, tuple[Any, ...]] = {
    "lr": (0.1, 0.2, 0.4),
    "batch": (64, 128, 256),
    "small_until": (0.0, 0.5, 0.6, 0.7, 0.85),
    "weight_decay": (1e-4, 5e-4, 1e-3),
    "settle": (False, True),
    "shift": (1, 2, 4),
    "nesterov": (False, True),
    "muon": (0.0, 0.02, 0.03, 0.05, 0.1, 0.2),  # 0: SGD for all parameters
}
# And these together, since the best learning rate goes with the batch.
TOGETHER = (
    {"batch": 32, "lr": 0.05, "muon": 0.025},
    {"batch": 64, "lr": 0.1, "muon": 0.05},
    {"batch": 64, "lr": 0.1, "muon": 0.0},
    {"batch": 32, "lr": 0.05, "muon": 0.0},
)
HELD_OUT = 0.1  # of the training set: 5,000 of CIFAR-10's 50,000 pictures
SPLIT_SEED = 2015

HEADER = """# How the recipe `fast` was tuned

One setting at a time is changed; every variant has the same seconds of the clock on the same cores, and trains on nine
tenths of the training set (45,000 of CIFAR-10's pictures). The accuracy is that on the last tenth, held out by a fixed
seed, after the last step. **The test set had no part in it.** To do it again, on quiet cores, with CIFAR-10 in `DIR`:

```text
python -m resnet_demo.bench.tuning --data-dir DIR --seconds {seconds} --seeds {seeds} --out runs.jsonl
python -m resnet_demo.bench.tuning --table runs.jsonl
```

The variants take turns seed by seed, and a stopped run goes on where it was. Of 5,000 pictures an accuracy near 70 %
has a standard error of 0.65 points, near 85 % one of 0.5; all variants are asked the same pictures, so differences
are a little surer than that, but one of less than a point between means of few seeds says nothing. `settle`, where it
is on, comes after the seconds of the clock and takes about one more. The second line prints this introduction and the
tables of such runs; the other parts were written by hand, and stay.

What can be compared (the tables show what was):

{choices}
"""


def variants(base: Recipe) -> dict[str, Recipe]:
    """The recipe itself, and all that differ from it in one of `CHOICES` or `TOGETHER`, by names such as "lr=0.1"."""
    singles = [{setting: value} for setting, values in CHOICES.items() for value in values]
    found = {base.name: base}
    for settings in (*singles, *TOGETHER):
        if any(getattr(base, setting) != value for setting, value in settings.items()):
            name = _name(settings)
            found[name] = replace(base, name=f"{base.name}, {name}", **settings)
    return found


def _name(settings: dict[str, Any]) -> str:
    return ",".join(f"{setting}={value}" for setting, value in settings.items())


def chosen(names: Sequence[str], base: Recipe) -> dict[str, Recipe]:
    """The variants of a recipe that have these names, or change these settings; without a name all of them.

    Raises InputError for what is neither.
    """
    known = variants(base)
    for name in names:
        if name not in known and name not in CHOICES:
            raise InputError(
                "There is no variant {name!r}; there are {known:and}, and single settings such as {example}.",
                name=name,
                known=tuple(CHOICES),
                example=list(known)[1],
            )
    return {name: recipe for name, recipe in known.items() if not names or name in names or name.split("=")[0] in names}


def split(train_set: Dataset) -> tuple[Dataset, Dataset]:
    """A training set in two, by a fixed shuffling: what is trained on, and `HELD_OUT` of it that is not."""
    order = torch.randperm(len(train_set), generator=torch.Generator().manual_seed(SPLIT_SEED))
    held = round(HELD_OUT * len(train_set))
    return _part(train_set, order[held:]), _part(train_set, order[:held])


def _part(dataset: Dataset, indices: torch.Tensor) -> Dataset:
    return replace(dataset, pictures=dataset.pictures[indices], labels=dataset.labels[indices], masks=None)


def compare(
    train_set: Dataset,
    out: Path,
    base: Recipe,
    recipes: dict[str, Recipe],
    seconds: float,
    seeds: int,
    network: str = "resnet20",
) -> None:
    """Train every variant of a recipe with every seed and append the results, see `result`, to a file."""
    trained_on, held_out = split(train_set)
    done = [_task(line) for line in read(out)] if out.is_file() else []
    if out.is_file() and not out.read_bytes().endswith(b"\n"):  # a line that was only half written
        with out.open("a") as file:
            file.write("\n")
    for seed in range(seeds):
        for name in list(recipes)[:: -1 if seed % 2 else 1]:
            task = {
                "variant": name,
                "seed": seed,
                "seconds": seconds,
                "network": network,
                "data": train_set.name,
                "trained_on": len(trained_on),
                "held_out": len(held_out),
                "base": asdict(base),
                "recipe": asdict(recipes[name]),
                "machine": f"{hardware.name(hardware.device())}, {torch.get_num_threads()} threads",
            }
            if _task(task) in done:
                continue
            found = result(trained_on, held_out, recipes[name], seconds, seed, network)
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(task | found) + "\n")
            print(f"{name}, seed {seed}: {json.dumps(found)}", file=sys.stderr, flush=True)


def result(
    trained_on: Dataset, held_out: Dataset, recipe: Recipe, seconds: float, seed: int, network: str
) -> dict[str, Any]:
    """One training: accuracy and loss on the pictures held out (None where it diverged), and how much it saw."""
    model = build(network, seed, classes=len(trained_on.classes))
    training = Training(model, trained_on, held_out, recipe, minutes=seconds / 60, seed=seed)
    try:
        last = list(training.run())[-1]
        accuracy, loss = last.test_accuracy, last.test_loss
    except FloatingPointError:
        accuracy = loss = None
    images = training.step * recipe.batch
    return {"accuracy": accuracy, "loss": loss, "images": images, "images_per_second": round(images / seconds, 1)}


def _task(line: dict[str, Any]) -> dict[str, Any]:
    """What a result is the result of; on which machine does not matter to whether it must be done again."""
    names = ("variant", "seed", "seconds", "network", "data", "trained_on", "held_out", "base", "recipe")
    return {name: line[name] for name in names}


# The table


def read(path: Path) -> list[dict[str, Any]]:
    """The results in a file, without lines that were only half written."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            continue
    return lines


def document(results: Sequence[dict[str, Any]]) -> str:
    """`tuning.md`: how it was done, and one table for each network, data set, budget and base recipe."""
    choices = "\n".join(f"- `{setting}`: {', '.join(map(str, values))}" for setting, values in CHOICES.items())
    choices += f"\n- together: {'; '.join(map(_name, TOGETHER))}"
    seconds = max((line["seconds"] for line in results), default=60)
    seeds = max((line["seed"] + 1 for line in results), default=3)
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in results:
        key = json.dumps([line[name] for name in ("network", "data", "seconds", "base")])
        groups.setdefault(key, []).append(line)
    header = HEADER.format(seconds=f"{seconds:g}", seeds=seeds, choices=choices)
    return "\n".join([header, *(_section(group) for group in groups.values())]).rstrip() + "\n"


def _section(results: Sequence[dict[str, Any]]) -> str:
    first = results[0]
    base = ", ".join(f"{name} {value}" for name, value in first["base"].items() if name != "name")
    machines = "; ".join(sorted({line["machine"] for line in results}))
    return (
        f"## {first['network']} on {first['data']}, {first['seconds']:g} seconds\n\n"
        f"`{first['base']['name']}`: {base}. On: {machines}.\n\n{table(results)}\n"
    )


def table(results: Sequence[dict[str, Any]]) -> str:
    """A row for each variant, in the order of `CHOICES`: mean, lowest and highest accuracy, against the base recipe."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in results:
        found.setdefault(line["variant"], []).append(line)
    singles = [{setting: value} for setting, values in CHOICES.items() for value in values]
    order = [_name(settings) for settings in (*singles, *TOGETHER)]
    base = results[0]["base"]["name"]
    rows = [["variant", "accuracy", "lowest to highest", f"against `{base}`", "images seen", "runs"]]
    for name in sorted(found, key=lambda name: (name != base, order.index(name) if name in order else len(order))):
        rows.append(_row(name, found[name], found.get(base, []) if name != base else []))
    rows.insert(1, ["---", *["---:"] * (len(rows[0]) - 1)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, lines: Sequence[dict[str, Any]], base: Sequence[dict[str, Any]]) -> list[str]:
    accuracies, others = _accuracies(lines), _accuracies(base)
    values = list(accuracies.values())
    # Seed against seed: a seed is one start and one order of the pictures.
    gains = [accuracies[seed] - others[seed] for seed in accuracies.keys() & others.keys()]
    diverged = len(lines) - len(values)
    return [
        f"`{name}`",
        f"{statistics.mean(values):.2%}" if values else "diverged",
        f"{min(values):.2%} to {max(values):.2%}" if len(values) > 1 else "",
        f"{100 * statistics.mean(gains):+.2f}" if gains else "",
        f"{statistics.mean(line['images'] for line in lines):,.0f}",
        f"{len(lines)}, {diverged} diverged" if diverged else str(len(lines)),
    ]


def _accuracies(lines: Iterable[dict[str, Any]]) -> dict[int, float]:
    """By seed, those of the runs that did not diverge."""
    return {line["seed"]: line["accuracy"] for line in lines if line["accuracy"] is not None}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m resnet_demo.bench.tuning", description="Tune the recipe `fast`.")
    parser.add_argument("--out", type=Path, help="append the results to this file, one line of JSON each")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="variants (lr=0.1) or settings (lr)")
    parser.add_argument("--seconds", type=float, default=60, help="budget of each training")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each variant")
    parser.add_argument("--network", default="resnet20")
    parser.add_argument("--data", default="cifar10")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--table", type=Path, metavar="FILE", help="print the table of such a file, train nothing")
    given = parser.parse_args(arguments)
    if (given.out is None) == (given.table is None):
        parser.error("say either --out FILE or --table FILE")
    try:
        if given.table:
            print(document(read(given.table)), end="")
        else:
            base = recipe_of("fast", given.seconds / 60)  # as it fits this time
            recipes = chosen(given.only, base)
            train_set = load_dataset(given.data, True, given.data_dir, download=False)
            compare(train_set, given.out, base, recipes, given.seconds, given.seeds, given.network)
    except (InputError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
