"""Two pictures in one network: what is drawn, what ends what, where it is kept, and what an address names."""

from __future__ import annotations

import re
from urllib.parse import parse_qs

import gradio as gr
import pytest
import torch
from PIL import Image

from resnet_demo.errors import InputError
from resnet_demo.models.predict import classify
from resnet_demo.ui import address, network_drawer, second_drawer, shell
from resnet_demo.ui import bar as bars
from resnet_demo.ui.album import MOST_PICTURES
from resnet_demo.ui.pages import cut, gradcam, inside
from resnet_demo.ui.pictures import example_picture
from resnet_demo.ui.session import Session


@pytest.fixture
def two() -> Session:
    """A cat, and beside it a dog."""
    session = Session()
    for show, name in ((session.show_picture, "cat"), (session.show_second, "dog")):
        show(example_picture(session, name), name)
    return session


def rendered(page: object, session: Session) -> list[str]:
    """What a page shows, in the order of its components."""
    with gr.Blocks():
        layout = page.build(None)  # pyright: ignore[reportAttributeAccessIssue]
    found = layout.render(session)
    return [str(found[component]) for component in layout.components if component in found]


def test_both_are_seen_by_the_same_network_for_the_same_class(two: Session) -> None:
    first, second = two.shown()
    assert (first.mark, second.mark) == ("A", "B")
    assert first.model is second.model
    expected = classify(two.network, example_picture(two, "dog"))
    assert [p.label for p in two.predictions(of=second.trace)] == [p.label for p in expected]
    assert first.trace.target == second.trace.target == two.labels.index("cat")
    two.explain(two.labels.index("ship"))
    assert {sight.trace.target for sight in two.shown()} == {two.labels.index("ship")}


def test_the_network_runs_once_for_each(two: Session, forwards: list[str]) -> None:
    two.shown()
    assert len(forwards) == 1  # the first one was seen before
    two.explain(3)
    two.open_block("layer3.1")
    two.shown()
    assert len(forwards) == 1
    two.use_network("resnet8", "random")
    two.shown()
    assert len(forwards) == 3


def test_two_pictures_and_two_networks_end_each_other(two: Session) -> None:
    network_drawer.change_shortcuts(two, "both")
    assert two.second is None
    assert [sight.name for sight in two.shown()] == ["resnet20", "plain20"]
    two.show_second(example_picture(two, "ship"), "ship")
    assert not two.both
    assert [sight.name for sight in two.shown()] == ["resnet20", "resnet20"]
    network_drawer.change_shortcuts(two, "without")  # another network, for both pictures
    assert [sight.name for sight in two.shown()] == ["plain20", "plain20"]


def test_every_page_draws_both(two: Session) -> None:
    street, block, answer, *_ = rendered(inside, two)
    assert street.count('class="rd-street') == 2 * 2  # for screens and phones
    assert "The blocks change picture" in street
    assert block.count('<figure class="rd-figure">') == 2
    assert "Picture A: the numbers of block 1.1" in block
    assert "Picture B: the numbers of block 1.1" in block
    assert answer.count('class="rd-answers"') == 2
    strip, *_ = rendered(gradcam, two)[1:]
    assert len(set(re.findall(r'<image id="(rd-strip-\w+)"', strip))) == 2  # else the second would show the first
    street, answer, lens, block = rendered(cut, two)
    assert "“cat” for picture A (over 99 %), “dog” for picture B (over 99 %)" in street
    assert answer.count('class="rd-whose">Picture B') == cut.CLASSES
    assert "“cat” is likelier" in lens
    assert "“dog” is likelier" in lens
    assert block.count('<figure class="rd-figure">') == 2


def test_files_of_two_pictures_have_two_names(two: Session) -> None:
    street, *_ = rendered(inside, two)
    assert set(re.findall(r'data-name="([^"]+)"', street)) == {"resnet20-a-street", "resnet20-b-street"}


def test_the_chip_shows_it_and_the_answer_to_it(two: Session) -> None:
    with gr.Blocks():
        bar = bars.build(None)
    chips = str(bar.render(two, True)[bar.chips])
    assert "A: cat over 99 %" in chips
    assert "B: dog over 99 %" in chips
    assert "<b>A</b>" in chips
    assert "<b>B</b>" in chips
    assert bar.render(two, True)[bar.second.remove]["visible"]
    two.remove_second()
    chips = str(bar.render(two, True)[bar.chips])
    assert "Compare with a second picture" in chips
    assert "<b>" not in chips
    assert not bar.render(two, True)[bar.second.remove]["visible"]


def test_a_second_picture_of_something_else_is_told_from_an_answer(two: Session) -> None:
    two.show_second(Image.new("RGB", (64, 64), (200, 30, 200)))
    *_, second = two.shown()
    judged = two.judge(second.picture, second.trace)
    assert judged is not None
    assert judged.noted
    assert not (two.unlike() or judged).noted
    assert "unlike what it knows" in second_of(two)
    data = shell._as_data(two)
    assert data["second"]["unlike"] is True
    assert data["unlike"] is False


def second_of(session: Session) -> str:
    """What the bar says of the second picture."""
    return str(bars._answer_chip(session)).partition("· B:")[2]


def test_the_address_leads_back_to_both(two: Session) -> None:
    query = {key: value[0] for key, value in parse_qs(address.write(two)).items()}
    assert query["second"] == "dog"
    other = Session()
    address.read(other, query)
    assert other.second is not None
    assert other.second.name == "dog"
    assert torch.equal(other.shown()[1].trace.logits, two.shown()[1].trace.logits)
    address.follow(other, {key: value for key, value in query.items() if key != "second"})
    assert other.second is None


def test_an_own_second_picture_stays_with_the_visit(two: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(address.gr, "Warning", lambda message, **_options: told.append(message))
    own = Image.new("RGB", (50, 40), (90, 120, 30))
    two.show_second(own)
    query = {key: value[0] for key, value in parse_qs(address.write(two)).items()}
    assert query["second"] == "own-1"
    assert query["picture"] == "cat"
    two.remove_second()
    address.follow(two, query)
    assert two.second is not None
    assert two.second.picture is own
    stranger = Session()
    address.read(stranger, query)
    assert stranger.second is None
    assert told == ["The second picture is not part of this link."]


def test_an_address_that_asks_for_two_pictures_and_two_networks_gets_the_pictures() -> None:
    session = Session()
    address.read(session, {"picture": "cat", "second": "dog", "shortcuts": "both"})
    assert session.second is not None
    assert not session.both
    assert "shortcuts" not in parse_qs(address.write(session))


def test_the_album_keeps_what_is_in_sight(two: Session) -> None:
    two.show_second(Image.new("RGB", (40, 40)))
    for side in range(50, 50 + 2 * MOST_PICTURES):
        two.show_picture(Image.new("RGB", (side, side)))
    assert two.second is not None
    assert two.album[two.second.number] is two.second.picture
    assert len(two.album) == MOST_PICTURES


def test_what_is_no_picture_is_refused(two: Session) -> None:
    before = two.second
    with pytest.raises(InputError, match="no example"):
        second_drawer.example_of(two, "unicorn")
    with pytest.raises(InputError, match="no picture yet"):
        Session().show_second(Image.new("RGB", (40, 40)))
    assert two.second is before
