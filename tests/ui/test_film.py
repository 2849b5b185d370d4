"""The film of a training: a slider over its moments, in the app; and snapshots of what one trains there."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl

import gradio as gr
import pytest
import torch
from stripes import stripes

from resnet_demo.data.shapes import draw_shapes
from resnet_demo.errors import InputError
from resnet_demo.i18n import language
from resnet_demo.images import CIFAR10
from resnet_demo.models import zoo
from resnet_demo.training.trainer import Training
from resnet_demo.ui import address, network_drawer, store
from resnet_demo.ui import film as films
from resnet_demo.ui.jobs import film as filming
from resnet_demo.ui.jobs.race import BOTH, Plan, Race
from resnet_demo.ui.jobs.run import networks_of
from resnet_demo.ui.lesson.twins import pair_of
from resnet_demo.ui.pages import experiments, inside
from resnet_demo.ui.pages.train import adopt
from resnet_demo.ui.session import HERE, Session
from resnet_demo.ui.store import RANDOM, TRAINED
from resnet_demo.ui.trained import Trained


@pytest.fixture
def bundled(film: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """`film`, unknown to what others loaded before."""
    monkeypatch.setattr(store, "_networks", store.ExpiringCache(most=10))


@pytest.fixture
def filmed(bundled: None, session: Session) -> Session:
    """A session that looks at resnet8 at the end of its training."""
    session.use_network("resnet8", TRAINED)
    return session


def shown(session: Session) -> dict[str, str]:
    """What the page Inside shows, by element."""
    with gr.Blocks():
        page = inside.build(None)
    return {component.elem_id: value for component, value in page.render(session).items()}


# A session


def test_every_page_sees_the_network_at_that_moment(filmed: Session) -> None:
    assert (filmed.moments, filmed.moment) == ([0, 1, 2, 3], None)
    end, street = filmed.seen.logits, shown(filmed)["street"]
    for epoch in (0, 1, 2):
        filmed.look_at_moment(epoch)
        expected = zoo.load("resnet8", epoch=epoch)
        assert filmed.moment == epoch
        assert torch.equal(filmed.network.fc.weight, expected.fc.weight)
        assert torch.equal(filmed.seen.logits, expected(filmed.seen.image)[0])
        assert shown(filmed)["street"] != street
        assert torch.equal(networks_of(filmed)["resnet8"].fc.weight, expected.fc.weight)
        assert torch.equal(networks_of(filmed)["plain8"].fc.weight, zoo.load("plain8", epoch=epoch).fc.weight)
        assert pair_of(filmed).keys() == {"resnet8", "plain8"}
    filmed.look_at_moment(3)
    assert filmed.moment is None
    assert torch.equal(filmed.seen.logits, end)


def test_a_film_keeps_what_one_looks_at(filmed: Session) -> None:
    filmed.open_block("layer3.0")
    filmed.explain(4)
    filmed.cut_or_mend("layer2.0")
    channel = shown(filmed)["channel"]
    filmed.look_at_moment(1)
    assert (filmed.block, filmed.seen.target, filmed.cut) == ("layer3.0", 4, frozenset({"layer2.0"}))
    assert shown(filmed)["channel"] == channel  # not the one that would show that moment best


def test_a_film_keeps_the_class_that_was_in_sight(filmed: Session) -> None:
    best = filmed.seen.target
    filmed.look_at_moment(0)
    filmed.look_at_moment(1)
    assert filmed.seen.target == best
    filmed.show_picture(stripes(1, 3).picture(0))  # of which nobody has asked for a class yet
    assert filmed.seen.target == int(filmed.seen.logits.argmax())


def test_the_moment_goes_along_to_the_twin_only_where_it_has_one(
    filmed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    filmed.look_at_moment(1)
    filmed.use_network("plain8", TRAINED, 0, filmed.moment)
    assert (filmed.name, filmed.moment) == ("plain8", 1)
    for name, weights in (("resnet14", TRAINED), ("resnet8", RANDOM)):
        filmed.use_network(name, weights, 0, 1)
        assert (filmed.moment, filmed.moments) == (None, [])
    filmed.use_network("resnet8", TRAINED, 0, 1)
    monkeypatch.setattr(zoo, "epochs", lambda name, seed=0: [0, 1, 2, 3] if name == "resnet8" else [])
    assert list(pair_of(filmed)) == list(networks_of(filmed)) == ["resnet8"]  # never beside another moment


def test_odd_moments_get_one_sentence(filmed: Session, sentence: Callable[[BaseException], str]) -> None:
    filmed.look_at_moment(2)
    for odd in (4, -1, 1.5, "2", None, True, [1], {"a": 1}, float("nan")):
        with pytest.raises(InputError, match="The epoch must be 0, 1, 2 or 3") as error:
            filmed.look_at_moment(odd)
        sentence(error.value)
        assert filmed.moment == 2
    filmed.use_network("resnet14", TRAINED)
    with pytest.raises(InputError, match="resnet14 there are no snapshots") as error:
        filmed.look_at_moment(1)
    sentence(error.value)


def test_a_result_leads_back_to_the_moment_it_was_found_at(filmed: Session) -> None:
    filmed.look_at_moment(1)
    source = filmed.pair()["plain8"][1]
    filmed.look_at_moment(3)
    filmed.look_at(source)
    assert (filmed.name, filmed.weights, filmed.moment) == ("plain8", TRAINED, 1)


# The address


def test_the_address_keeps_the_epoch(filmed: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(address.gr, "Warning", lambda text, **_: warned.append(text))
    assert "epoch" not in address.write(filmed)
    filmed.look_at_moment(2)
    query = dict(parse_qsl(address.write(filmed)))
    assert query["epoch"] == "2"
    again = Session()
    address.read(again, {**query, "picture": "cat"})
    assert (again.name, again.moment, again.forward_passes) == ("resnet8", 2, 1)

    for asked, moment in (("3", None), ("0", 0)):
        again = Session()
        address.read(again, {**query, "picture": "cat", "epoch": asked})
        assert again.moment == moment
    assert warned == []

    for name, weights in (("resnet14", TRAINED), ("resnet8", RANDOM)):  # dropped without a word
        again = Session()
        address.read(again, {"model": name, "weights": weights, "epoch": "2"})
        assert again.moment is None
        assert "epoch" not in parse_qs(address.write(again))
    assert warned == []

    for wrong in ("7", "-1", "two", "1.5", ""):
        again = Session()
        address.read(again, {**query, "picture": "cat", "epoch": wrong})
        assert (again.name, again.moment) == ("resnet8", None)
        assert "The epoch must be 0, 1, 2 or 3" in warned.pop()


# What is shown


def test_the_slider_stands_at_the_moments_that_there_are(filmed: Session) -> None:
    drawn = films.control(filmed)
    assert 'data-moments="[0, 1, 2, 3]" ' in drawn
    assert 'data-place="3"' in drawn
    assert 'max="3" step="1" value="3"' in drawn
    filmed.look_at_moment(1)
    drawn = html.unescape(films.control(filmed))
    titles = [
        "ResNet-8 before training", "ResNet-8 after epoch 1", "ResNet-8 after epoch 2",
        "ResNet-8 at the end of its training",
    ]  # fmt: skip
    assert f'data-titles="{json.dumps(titles)}" data-place="1"' in drawn
    assert ">ResNet-8 after epoch 1</output>" in drawn
    filmed.speak("zh")
    assert ">ResNet-8 第 1 轮后</output>" in films.control(filmed)
    filmed.use_network("resnet14", TRAINED)
    assert films.control(filmed) == ""


def test_the_facts_are_of_the_moment(filmed: Session) -> None:
    assert "<b>30.00 %</b> of its test set right" in network_drawer._facts(filmed)
    filmed.look_at_moment(1)
    assert "<b>10.00 %</b> of its test set right" in network_drawer._facts(filmed)
    filmed.look_at_moment(0)
    facts = network_drawer._facts(filmed)
    assert "untrained: random weights, seed 0" in facts
    assert "right" not in facts  # nobody tested it
    assert "trained on" not in facts


def test_a_network_before_its_training_guesses(filmed: Session) -> None:
    told = []
    for moment in (0, 1):
        filmed.look_at_moment(moment)
        told.append(shown(filmed)["answer"])
    assert "Not trained: its answer means nothing." in told[0]
    assert "Not trained" not in told[1]


def test_a_live_result_says_at_which_moment_it_was_measured(filmed: Session) -> None:
    filmed.look_at_moment(1)
    sources = [source for _model, source in filmed.pair().values()]
    told = language("en")(experiments.said.moments([films.moment_of(source) for source in sources]))  # type: ignore
    assert told == "Measured on ResNet-8 after epoch 1 and Plain-8 after epoch 1."
    filmed.look_at_moment(3)
    assert [films.moment_of(source) for _model, source in filmed.pair().values()] == [None, None]
    assert experiments.said.moments([]) is None


# What one trains in the app


def finished(race: Race) -> Race:
    for _moment in race.run():
        pass
    return race


def test_what_is_trained_here_is_filmed(session: Session) -> None:
    train_set, test_set = stripes(192, 1), stripes(96, 2)
    race = finished(Race(Plan(8, BOTH, seconds=None, epochs=3, batch=16), train_set, test_set))
    for name, result in race.results.items():
        assert list(result.film) == [0, 3, 10, 33, 67]
        first = zoo.build(name, 0, 3)
        assert torch.equal(result.film[0].fc.weight, first.fc.weight)
        assert len({copy.fc.weight.sum().item() for copy in (*result.film.values(), result.model)}) == 6
        for copy in result.film.values():
            assert copy.domain == result.model.domain
            assert not copy.training
            assert not any(weight.requires_grad for weight in copy.parameters())
            assert "test_accuracy" not in (copy.provenance or {})
    # A third of three epochs is the first one: the weights of a training that is told to look are the same.
    other = Training(zoo.build("resnet8", 0, 3), train_set, test_set, race.plan.settings, epochs=3, compile=False)
    steps, threads = other.steps(), torch.get_num_threads()
    torch.set_num_threads(max(1, threads // 2))  # as each of the two had: the last bits depend on it
    while other.progress < 0.33:
        next(steps)
    torch.set_num_threads(threads)
    assert torch.equal(race.results["resnet8"].film[33].fc.weight, other.model.fc.weight)
    steps.close()

    adopt(session, race)
    session.use_trained("resnet8")
    assert session.moments == [0, 3, 10, 33, 67, 100]
    session.look_at_moment(33)
    assert session.network is race.results["resnet8"].film[33]
    assert ">ResNet-8 after 33 % of the planned training</output>" in films.control(session)
    assert session.twin == ("plain8", HERE)
    assert pair_of(session) == {"resnet8": session.network, "plain8": race.results["plain8"].film[33]}
    source = session.pair()["plain8"][1]
    session.look_at_moment(100)
    assert session.moment is None
    session.look_at(source)
    assert (session.name, session.moment) == ("plain8", 33)
    with pytest.raises(InputError, match="The percentage of the training must be 0, 3, 10"):
        session.look_at_moment(34)


def test_a_stopped_training_shows_how_far_it_came() -> None:
    race = Race(Plan(8, "residual", seconds=None, epochs=50, batch=16), stripes(192, 1), stripes(96, 2))
    for _moment in race.run():
        if race.progress > 0.1:
            race.stop()
    assert list(race.results["resnet8"].film) == [0, 3, 10]


def test_large_networks_are_not_filmed_and_that_is_said(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert filming.is_filmed(zoo.network("resnet56").config)
    assert not filming.is_filmed(zoo.network("resnet110").config)
    monkeypatch.setattr(filming, "MOST_PARAMETERS", 1000)
    race = finished(Race(Plan(8, "residual", seconds=None, epochs=1, batch=16), stripes(64, 1), stripes(32, 2)))
    assert race.results["resnet8"].film == {}
    adopt(session, race)
    session.use_trained("resnet8")
    assert session.moments == []
    assert films.control(session) == ""
    assert "too large for snapshots of its training" in network_drawer._facts(session)


def test_a_film_weighs_and_goes_with_its_network(session: Session) -> None:
    def trained(film: dict[int, int]) -> Trained:
        models = {moment: zoo.build("resnet8", seed).eval() for moment, seed in {**film, 100: 9}.items()}
        for model in models.values():
            model.domain = replace(CIFAR10)
        return Trained(models.pop(100), {}, draw_shapes(8, seed=1), "a race", None, models)

    bare, film = trained({}), trained({0: 0, 33: 1})
    assert film.nbytes - bare.nbytes == 2 * store.bytes_of(bare.model)
    session.keep("resnet8", film)
    session.use_trained("resnet8")
    session.look_at_moment(33)
    session.keep("resnet8", trained({0: 0}))  # another training of it, which has no such moment
    assert (session.moment, session.moments) == (None, [0, 100])
