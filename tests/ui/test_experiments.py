"""The page Experiments: what came with the package, a run of one's own, and what is said in every language."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fake_cifar import namesakes
from PIL import Image

from resnet_demo import i18n, lab
from resnet_demo.data import draw_shapes
from resnet_demo.errors import InputError
from resnet_demo.i18n import Message
from resnet_demo.lab import results
from resnet_demo.models import weights, zoo
from resnet_demo.models.resnet import ResNet, ResNetConfig
from resnet_demo.ui import address, visits
from resnet_demo.ui.captions import experiments as said
from resnet_demo.ui.events import Events
from resnet_demo.ui.jobs import run
from resnet_demo.ui.jobs.run import Run
from resnet_demo.ui.pages import experiments
from resnet_demo.ui.pages.experiments import Experiments, ExperimentsPage
from resnet_demo.ui.session import HERE, OWN, Session
from resnet_demo.ui.store import RANDOM, TRAINED
from resnet_demo.ui.trained import Trained

MEASURED = [name for name in lab.EXPERIMENTS if results.bundled(name)]

TOO_LONG = Message("It took too long.")


@pytest.fixture
def built(tmp_path: Path) -> tuple[gr.Blocks, ExperimentsPage]:
    """The page where there is no data set, with its events."""
    with gr.Blocks() as demo:
        key, clicked = gr.State(None), gr.JSON()
        page = experiments.build(str(tmp_path))
        shown = page.components
        events = Events(key, clicked, shown, lambda session, whole: {}, shown, lambda session: {})
        experiments.connect(page, events)
    return demo, page


@pytest.fixture
def page(built: tuple[gr.Blocks, ExperimentsPage]) -> ExperimentsPage:
    return built[1]


def handler(built: tuple[gr.Blocks, ExperimentsPage], name: str) -> Callable[..., Any]:
    return next(event.fn for event in built[0].fns.values() if event.api_name == name)  # pyright: ignore


def by_id(page: ExperimentsPage, session: Session) -> dict[str, Any]:
    return {component.elem_id: value for component, value in page.render(session).items()}


# What is shown


@pytest.mark.parametrize("name", lab.EXPERIMENTS)
def test_every_experiment_is_shown(name: str, page: ExperimentsPage, session: Session) -> None:
    experiments.choose_experiment(session, name)
    shown = by_id(page, session)
    assert str(lab.get(name).title) in shown["experiment"]
    assert "Look for" in shown["experiment"]
    assert re.search(rf'data-experiment="{name}" aria-pressed="true"', shown["experiments-menu"])
    assert shown["experiments-menu"].count("data-experiment") == len(lab.EXPERIMENTS)
    assert page.form(session)[page.pictures] == run.suits(name) >= 1
    if name in MEASURED:
        assert shown["experiment-bundled"].count("<svg") == 2  # for screens, and for phones
        assert 'data-kind="csv"' in shown["experiment-bundled"]
        assert "Source: " in shown["experiment-bundled"]


def test_the_shown_pair_is_chosen(page: ExperimentsPage, session: Session) -> None:
    assert "ResNet-56" in by_id(page, session)["experiment-bundled"]
    experiments.change_compared(session, "resnet20")
    shown = by_id(page, session)
    assert "ResNet-20" in shown["experiment-bundled"]
    assert "ResNet-56" not in shown["experiment-bundled"]
    assert re.search('data-compared="resnet20" aria-pressed="true"', shown["experiment"])
    with pytest.raises(InputError, match="no result"):
        experiments.change_compared(session, "<b>")


def test_numbers_are_those_of_the_figure() -> None:
    reports = {"resnet8": {"n": 3, "error": {"a, b": 0.5}}, "plain8": {"n": 3, "error": {"a, b": None}}}
    assert experiments.table(reports) == [
        ["number", "resnet8", "plain8"],
        ["n", 3, 3],
        ["error a, b", 0.5, ""],
    ]


def found_here(session: Session) -> None:
    """What a run leaves behind of the networks that it measured."""
    state = session.of(Experiments)
    state.sources[state.name] = {name: source for name, (_, source) in session.pair().items()}


def test_a_click_on_a_bar_cuts_that_block(session: Session) -> None:
    session.use_network("resnet20", TRAINED)
    found_here(session)
    session.turn(0.5, 1)
    experiments.cut_live(session, "plain20 layer2.1")
    assert (session.name, session.weights, session.page) == ("plain20", TRAINED, "cut")
    assert session.cut == {"layer2.1"}
    assert session.dials.residual == 1
    for nonsense in ("plain20 layer9.9", "nothing", "", "plain20", 7):
        for cut in (experiments.cut_bundled, experiments.cut_live):
            with pytest.raises((InputError, KeyError)):
                cut(session, nonsense)


@pytest.mark.parametrize("in_sight", [True, False])
def test_a_bar_of_a_bundled_result_opens_the_bundled_network(in_sight: bool, session: Session) -> None:
    own = zoo.build("resnet20", 5).eval().requires_grad_(False)
    session.keep("resnet20", Trained(own, {}, draw_shapes(8, seed=1), None))
    session.use_trained("resnet20")
    found_here(session)
    if not in_sight:
        session.use_network("resnet8", RANDOM)
    experiments.cut_bundled(session, "resnet20 layer2.1")
    assert (session.weights, session.seed, session.cut) == (TRAINED, 0, {"layer2.1"})
    assert session.network is not own
    for _ in range(2):  # from the bundled network of the same name, and again from another one
        experiments.cut_live(session, "resnet20 layer2.1")
        assert session.network is own
        session.use_network("resnet8", RANDOM)


def test_names_with_spaces_have_bars_too(session: Session, tmp_path: Path) -> None:
    config = ResNetConfig((2, 1), (4, 8))
    session.use_file(weights.save(ResNet(config, seed=0), tmp_path / "my own.safetensors"))
    assert " " in session.name
    found_here(session)
    experiments.cut_live(session, f"{session.name} layer1.1")
    assert (session.weights, session.cut) == (OWN, {"layer1.1"})


def test_a_bar_cuts_the_very_weights_that_were_measured(session: Session, tmp_path: Path) -> None:
    """Names are not enough: another file can have the same one."""
    first, second = (weights.save(zoo.build("resnet20", seed), tmp_path / f"{seed}" / "own.pth") for seed in (5, 6))
    session.use_file(first)
    uploaded = session.network
    found_here(session)
    session.use_network("resnet20", TRAINED)
    experiments.cut_live(session, "own.pth layer2.1")
    assert session.network is uploaded
    session.use_file(second)
    before = session.network, session.page, session.cut
    with pytest.raises(InputError, match="no longer here"):
        experiments.cut_live(session, "own.pth layer2.1")
    assert (session.network, session.page, session.cut) == before


def test_a_network_that_made_room_does_not_come_back_with_random_weights(session: Session) -> None:
    for name in ("resnet14", "plain14", "resnet20", "plain20", "resnet32"):
        model = zoo.build(name, 5).eval().requires_grad_(False)
        session.keep(name, Trained(model, {}, draw_shapes(8, seed=1), None))
        if name == "resnet14":
            session.use_trained(name)
            found_here(session)
            session.use_network("resnet8", RANDOM)
    assert "resnet14" not in session.trained
    with pytest.raises(InputError, match="no longer here"):
        experiments.cut_live(session, "resnet14 layer1.0")
    assert (session.name, session.cut) == ("resnet8", frozenset())


def test_random_weights_come_back_from_their_seed(session: Session) -> None:
    session.use_network("resnet8", RANDOM, 7)
    found_here(session)
    measured = session.network
    session.use_network("resnet8", RANDOM, 8)
    experiments.cut_live(session, "resnet8 layer2.0")
    assert (session.seed, session.network) == (7, measured)


def test_the_address_leads_to_an_experiment(session: Session) -> None:
    session.page = "experiments"
    experiments.choose_experiment(session, "paths")
    query = dict(pair.split("=") for pair in address.write(session).split("&"))
    assert (query["tab"], query["experiment"]) == ("experiments", "paths")
    other = Session()
    address.read(other, {"tab": "experiments", "experiment": "paths"})
    assert (other.page, other.of(Experiments).name) == ("experiments", "paths")
    with pytest.warns(UserWarning, match="no experiment"):
        address.read(other, {"experiment": "sunshine"})


# A run of one's own


def test_which_pictures_a_run_takes(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = str(tmp_path)
    assert run.data_of(session, "lens", absent) == run.PICTURE
    assert run.data_of(session, "lesion", absent) == run.NOTHING
    assert run.data_of(session, "localise", absent) == run.NOTHING
    assert run.pictures_of(session, "lesion", absent) is None
    own = run.pictures_of(session, "lens", absent)
    assert own is not None
    assert own.pictures.shape == (1, 3, 32, 32)
    assert own.labels.tolist() == [int(session.seen.logits.argmax())]
    assert run.data_of(session, "shattering", absent) == run.FRESH
    monkeypatch.setattr(run, "has_test_set", lambda _: True)
    assert run.data_of(session, "lesion", absent) == run.CIFAR
    session.use_network("resnet18", RANDOM)
    assert run.data_of(session, "lesion", absent) == run.NOTHING  # it knows other classes


def test_what_was_trained_here_is_asked_about_its_own_pictures(session: Session, tmp_path: Path) -> None:
    shapes = draw_shapes(8, seed=1)
    session.keep("resnet8", Trained(session.network, {}, shapes, None))
    session.use_trained("resnet8")
    assert session.weights == HERE
    assert run.data_of(session, "lesion", str(tmp_path)) == run.OWN
    assert run.data_of(session, "localise", str(tmp_path)) == run.OWN  # these pictures know where their objects are
    assert run.pictures_of(session, "lesion", str(tmp_path)) is shapes


def test_probes_are_fitted_on_what_was_trained_on(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test, training = namesakes(8, seed=1), namesakes(30, seed=0)
    network = session.network
    session.keep("resnet8", Trained(network, {}, test, None, training))
    session.use_trained("resnet8")
    assert run.training_of(session, "probes", str(tmp_path)) is training
    assert run.training_of(session, "lens", str(tmp_path)) is None  # it fits nothing
    under_way = Run("probes", 4, TOO_LONG)
    for _ in under_way.watch(run.networks_of(session), test, training):
        pass
    assert under_way.result is not None
    (report,) = under_way.result.networks.values()
    assert (report.n, report.fitted_on) == (4, 30)
    with pytest.raises(InputError, match="needs training pictures"):
        for _ in Run("probes", 4, TOO_LONG).watch(run.networks_of(session), test):
            pass
    session.use_network("resnet8", RANDOM)
    monkeypatch.setattr(run, "has_test_set", lambda _: True)
    monkeypatch.setattr(run, "training_set", lambda _folder, count: count)
    assert run.training_of(session, "probes", str(tmp_path)) == lab.get("probes").fits_on


def test_a_network_is_unfolded_and_its_plain_twin_passed_over(session: Session) -> None:
    found = watched(session, "unfold").result
    assert found is not None
    assert list(found.networks) == ["resnet8"]


def test_likeness_is_measured_with_the_twin(session: Session) -> None:
    found = watched(session, "similarity", 4).result
    assert found is not None
    assert [(name, len(report.twins), len(report.seeds)) for name, report in found.networks.items()] == [
        ("resnet8", 1, 0),
        ("plain8", 1, 0),
    ]


def test_the_twin_is_measured_beside_it(session: Session) -> None:
    session.use_network("plain8", RANDOM, 3)
    networks = run.networks_of(session)
    assert [(name, network.config.plain) for name, network in networks.items()] == [
        ("resnet8", False),
        ("plain8", True),
    ]
    assert networks["plain8"] is session.network
    session.use_network("resnet50", RANDOM)
    assert list(run.networks_of(session)) == ["resnet50"]


def watched(session: Session, name: str = "lens", pictures: int = 2, stop: bool = False) -> Run:
    under_way = Run(name, pictures, TOO_LONG)
    if stop:
        under_way.stop()
    for _ in under_way.watch(run.networks_of(session), namesakes(6, seed=1)):
        pass
    return under_way


def test_a_run_finds_what_the_library_finds(session: Session) -> None:
    found = watched(session).result
    assert found is not None
    expected = results.measure("lens", run.networks_of(session), namesakes(6, seed=1), 2)
    assert found.networks == expected.networks
    assert list(found.networks) == ["resnet8", "plain8"]


def test_a_run_is_stopped_and_has_a_ceiling(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = watched(session, stop=True)
    assert stopped.result is None
    assert stopped.stopped
    left = Run("lesions", 6, TOO_LONG)
    watching = left.watch(run.networks_of(session), namesakes(6, seed=1))
    monkeypatch.setattr(run, "WAIT", 0.001)
    next(watching)
    watching.close()  # the visitor's page was closed
    assert left.stopped
    assert left.result is None
    monkeypatch.setattr(run, "MOST_SECONDS", -1)
    with pytest.raises(InputError, match="too long"):
        watched(session)


def test_the_event_runs_on_the_visitors_picture(built: Any, picture: Image.Image) -> None:
    page = built[1]
    session, _again = visits.begin()
    session.use_network("resnet8", RANDOM)
    session.show_picture(picture)
    experiments.choose_experiment(session, "refinement")
    frames = list(handler(built, "run_experiment")(session.key, 1))
    assert frames[0][page.start] == gr.update(visible=False)
    assert frames[0][page.stop] == gr.update(visible=True)
    last = frames[-1]
    assert last[page.start]["visible"]
    assert "Done" in last[page.status]
    assert "your picture" in last[page.live]
    assert last[page.live].count("<svg") == 2
    assert session.of(Experiments).measured["refinement"].provenance.pictures == 1
    assert handler(built, "stop_experiment")(session.key)  # nothing runs any more: no harm


@pytest.mark.parametrize("how", ["stop", "visit put away"])
def test_an_end_is_heard_before_the_pictures_are_read(how: str, built: Any, picture: Image.Image) -> None:
    session, _again = visits.begin()
    session.use_network("resnet8", RANDOM)
    session.show_picture(picture)
    experiments.choose_experiment(session, "lens")
    before = session.of(Experiments).run = Run("lens", 1, TOO_LONG)
    frames = handler(built, "run_experiment")(session.key, 1)
    next(frames)
    if how == "stop":
        handler(built, "stop_experiment")(session.key)
    else:
        visits.end(session.key)
    (last,) = frames
    assert "Stopped" in last[built[1].status]
    assert last[built[1].start]["visible"]
    assert "lens" not in session.of(Experiments).measured
    assert not before.stopped  # which was over anyway


@pytest.mark.parametrize("name", ["run_experiment", "download_cifar10"])
def test_a_closed_page_does_not_hold_up_the_others(
    name: str, built: Any, picture: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gradio closes its generators on the loop that serves everybody."""
    goes_on = threading.Event()

    def slow(*args: Any) -> None:
        goes_on.wait(20)

    monkeypatch.setattr(results, "measure", slow)
    monkeypatch.setattr(experiments, "load_dataset", slow)
    for module in (run, experiments):
        monkeypatch.setattr(module, "WAIT", 0.01)
    session, _again = visits.begin()
    session.use_network("resnet8", RANDOM)
    session.show_picture(picture)
    experiments.choose_experiment(session, "refinement")
    frames = handler(built, name)(*[session.key, 1][: 2 if name == "run_experiment" else 1])
    for _ in range(3):
        next(frames)
    start = time.monotonic()
    frames.close()
    assert time.monotonic() - start < 5
    goes_on.set()


def test_a_page_that_takes_its_time_does_not_hold_the_visit(built: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiments, "load_dataset", lambda *args: None)
    session, _again = visits.begin()
    for _ in handler(built, "download_cifar10")(session.key):
        assert not session.lock.locked()


@pytest.mark.parametrize("pictures", [0, -1, 1.5, 10**9, "many", None, True, math.nan, [3]])
def test_bad_numbers_are_refused(pictures: Any, built: Any, picture: Image.Image, sentence: Callable[..., str]) -> None:
    session, _again = visits.begin()
    session.show_picture(picture)
    frames: Iterator[Any] = handler(built, "run_experiment")(session.key, pictures)
    with pytest.raises(gr.Error, match="number of pictures") as error:
        list(frames)
    sentence(Exception(error.value.message))


def test_what_cannot_be_run_is_said(built: Any, picture: Image.Image, sentence: Callable[..., str]) -> None:
    session, _again = visits.begin()
    session.show_picture(picture)
    with pytest.raises(gr.Error, match="needs labelled pictures") as error:
        list(handler(built, "run_experiment")(session.key, 5))
    sentence(Exception(error.value.message))
    shown = by_id(built[1], session)
    assert shown["experiment-run"]["interactive"] is False
    assert shown["experiment-download"]["visible"] is True
    assert "not on this computer" in shown["experiment-here"]
    with pytest.raises(InputError, match="no experiment") as refused:
        experiments.choose_experiment(session, "<script>")
    sentence(refused.value)
    with pytest.raises(InputError):
        experiments.choose_experiment(session, ["lens"])


# What is said beside the experiments


@pytest.mark.parametrize("name", MEASURED)
def test_a_result_says_what_it_rests_on(name: str) -> None:
    result = results.bundled(name)
    assert result is not None
    for code in i18n.LANGUAGES:
        words = i18n.language(code)(said.provenance(result, lab.get(name).source))
        assert words.endswith((".", "。"))
        assert str(result.provenance.seed) in words
        assert ("None" in words) is False


@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("data", ["cifar10", "own", "fresh", "picture", ""])
def test_what_a_run_would_take_is_said_in_every_language(data: str, masks: bool) -> None:
    message = said.data_used(data, ["resnet56", "plain56"], "plain56", masks)
    assert ("ResNet-56 and Plain-56" in str(message)) == (data in ("cifar10", "own", "picture"))
    assert re.search("[\u4e00-\u9fff]", i18n.language("zh")(message))
    assert str(said.no_data("plain56", masks)).endswith(".")


def test_a_run_says_what_runs(session: Session) -> None:
    run = experiments.Run("refinement", 1, experiments.said.too_long(1.0), done=0.25)
    experiments.choose_experiment(session, "lesion")  # another one is looked at
    shown = experiments.progress(run, session)
    assert session.say(lab.get("refinement").title) in shown
    assert "25 % done" in shown
    run.stop()
    assert "25 % done" not in experiments.progress(run, session)
