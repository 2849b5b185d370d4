"""What so many pictures teach: short trainings of several depths, from which the page Train says what to expect.

`python -m resnet_demo.bench.expectations` trains every network anew for each number of pictures, since the learning
rate has to be annealed by the end, and writes the share of 1,000 test pictures that each gets right to
`assets/expectations.json`. How fast the machine is plays no part: a schedule counts steps, not seconds.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from ..assets import asset
from ..data import load_dataset
from ..files import write_atomically
from ..models.zoo import build
from ..training.budget import FINE
from ..training.recipes import recipe_of
from ..training.trainer import Training

OUT = asset("expectations.json")
PICTURES = (500, 1000, 2000, 4000, 8000)  # seen by a training
DEPTHS = {"shapes": (20, 56, 110, 8), "cifar10": (20, 56)}
MINUTES = 0.25  # each network's half of the race that the page begins with: its recipe is trained by
TESTED_ON = 1000
SEED = 0


def accuracy(name: str, dataset: str, pictures: int) -> float:
    """What a network has right of the test pictures after so many training pictures."""
    train_set, test_set = load_dataset(dataset, True), load_dataset(dataset, False).subset(TESTED_ON)
    recipe = recipe_of("fast", MINUTES)
    steps = max(1, pictures // recipe.batch)
    ends = [steps * (part + 1) // FINE for part in range(FINE)]
    schedule = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    network = build(name, SEED, len(train_set.classes))
    training = Training(network, train_set, test_set, recipe, minutes=MINUTES, schedule=schedule, seed=SEED)
    training.pace.tests = lambda step, progress: 0  # on the way; the one at the end is what counts
    for _record in training.run():
        pass
    assert training.test is not None
    return training.test.accuracy


def measure(out: Path = OUT) -> None:
    found = json.loads(out.read_text()) if out.exists() else {}
    for dataset, depths in DEPTHS.items():
        for depth in depths:
            for pictures in PICTURES:
                for kind in ("resnet", "plain"):
                    name, start = f"{kind}{depth}", time.monotonic()
                    known = found.setdefault(dataset, {}).setdefault(name, {})
                    if str(pictures) not in known:
                        known[str(pictures)] = accuracy(name, dataset, pictures)
                        write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
                        print(dataset, name, pictures, known[str(pictures)], f"{time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    measure()
