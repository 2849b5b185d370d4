"""A language made on the fly, in which every letter of every message is accented: no page says plain English in it.

What it finds is a sentence that does not go by way of the catalogue.
"""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import yaml
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po
from PIL import Image

from resnet_demo import i18n
from resnet_demo.data import draw_shapes
from resnet_demo.errors import InputError
from resnet_demo.lab import EXPERIMENTS
from resnet_demo.ui import shell
from resnet_demo.ui.html import notice
from resnet_demo.ui.jobs.race import Plan, Race
from resnet_demo.ui.lesson import prose
from resnet_demo.ui.lesson.controls import go_to
from resnet_demo.ui.pages import PAGES, experiments, learn, train
from resnet_demo.ui.session import Session

PACKAGE, LOCALE = Path(i18n.__file__).parent, i18n.LOCALE
KEYWORDS: dict[str, Any] = {"_": None, "_n": (1, 2), "_p": ((1, "c"), 2), "InputError": None}
ACCENTS = str.maketrans("aceilnorstuyACEILNORSTUY", "àçéîłñôŕšţûýÀÇÉÎŁÑÔŔŠŢÛÝ")
CODE = "eo"  # Esperanto: Babel knows how it writes numbers and lists, and nobody has translated the app to it
# Names, formulas, file formats and units, which are the same in every language, and the words that Babel puts into
# English lists.
NAMES = set(
    """
    ResNet Pre Plain ReLU Grad CAM GradCAM CIFAR ImageNet Fashion MNIST SVG PNG CSV zip safetensors pt pth th MB
    kaj aŭ English Language conv bn relu VGG
    LayerGradCam GuidedGradCam GuidedBackprop IntegratedGradients Occlusion Saliency
    """.split()  # noqa: SIM905 (it is prose)
)


def accented(text: str) -> str:
    """Every letter outside of tags and places; those have names that code knows."""
    return "".join(
        part if part.startswith(("<", "{")) else part.translate(ACCENTS)
        for part in re.split(r"(<[^>]*>|{[^}]*})", text)
    )


def accented_markdown(text: str) -> str:
    """The same of Markdown; formulas stay."""
    return "".join(part if part.startswith("$") else accented(part) for part in re.split(r"(\$[^$]*\$)", text))


def write_catalogue(path: Path) -> None:
    """All messages of the package, each in its accents."""
    catalogue = Catalog(locale=CODE)
    rows = extract_from_dir(PACKAGE, [("**.py", "python")], keywords=KEYWORDS)
    for _file, _line, text, _comments, context in rows:
        forms = (text,) if isinstance(text, str) else text
        said = tuple(form if context == "how per cent is written" else accented(form) for form in forms)
        catalogue.add(text, string=said[0] if isinstance(text, str) else said, context=context)
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)


def write_lesson(folder: Path) -> None:
    folder.mkdir(parents=True)
    for path in (LOCALE / "lesson" / "en").glob("*.md"):
        _, front, body = path.read_text("utf-8").split("---\n", 2)
        fields = yaml.safe_load(front)
        for name in ("title", "source", "question", "answer"):
            fields[name] = accented_markdown(fields[name])
        if "choices" in fields:
            fields["choices"] = [accented_markdown(choice) for choice in fields["choices"]]
        front = yaml.safe_dump(fields, allow_unicode=True)
        (folder / path.name).write_text(f"---\n{front}---\n{accented_markdown(body)}", "utf-8")


@pytest.fixture(scope="module")
def locale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a language more: its catalogue and its lesson, which is all that a translator writes."""
    folder = tmp_path_factory.mktemp("locale")
    shutil.copytree(LOCALE, folder, dirs_exist_ok=True)
    write_catalogue(folder / CODE / "LC_MESSAGES" / "resnet_demo.po")
    write_lesson(folder / "lesson" / CODE)
    return folder


@pytest.fixture
def pseudo(locale: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[i18n.Language]:
    """The language beside those that there are: the line in LANGUAGES, and the folder."""
    monkeypatch.setitem(i18n.LANGUAGES, CODE, "Àççéñţš")
    monkeypatch.setattr(i18n, "LOCALE", locale)
    i18n.language.cache_clear()
    yield i18n.language(CODE)
    i18n.language.cache_clear()


def plain(shown: str) -> set[str]:
    """The words in a piece of page that are plain English, in what one reads and in what one hears."""
    heard = re.findall(r'(?:aria-label|alt|title|placeholder)="([^"]*)"', shown)
    read = re.sub(r"<(style|script|code|metadata)\b.*?</\1>|<[^>]*>|\$\$?[^$]*\$\$?", " ", shown, flags=re.DOTALL)
    words = html.unescape(" ".join([read, *heard]))
    words = re.sub(r"layer\d\S*|\S+\.\w+|`[^`]*`", " ", words)
    return set(re.findall(r"(?<![\w‖])[A-Za-z]{3,}(?!\w)", words)) - NAMES


def said(value: Any) -> Iterator[str]:
    """The strings of what a component is given: its value, or its update's labels and choices."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in ("value", "label", "placeholder", "info") and not (name == "value" and value.get("choices")):
                yield from said(part)
            elif name == "choices" and part:
                yield from (title for title, _ in part)


def sentences(values: Any) -> str:
    return "\n".join(text for value in values for text in said(value))


@pytest.fixture
def session(pseudo: i18n.Language) -> Session:
    session = Session()
    session.language = CODE
    session.show_picture(Image.new("RGB", (32, 32), (90, 60, 200)))
    return session


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.parametrize("network", ["resnet20", "plain20"])
def test_no_page_says_plain_english(page: Any, network: str, session: Session) -> None:
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
    assert plain(shell.foot(say)) == set()


def test_a_notice_is_said(session: Session) -> None:
    with pytest.raises(InputError) as error:
        session.use_own()
    assert plain(notice(error.value, session.say)) == set()


@pytest.mark.parametrize("step", range(1, len(prose.names()) + 1))
def test_no_step_of_the_lesson_says_plain_english(step: int, session: Session) -> None:
    with gr.Blocks():
        layout = learn.build(None)
    session.page = "learn"
    go_to(session, step)
    assert plain(sentences(layout.render(session).values())) == set()


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_no_experiment_says_plain_english(name: str, session: Session) -> None:
    with gr.Blocks():
        layout = experiments.build(None)
    experiments.choose_experiment(session, name)
    assert plain(sentences(layout.render(session).values())) == set()


def test_the_outcome_of_a_race_is_said(session: Session) -> None:
    race = Race(Plan(depth=8, seconds=None, epochs=1), draw_shapes(64, seed=1), draw_shapes(32, seed=2))
    for _ in race.run():
        shown = train.curves(race, session.say), train.progress(race, session.say)
    assert plain(sentences([*shown, train.outcome(race, session.say)])) == set()
