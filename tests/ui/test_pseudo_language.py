"""A language made on the fly, in which every letter of every message is accented: no page says plain English in it.

What it finds is a sentence that does not go by way of the catalogue.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest
from PIL import Image

from resnet_demo import i18n
from resnet_demo.data import draw_shapes
from resnet_demo.errors import InputError
from resnet_demo.ui import shell, text
from resnet_demo.ui.html import notice
from resnet_demo.ui.jobs.race import Plan, Race
from resnet_demo.ui.pages import PAGES, train
from resnet_demo.ui.session import Session

ACCENTS = str.maketrans("aceilnorstuyACEILNORSTUY", "àçéîłñôŕšţûýÀÇÉÎŁÑÔŔŠŢÛÝ")
ELSEWHERE = {"learn", "experiments"}  # whose words are not messages yet
# Names, formulas, file formats and units, which are the same in every language, and the words that Babel puts into
# English lists.
NAMES = set(
    """
    ResNet Plain ReLU Grad CAM GradCAM CIFAR ImageNet Fashion MNIST SVG PNG CSV zip safetensors pt pth th MB
    and or English Language conv bn relu
    LayerGradCam GuidedGradCam GuidedBackprop IntegratedGradients Occlusion Saliency
    """.split()  # noqa: SIM905 (it is prose)
)


def accented(text: str) -> str:
    """Every letter outside of tags and places; those have names that code knows."""
    return "".join(
        part if part.startswith(("<", "{")) else part.translate(ACCENTS)
        for part in re.split(r"(<[^>]*>|{[^}]*})", text)
    )


class Accented(i18n.Language):
    """Says English with an accent, whatever the message."""

    def _translated(self, text: str, plural: str | None, context: str | None, count: Any) -> str:
        if context == "how per cent is written":
            return text
        return accented(text if plural is None or count == 1 else plural)

    @property
    def locale(self) -> Any:
        return i18n.language(i18n.FIRST).locale


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> i18n.Language:
    """The language "xx" beside those that there are."""
    say = Accented("xx")
    language = i18n.language
    monkeypatch.setitem(i18n.LANGUAGES, "xx", "Ẍẍ")
    monkeypatch.setattr(i18n, "language", lambda code: say if code == "xx" else language(code))
    return say


def plain(shown: str) -> set[str]:
    """The words in a piece of page that are plain English, in what one reads and in what one hears."""
    heard = re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]*)"', shown)
    read = re.sub(r"<(style|script|code)\b.*?</\1>|<[^>]*>", " ", shown, flags=re.DOTALL)
    words = html.unescape(" ".join([read, *heard]))
    words = re.sub(r"layer\d\S*|\S+\.\w+|`[^`]*`", " ", words)
    return set(re.findall(r"(?<![\w‖])[A-Za-z]{3,}(?!\w)", words)) - NAMES


def said(value: Any) -> Iterator[str]:
    """The strings of what a component is given: its value, or its update's labels and choices."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in ("value", "label", "placeholder", "info"):
                yield from said(part)
            elif name == "choices" and part:
                yield from (title for title, _ in part)


# What drawings say, until they get their words by the same road.
DRAWN = re.compile(r"<svg\b.*?</svg>", re.DOTALL)


def sentences(values: Any) -> str:
    return "\n".join(DRAWN.sub(" ", text) for value in values for text in said(value))


@pytest.fixture
def session(pseudo: i18n.Language) -> Session:
    session = Session()
    session.language = "xx"
    session.show_picture(Image.new("RGB", (32, 32), (90, 60, 200)))
    return session


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in ELSEWHERE], ids=lambda page: page.name)
@pytest.mark.parametrize("network", ["resnet20", "plain20"])
def test_no_page_says_plain_english(page: Any, network: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "of", lambda code, of=text.of: of("en"))  # of drawings, which are left out here
    session.use_network(network, "trained")
    session.cut_or_mend("layer2.1")
    session.turn(0.5, 1.2)
    with gr.Blocks():
        layout = page.build(None)
    assert plain(accented("A sentence of plain English")) == set()
    assert plain(session.say(page.label)) == set()
    assert plain(sentences(layout.labels(session.say).values())) == set()
    assert plain(sentences(layout.render(session).values())) == set()


def test_what_stands_around_the_pages_is_said(session: Session) -> None:
    say = session.say
    for shown in (shell.header(say), shell.glossary(say)):
        assert plain(shown) == set()


def test_a_notice_is_said(session: Session) -> None:
    with pytest.raises(InputError) as error:
        session.use_own()
    assert plain(notice(error.value, session.say)) == set()


def test_the_outcome_of_a_race_is_said(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "of", lambda code, of=text.of: of("en"))
    race = Race(Plan(depth=8, seconds=None, epochs=1), draw_shapes(64, seed=1), draw_shapes(32, seed=2))
    for _ in race.run():
        shown = train.curves(race, session.say), train.progress(race, session.say)
    assert plain(sentences([*shown, train.outcome(race, session.say)])) == set()
