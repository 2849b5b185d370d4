from __future__ import annotations

import copy

import pytest
import torch
from torchvision.models import get_model_weights

from resnet_demo.data import load_dataset
from resnet_demo.errors import InputError
from resnet_demo.images import CIFAR10, imagenet
from resnet_demo.lab.results import bundled
from resnet_demo.models import weights, zoo
from resnet_demo.models.resnet import ResNetConfig
from resnet_demo.models.weights import save, shards_of
from resnet_demo.training.evaluation import evaluate

# Names


@pytest.mark.parametrize(
    ("name", "config", "family"),
    [
        ("resnet20", ResNetConfig(), "cifar"),
        ("plain56", ResNetConfig((9, 9, 9), plain=True), "cifar"),
        ("resnet1202", ResNetConfig((200, 200, 200)), "cifar"),  # not in the list, but in the paper
        ("resnet26", ResNetConfig((4, 4, 4)), "cifar"),
        ("resnet18-cifar", ResNetConfig((2, 2, 2, 2), (64, 128, 256, 512), shortcut="B"), "cifar"),
        (
            "resnet50",
            ResNetConfig((3, 4, 6, 3), (64, 128, 256, 512), "bottleneck", "imagenet", "B", False, 1000),
            "imagenet",
        ),
        ("plain34", ResNetConfig((3, 4, 6, 3), (64, 128, 256, 512), "basic", "imagenet", "B", True, 1000), "imagenet"),
    ],
)
def test_names_mean_what_the_papers_mean(name, config, family):
    entry = zoo.network(name)
    assert (entry.config, entry.family, entry.name) == (config, family, name)
    assert zoo.name_of(config) == name


@pytest.mark.parametrize(
    "name",
    [
        "resnet21", "resnet2", "resnet0", "resnet", "plain50", "plain101", "plain152", "resnet20-cifar",
        "plain34-cifar", "ResNet20", "resnet20 ", " resnet20", "resnet-20", "resnet20\n", "resnet99998", "vgg16", "",
        "resnet2000000000000000000000",
    ],
)  # fmt: skip
def test_unknown_names_are_refused_with_the_known_ones(name, sentence):
    for attempt in (zoo.network, zoo.build, zoo.load):
        with pytest.raises(InputError, match="6n") as error:
            attempt(name)
        sentence(error.value)


def test_every_name_is_itself_and_has_its_twin():
    names = zoo.names()
    assert len(set(names)) == len(names) == 14 + 2 + 2 + 4 + 3
    for name in names:
        assert zoo.name_of(zoo.network(name).config) == name
        other = zoo.twin(name)
        if other is None:
            assert zoo.network(name).config.block in ("bottleneck", "preact")
        else:
            assert other in names
            assert zoo.twin(other) == name
            assert zoo.network(other).config.plain is not zoo.network(name).config.plain


def test_titles_and_kinds_are_the_zoos():
    titles = {"resnet20": "ResNet-20", "plain18-cifar": "Plain-18", "preresnet56": "Pre-ResNet-56", "mine": "mine"}
    assert {name: zoo.title(name) for name in titles} == titles
    assert [zoo.is_plain(name) for name in ("plain20", "resnet20", "plain.pt", "plainsong")] == [True] + [False] * 3
    for name in zoo.names():
        assert zoo.is_plain(name) is zoo.network(name).config.plain
        assert zoo.title(name) != name


def test_similar_names_are_offered():
    with pytest.raises(InputError, match=r"'resnet21' \(did you mean resnet32 or resnet20\?\); there are resnet"):
        zoo.network("resnet21")
    for name in ("ResNet20", "resnet-20", "RESNET_20", "resnet 20"):
        with pytest.raises(InputError, match=r"did you mean resnet20\?"):
            zoo.network(name)
    with pytest.raises(InputError, match=r"There is no network 'vgg16'; there are resnet"):
        zoo.network("vgg16")


def test_the_header_of_a_file_is_read_once(tmp_path, monkeypatch):
    path = weights.save(zoo.build("resnet8", 0), tmp_path / "a.safetensors")
    assert weights.read_metadata(path)["provenance"]["seed"] == 0
    monkeypatch.setattr(weights, "safe_open", lambda *_: pytest.fail("it was read already"))
    assert weights.read_metadata(path)["provenance"]["seed"] == 0
    monkeypatch.undo()
    changed = zoo.build("resnet8", 1)
    changed.provenance = {"seed": 1, "origin": "another"}
    weights.save(changed, path)
    assert weights.read_metadata(path)["provenance"]["seed"] == 1  # the file is another


def test_the_table_holds_the_published_numbers():
    table = {row["name"]: row for row in zoo.models()}
    assert list(table) == zoo.names()
    for depth in (18, 34, 50, 101, 152):  # torchvision's own account of its networks
        weights = list(get_model_weights(f"resnet{depth}"))
        meta = weights[-1].meta  # of those that are trained better, where there are two
        row = table[f"resnet{depth}"]
        assert row["params"] == meta["num_params"]
        if row["weights"] == "download":
            assert row["test_accuracy"] == pytest.approx(meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100)
            assert row["megabytes"] == round(meta["_file_size"])
        assert (row["family"], row["dataset"], row["depth"], row["plain"]) == ("imagenet", "imagenet", depth, False)
    assert table["resnet18-cifar"]["params"] == 11_173_962  # kuangliu/pytorch-cifar's ResNet18
    assert table["plain18-cifar"]["params"] == 11_173_962 - sum(
        a * b + 2 * b for a, b in ((64, 128), (128, 256), (256, 512))
    )
    assert table["plain110"]["params"] == 1_727_962
    assert {row["weights"] for row in table.values()} <= {"bundled", "download", "none"}
    for row in table.values():
        assert row["test_accuracies"][:1] == [row["test_accuracy"]] * (row["weights"] == "bundled")
        assert (row["weights"] == "none") == (row["test_accuracy"] is None)


# Building


def test_building_gives_a_domain_and_says_where_the_weights_come_from():
    model = zoo.build("resnet8", seed=4)
    assert model.domain is CIFAR10
    assert model.provenance == {"origin": "random initialisation", "seed": 4}
    assert torch.equal(model.fc.weight, zoo.build("resnet8", seed=4).fc.weight)
    other = zoo.build("resnet8", seed=4, classes=3)
    assert other.fc.weight.shape == (3, 64)
    assert other.domain is not None
    assert other.domain.labels == ("class 0", "class 1", "class 2")
    assert torch.equal(other.get_parameter("stem.conv.weight"), model.get_parameter("stem.conv.weight"))
    assert zoo.build("resnet18", seed=0).domain == imagenet()


# Bundled weights


BUNDLED = [name for name in zoo.names() if zoo.bundled_weights(name)]
TRAININGS = [(name, seed) for name in BUNDLED for seed in zoo.bundled_seeds(name)]
FILMED = [name for name in BUNDLED if zoo.epochs(name)]  # whose training can be seen at several moments
SNAPSHOTS = [(name, epoch) for name in FILMED for epoch in zoo.epochs(name)[1:-1]]


def test_what_is_bundled_comes_in_pairs():
    assert {"resnet20", "plain20"} <= set(BUNDLED)
    for name, seed in TRAININGS:
        # The pre-activation networks have no twin; that of ResNet-18 is not trained.
        if zoo.twin(name) and name != "resnet18-cifar":
            assert (zoo.twin(name), seed) in TRAININGS
        assert len(zoo.histories(seed)[name]) >= 30
    assert zoo.histories().keys() == set(BUNDLED)
    assert zoo.histories(seed=zoo.MOST_SEEDS) == {}
    firsts = filter(None, (zoo.bundled_weights(name, seed) for name, seed in TRAININGS))
    files = {part for first in firsts for part in shards_of(first)}
    files |= {zoo.asset("weights", f"{name}-epoch{epoch}.safetensors") for name, epoch in SNAPSHOTS}
    assert files == set(zoo.asset("weights").glob("*.safetensors"))  # none would never be found under its name


def test_the_seeds_of_a_network_are_trainings_of_their_own(sentence):
    for name in BUNDLED:
        seeds = zoo.bundled_seeds(name)
        assert seeds == list(range(len(seeds)))
        models = [zoo.load(name, seed) for seed in seeds]
        told = [model.provenance for model in models if model.provenance]
        assert [(story["network"], story["seed"]) for story in told] == [(name, seed) for seed in seeds]
        assert zoo.test_accuracies(name) == [story["test_accuracy"] for story in told]
        assert len({model.fc.weight.sum().item() for model in models}) == len(models)
        with pytest.raises(InputError, match=f"not from {len(seeds)}") as error:
            zoo.load(name, len(seeds))
        sentence(error.value)


@pytest.mark.parametrize("name", FILMED)
def test_the_last_snapshot_is_the_bundled_network(name):
    end = zoo.load(name)
    last = zoo.load(name, epoch=zoo.epochs(name)[-1])
    assert zoo.epochs(name)[-1] == len((end.provenance or {})["history"])
    assert all(torch.equal(tensor, last.state_dict()[key]) for key, tensor in end.state_dict().items())


@pytest.mark.parametrize("name", FILMED)
def test_the_first_snapshot_is_the_network_that_the_training_began_with(name):
    first, fresh = zoo.load(name, epoch=0), zoo.build(name, 0)
    assert all(torch.equal(tensor, first.state_dict()[key]) for key, tensor in fresh.state_dict().items())
    assert first.provenance == {"origin": "random initialisation", "seed": 0, "epoch": 0}  # and no accuracy
    assert not first.training
    assert not any(weight.requires_grad for weight in first.parameters())


@pytest.mark.parametrize(("name", "epoch"), SNAPSHOTS)
def test_a_snapshot_is_of_the_training_of_the_bundled_network(name, epoch):
    told, snapshot = zoo.load(name).provenance or {}, zoo.load(name, epoch=epoch)
    story = snapshot.provenance or {}
    assert story["epoch"] == epoch
    assert story["test_accuracy"] == told["history"][epoch - 1]["test_accuracy"]
    assert [(r["test_accuracy"], r["train_loss"]) for r in story["history"]] == [
        (r["test_accuracy"], r["train_loss"]) for r in told["history"][:epoch]
    ]
    assert (story["network"], story["seed"], story["recipe"]) == (told["network"], told["seed"], told["recipe"])
    assert snapshot.domain == CIFAR10


# Of the first 500 test pictures, counted with files that on all 10,000 were exactly as accurate as their histories say.
RIGHT = {
    ("resnet20", 1): 229, ("resnet20", 3): 335, ("resnet20", 10): 364, ("resnet20", 19): 410,
    ("plain20", 1): 190, ("plain20", 3): 286, ("plain20", 10): 259, ("plain20", 19): 406,
}  # fmt: skip


@pytest.mark.parametrize(("name", "epoch"), SNAPSHOTS)
def test_a_snapshot_is_as_accurate_as_the_history_says(name, epoch, shared_data):
    history = (zoo.load(name).provenance or {})["history"]
    found = evaluate(zoo.load(name, epoch=epoch), load_dataset("cifar10", False, shared_data).subset(500))
    assert abs(round(found.accuracy * 500) - RIGHT[name, epoch]) <= 1  # another processor may round otherwise
    assert found.accuracy == pytest.approx(history[epoch - 1]["test_accuracy"], abs=0.04)


def test_a_film_holds_its_moments(film, sentence):
    assert zoo.epochs("resnet8") == zoo.epochs("plain8") == [0, 1, 2, 3]
    assert {row["name"]: row["epochs"] for row in zoo.models() if row["epochs"]} == {
        "resnet8": [0, 1, 2, 3],
        "plain8": [0, 1, 2, 3],
    }
    weights = {epoch: zoo.load("resnet8", epoch=epoch).fc.weight for epoch in (None, *zoo.epochs("resnet8"))}
    assert torch.equal(weights[None], weights[3])
    assert torch.equal(weights[0], zoo.build("resnet8", 0).fc.weight)
    assert len({weight.sum().item() for weight in weights.values()}) == 4
    for name, seed, epoch, told in (
        ("resnet8", 0, 4, "no snapshot after epoch 4; there are those after 0, 1, 2 and 3"),
        ("resnet8", 0, -1, "after epoch -1"),
        ("resnet8", 1, 1, "resnet8 from seed 1; there are of resnet8 and plain8"),
        ("resnet14", 0, 1, "of resnet14"),
        ("resnet50", 0, 0, "of resnet50"),
        ("resnet8.safetensors", 0, 1, "holds one moment"),
    ):
        with pytest.raises(InputError, match=told) as error:
            zoo.load(name, seed, epoch)
        sentence(error.value)
    assert zoo.load("resnet14").config.depth == 14  # a network without a film is loaded as ever
    assert zoo.epochs("resnet14") == zoo.epochs("vgg16") == []


def test_all_bundled_networks_were_trained_alike():
    assert zoo.trained_alike()


def test_deeper_is_better_with_shortcuts_only():
    last = {name: history[-1] for name, history in zoo.histories().items()}
    for what in ("train_accuracy", "test_accuracy"):
        residual, plain = ([last[f"{kind}{depth}"][what] for depth in (20, 32, 56)] for kind in ("resnet", "plain"))
        assert sorted(residual) == residual
        assert sorted(plain, reverse=True) == plain
        assert min(residual) > max(plain)


def test_whether_all_were_trained_alike(monkeypatch):
    pair = {name: path for name in ("resnet20", "plain20") if (path := zoo.bundled_weights(name))}
    monkeypatch.setattr(zoo, "bundled_weights", lambda name, seed: pair.get(name) if seed == 0 else None)
    assert zoo.trained_alike()
    told = {path: zoo.read_metadata(path) for path in pair.values()}
    for change in ({"recipe": {"lr": 1.0}}, {"epochs": 31}, {"seed": 1}):
        other = copy.deepcopy(told)
        other[pair["plain20"]]["provenance"].update(change)
        monkeypatch.setattr(zoo, "read_metadata", other.get)
        assert not zoo.trained_alike()


@pytest.mark.parametrize(("name", "seed"), TRAININGS)
def test_bundled_weights_are_as_accurate_as_they_say(name, seed, shared_data):
    """One network on the whole test set; the others on 500 pictures, with three standard errors to either side."""
    whole = (name, seed) == ("resnet20", 0)
    test_set = load_dataset("cifar10", train=False, data_dir=shared_data, download=False)
    model = zoo.load(name, seed)
    assert model.config == zoo.network(name).config
    assert model.domain == CIFAR10
    assert model.provenance is not None
    found = evaluate(model, test_set if whole else test_set.subset(500))
    # Another processor may round one picture of the 10,000 to the other side.
    assert found.accuracy == pytest.approx(model.provenance["test_accuracy"], abs=2e-4 if whole else 0.045)
    # The measure of familiarity is that of these very pictures.
    percentiles = model.provenance["energy_percentiles"]
    share = (found.energies[:, None] > torch.tensor(percentiles)).float().mean(1)
    assert share.mean().item() == pytest.approx(0.5, abs=0.02 if whole else 0.05)


@pytest.mark.parametrize(("name", "seed"), TRAININGS)
def test_what_a_training_tells_of_its_end_is_one_story(name, seed):
    told = zoo.load(name, seed).provenance
    assert told is not None
    assert told["test_accuracy"] == pytest.approx(told["history"][-1]["test_accuracy"], abs=2e-3)
    lesion = bundled("lesion")
    if seed == 0 and lesion and name in lesion.networks:  # measured on the whole test set, too, another time
        report = lesion.networks[name]
        assert report.n == 10_000
        assert 1 - report.error == pytest.approx(told["test_accuracy"], abs=2e-4)
    if seed == 0:  # other seeds are there to show how far results differ by chance
        assert told["test_accuracy"] >= {"resnet20": 0.915, "resnet32": 0.92, "resnet56": 0.925}.get(name, 0)


def test_a_network_without_weights_says_which_have_some(sentence):
    with pytest.raises(InputError, match="plain1202") as error:
        zoo.load("plain1202")
    sentence(error.value)


def test_a_path_is_loaded_as_a_file(tiny_model, tmp_path, sentence):
    path = save(tiny_model, tmp_path / "mine.safetensors")
    for source in (path, str(path)):
        assert torch.equal(zoo.load(source).fc.weight, tiny_model.fc.weight)
    with pytest.raises(InputError, match="There is no file") as error:
        zoo.load(str(tmp_path / "missing.safetensors"))
    sentence(error.value)
