"""The recipes of CONTRIBUTING.md: few files each, and in a copy of the repository they work as they stand there."""

from __future__ import annotations

import filecmp
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from documents import ROOT, commands, read
from fake_cifar import write

MOST_FILES = {"An experiment": 7, "A page": 6, "A network family": 7, "A data set": 3, "A language": 3}
COPIED = ("app.py", "pyproject.toml", "README.md", "CONTRIBUTING.md", "docs", "examples", "resnet_demo", "tests")


def recipes() -> dict[str, list[str]]:
    """Heading -> the files that it lists, patterns with NAME and CODE in them."""
    section = read("CONTRIBUTING.md").split("## Five recipes", 1)[1].split("\n## ", 1)[0]
    found = {}
    for part in section.split("\n### ")[1:]:
        heading = part.splitlines()[0].split(",")[0]
        found[heading] = re.findall(r"^- `([^`]+)`: ", part, re.M)
    return found


@dataclass
class Copy:
    """A copy of the repository in which a recipe is followed."""

    folder: Path
    files: list[str]  # that the recipe lists, with NAME and CODE filled in

    def read(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file; its text must then be another one."""
        before = self.read(name)
        after = change(before)
        assert after != before, f"{name}: the edit of this test does not fit any more"
        (self.folder / name).write_text(after, "utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        self.edit(name, lambda text: text.replace(old, new, 1))

    def run(self, *command: str) -> str:
        env = {**os.environ, "PYTHONPATH": str(self.folder)}
        done = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, program: str, *arguments: str) -> str:
        return self.run(sys.executable, "-c", program, *arguments)

    def test(self, file: str, name: str) -> None:
        said = self.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file, "-k", name)
        assert "1 passed" in said, said

    def changed(self) -> set[str]:
        """The files that differ from the repository's, or are new."""
        found = set()
        for path in self.folder.rglob("*"):
            name = path.relative_to(self.folder).as_posix()
            original = ROOT / name
            ignored = "__pycache__" in name or name.startswith(".") or path.suffix in (".pot", ".safetensors")
            same = original.is_file() and path.is_file() and filecmp.cmp(path, original, shallow=False)
            if path.is_file() and not ignored and not same:
                found.add(name)
        return found

    def check(self) -> None:
        """Every file that was touched is listed, and every listed one was touched."""
        changed = self.changed()
        for name in changed:
            assert any(fnmatch.fnmatch(name, pattern) for pattern in self.files), f"{name} is not in the recipe"
        for pattern in self.files:
            assert any(fnmatch.fnmatch(name, pattern) for name in changed), f"{pattern} was not needed"


@pytest.fixture
def copy_for(tmp_path: Path) -> Callable[..., Copy]:
    def made(recipe: str, **names: str) -> Copy:
        folder = tmp_path / "copy"
        folder.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder / name)
        (folder / "assets").mkdir()
        for source in (ROOT / "assets").iterdir():
            if source.name == "experiments":
                shutil.copytree(source, folder / "assets" / source.name)
            else:
                (folder / "assets" / source.name).symlink_to(source, target_is_directory=True)
        files = recipes()[recipe]
        for place, name in names.items():
            files = [file.replace(place, name) for file in files]
        return Copy(folder, files)

    return made


def test_each_recipe_touches_few_files() -> None:
    assert recipes().keys() == MOST_FILES.keys()
    for heading, files in recipes().items():
        assert 1 <= len(files) <= MOST_FILES[heading], heading


# A data set: KMNIST, which torchvision has


def write_kmnist(folder: Path) -> None:
    """Two pictures in each half, in the format of MNIST's files."""
    raw = folder / "KMNIST" / "raw"
    raw.mkdir(parents=True)
    for half in ("train", "t10k"):
        header = b"".join(number.to_bytes(4, "big") for number in (0x00000803, 2, 28, 28))
        (raw / f"{half}-images-idx3-ubyte").write_bytes(header + bytes(range(196)) * 8)
        header = b"".join(number.to_bytes(4, "big") for number in (0x00000801, 2))
        (raw / f"{half}-labels-idx1-ubyte").write_bytes(header + bytes([3, 7]))


KMNIST_TEST = """

def test_kmnist_is_read(tmp_path):
    from test_recipes_of_contributing import write_kmnist

    write_kmnist(tmp_path)
    data = load_dataset("kmnist", train=True, data_dir=tmp_path, download=False)
    assert data.pictures.shape == (2, 3, 32, 32)
    assert data.labels.tolist() == [3, 7]
    assert len(data.classes) == 10
"""


def test_a_data_set(copy_for: Callable[..., Copy], tmp_path: Path) -> None:
    copy = copy_for("A data set")
    published = "resnet_demo/data/published.py"
    for table, entry in {"DATASETS": '"kmnist": "KMNIST"', "DOWNLOADS": '"kmnist": 21_000_000'}.items():
        copy.edit(
            published, lambda text, t=table, e=entry: re.sub(rf"({t} = {{[^}}]*)}}", rf"\1, {e}}}", text, count=1)
        )
    copy.replace(published, '"cifar10": "cifar-10-*"', '"kmnist": "KMNIST/raw/*", "cifar10": "cifar-10-*"')
    copy.replace("docs/shell.md", "or `fashion-mnist`", "`fashion-mnist` or `kmnist`")
    copy.edit("tests/data/test_data.py", lambda text: text + KMNIST_TEST)
    copy.check()
    # Its own test passes, and shell and app offer it.
    copy.test("tests/data/test_data.py", "kmnist")
    write_kmnist(tmp_path / "data")
    program = """
import json, sys
from dataclasses import replace
from resnet_demo import build, save
from resnet_demo.data import downloading, load_dataset
from resnet_demo.ui.jobs.race import DATA
fresh = build("resnet8", seed=0)
fresh.domain = replace(fresh.domain, name="kmnist", labels=load_dataset("kmnist", False, sys.argv[1]).classes)
save(fresh, "fresh.safetensors")
assert "kmnist" in DATA, DATA
assert downloading("kmnist", sys.argv[1]) is None
"""
    copy.python(program, str(tmp_path / "data"))
    evaluate = ["evaluate", "--model", "fresh.safetensors", "--data", "kmnist", "--data-dir", str(tmp_path / "data")]
    found = json.loads(copy.run(sys.executable, "-m", "resnet_demo", *evaluate, "--json"))
    assert found["n"] == 2


# A language: French as a pseudo-language, English with every letter accented


def accented(text: str) -> str:
    """Text with an accent on every letter, except inside places and HTML tags."""
    parts = re.split(r"(\{[^{}]*\}|<[^<>]*>|&\w+;|#,##0 %)", text)
    return "".join(part if index % 2 else re.sub(r"([A-Za-z])", "\\1\u0301", part) for index, part in enumerate(parts))


def translate(catalogue: Path) -> int:
    """Fill a catalogue in; returns how many messages it has."""
    from babel.messages.pofile import read_po, write_po

    with catalogue.open("rb") as file:
        messages = read_po(file, locale="fr")
    for entry in messages:
        if isinstance(entry.id, (list, tuple)):
            entry.string = tuple(accented(text) for text in entry.id)
        elif entry.id:
            entry.string = accented(str(entry.id))
    with catalogue.open("wb") as file:
        write_po(file, messages)
    return len(messages)


def test_a_language(copy_for: Callable[..., Copy]) -> None:
    pytest.importorskip("babel")
    copy = copy_for("A language", CODE="fr")
    copy.replace("resnet_demo/i18n.py", '"zh": "中文"', '"zh": "中文", "fr": "Français"')
    before, after = (text.splitlines() for text in (read("resnet_demo/i18n.py"), copy.read("resnet_demo/i18n.py")))
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    for words in commands("docs/translating.md"):  # as they stand there
        if words[0] == "pybabel" and words[1] in ("extract", "init"):
            copy.run(sys.executable, "-m", "babel.messages.frontend", *words[1:])
    assert translate(copy.folder / "resnet_demo/locale/fr/LC_MESSAGES/resnet_demo.po") > 0
    lesson = copy.folder / "resnet_demo" / "locale" / "lesson"
    if not lesson.is_dir():
        pytest.skip("the lesson's Markdown is not part of this checkout yet")
    (lesson / "fr").mkdir()
    for path in (lesson / "en").glob("*.md"):
        text = path.read_text("utf-8")
        (lesson / "fr" / path.name).write_text(re.sub(r"(?m)^title: .*$", "title: \u00c9t\u00e9", text), "utf-8")
    copy.check()
    program = """
from resnet_demo import i18n, load
from resnet_demo.errors import InputError
say = i18n.language("fr")
try:
    load("resnet21")
except InputError as error:
    print(say(error.message))
from resnet_demo.ui.lesson import prose
print(prose.read(1, "fr").title)
print(i18n.preferred("fr-CA,fr;q=0.9,en;q=0.5"))
"""
    error, title, preferred = copy.python(program).splitlines()
    assert error.startswith(accented("There is no network"))
    assert "resnet21" in error
    assert (title, preferred) == ("\u00c9t\u00e9", "fr")


# A network family: "ReLU before addition" (He et al. 2016, section 4.1, figure 4c), whose signal can only grow

RELU_FIRST = '''def relufirst(
    c_in: int, width: int, stride: int, config: ResNetConfig, dilation: Dilation = (1, 1)
) -> nn.Sequential:
    """F that ends with its ReLU ([2], figure 4c). [N, c_in, H, W] -> [N, width, H/stride, W/stride]."""
    layers = basic(c_in, width, stride, config, dilation).named_children()
    return nn.Sequential(OrderedDict([*layers, ("relu2", nn.ReLU())]))


'''
RELU_FIRST_TEST = """

def test_relu_before_addition_can_only_add():
    from resnet_demo import build, trace_blocks

    for block in trace_blocks(build("relufirst8", seed=0), torch.randn(1, 3, 32, 32)).blocks:
        assert (block.residual >= 0).all()
        assert torch.equal(block.output, block.residual + block.shortcut)
"""
BYTES = """if config.block == "relufirst":
                inside = 6 * output
            elif config.block == "basic":"""


def test_a_network_family(copy_for: Callable[..., Copy]) -> None:
    copy = copy_for("A network family")
    resnet, zoo, trace = "resnet_demo/models/resnet.py", "resnet_demo/models/zoo.py", "resnet_demo/interpret/trace.py"
    copy.replace(resnet, '"bottleneck", "preact"]', '"bottleneck", "preact", "relufirst"]')
    copy.replace(resnet, 'Literal["basic", "preact"]', 'Literal["basic", "preact", "relufirst"]')
    copy.replace(resnet, "BLOCKS = {", f'{RELU_FIRST}BLOCKS = {{"relufirst": relufirst, ')
    copy.replace(
        resnet, 'Identity() if config.block == "preact"', 'Identity() if config.block in ("preact", "relufirst")'
    )
    copy.replace(zoo, "(resnet|plain|preresnet)", "(resnet|plain|preresnet|relufirst)")
    copy.replace(zoo, 'kind == "preresnet"', 'kind in ("preresnet", "relufirst")')
    copy.replace(zoo, 'block="preact"', 'block="relufirst" if kind == "relufirst" else "preact"')
    copy.replace("resnet_demo/models/names.py", "*preact, ", '*preact, "relufirst20", ')
    copy.replace(zoo, 'else "preresnet" if', 'else "relufirst" if config.block == "relufirst" else "preresnet" if')
    copy.replace(trace, 'if config.block == "basic":', BYTES)
    copy.replace(
        "docs/networks.md",
        "| `resnet18-cifar`",
        "| `relufirst20` | ReLU before addition | random |\n| `resnet18-cifar`",
    )
    copy.edit("tests/models/test_resnet.py", lambda text: text + RELU_FIRST_TEST)
    copy.check()
    copy.test("tests/models/test_resnet.py", "relu_before_addition")
    program = """
import torch
from resnet_demo import build, evaluate, grad_cam, load, save, trace_blocks, train
from resnet_demo.data import draw_shapes
from resnet_demo.interpret.trace import traced_bytes
from resnet_demo.models import zoo

pictures = draw_shapes(64, seed=0)
model = build("relufirst8", seed=0)
for record in train(model, pictures, pictures, epochs=1, recipe="seed"):
    pass
save(model.eval(), "relufirst8.safetensors")
again = load("relufirst8.safetensors")
trace = trace_blocks(again, again.domain.to_input(pictures.picture(0)))
assert trace.identity_error <= 1e-5
assert 0 < trace.nbytes == traced_bytes(again.config, 32), (trace.nbytes, traced_bytes(again.config, 32))
assert len(grad_cam(trace)) == 3
print(zoo.name_of(again.config))
"""
    assert copy.python(program).strip() == "relufirst8"
    names = {entry["name"] for entry in json.loads(copy.run(sys.executable, "-m", "resnet_demo", "models", "--json"))}
    assert "relufirst20" in names  # so the app offers it, too
    inspect = [
        "inspect",
        "assets/examples/cat.png",
        "--model",
        "relufirst8.safetensors",
        "--out",
        "inspected",
        "--json",
    ]
    report = json.loads(copy.run(sys.executable, "-m", "resnet_demo", *inspect))
    assert {"layer1.0.svg", "layer3.0.gradcam.png", "curves.svg"} <= {Path(path).name for path in report["files"]}


# An experiment: how many channels stay silent

SILENCE = '''"""How many channels stay silent?

A channel of a block's output that is zero at every place of every picture says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ..data import Dataset
from ..i18n import Sentences, _, sentences
from ..interpret.trace import private_view
from ..models.predict import domain_of
from ..models.resnet import ResNet
from .experiment import Experiment, Progress, first_line


@dataclass(frozen=True)
class Report:
    n: int
    silent: Mapping[str, float]  # by block: the share of its channels


@torch.no_grad()
def report(model: ResNet, dataset: Dataset, seed: int, progress: Progress) -> Report:
    view = private_view(model)
    x, silent = view.stem(domain_of(model).normalise(dataset.pictures)), {}
    for name, block in view.named_blocks():
        x = block(x)
        silent[name] = (x.amax((0, 2, 3)) <= 0).float().mean().item()
        progress(len(silent) / sum(model.config.blocks))
    return Report(len(dataset), silent)


def read(reports: Mapping[str, Report]) -> Sentences:
    most = {name: max(report.silent.values()) for name, report in reports.items()}
    return sentences(*(_("Silent in {network}: {share:percent}.", network=name, share=most[name]) for name in most))


EXPERIMENT = Experiment(
    name="silence",
    asks=first_line(__doc__),
    title=_("How many channels stay silent?"),
    question=_("Count the channels that are zero at every place of every picture."),
    look_for=_("the height of the bars."),
    source=_("made up by a test"),
    group="inside",
    record=Report,
    report=report,
    read=read,
    pictures=100,
)
'''
SILENCE_DRAWN = '''"""Silent channels, by block."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...i18n import Language, _
from ..axes import Panel, boxes, key, linear, looks, places, whole

if TYPE_CHECKING:
    from ...lab.seeds import Seeds
    from ...lab.silence import Report


def draw(reports: Mapping[str, Report], say: Language, tall: bool, seeds: Seeds) -> str:
    parts, top = key(looks(reports), tall)
    blocks = max(len(report.silent) for report in reports.values())
    (box,) = placed = boxes(1, tall, columns=1, top=top, height=230)
    panel = Panel(*box, places([str(block + 1) for block in range(blocks)], box[2]), linear(0.0, 1.0))
    parts += panel.frame(say(_("Share of silent channels")), say(_("block, from the input to the output")))
    for name, look in looks(reports).items():
        shares = list(reports[name].silent.values())
        points = [(float(block), share) for block, share in enumerate(shares)]
        parts += panel.curve(points, look, [say.percent(share) for share in shares])
    return whole(parts, placed, say(_("Share of silent channels")), "rd-silence", tall)
'''
SILENCE_TEST = """import torch
from networks import noise
from resnet_demo import lab


def test_a_silenced_channel_is_found(residual):
    with torch.no_grad():
        last = dict(residual.named_blocks())["layer1.0"].residual.bn2
        last.weight[0], last.bias[0] = 0.0, -1e6
    report = lab.run("silence", residual, noise(4))
    assert report.silent["layer1.0"] >= 1 / residual.config.widths[0]
"""
CHINESE = {
    "How many channels stay silent?": "有多少通道保持沉默？",
    "Count the channels that are zero at every place of every picture.": "统计在每张图片的每个位置上都为零的通道。",
    "the height of the bars.": "柱子的高度。",
    "made up by a test": "由测试编造",
    "Silent in {network}: {share:percent}.": "{network} 中沉默的通道：{share:percent}。",
    "Share of silent channels": "沉默通道的比例",
    "block, from the input to the output": "块，从输入到输出",
}


def add_chinese(copy: Copy, words: dict[str, str]) -> None:
    """Append entries to the Chinese catalogue."""
    name = "resnet_demo/locale/zh/LC_MESSAGES/resnet_demo.po"
    path = copy.folder / name
    if not path.is_file():  # while the catalogue is in parts
        path.write_text('msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n', "utf-8")
    there = "".join(file.read_text("utf-8") for file in path.parent.glob("*.po"))
    new = {text: said for text, said in words.items() if f'msgid "{text}"' not in there}
    entries = "".join(f'\nmsgid "{text}"\nmsgstr "{said}"\n' for text, said in new.items())
    copy.edit(name, lambda text: text + entries)


@pytest.mark.skipif(
    not (ROOT / "resnet_demo" / "lab" / "experiment.py").is_file(), reason="experiments are not records yet"
)
def test_an_experiment(copy_for: Callable[..., Copy], tmp_path: Path) -> None:
    copy = copy_for("An experiment", NAME="silence")
    for name, text in {
        "resnet_demo/lab/silence.py": SILENCE,
        "resnet_demo/figures/experiments/silence.py": SILENCE_DRAWN,
        "tests/lab/test_silence.py": SILENCE_TEST,
    }.items():
        (copy.folder / name).write_text(text, "utf-8")
    copy.replace("resnet_demo/lab/__init__.py", '    "faithful",', '    "faithful",\n    "silence",')
    row = "| `silence` | silent channels are counted | a silenced channel is found |"
    copy.edit("docs/experiments.md", lambda text: re.sub(r"(?m)^(\| `faithful` .*)$", rf"\1\n{row}", text))
    add_chinese(copy, CHINESE)
    # The shell measures it, on made-up pictures.
    data = write(tmp_path / "data")
    shell = "import sys; sys.path.insert(0, 'tests'); import fake_cifar; from resnet_demo.cli import main; "
    shell += "fake_cifar.trust(); main()"
    given = ["--model", "resnet20", "--data-dir", str(data), "--pictures", "8", "--out", "assets/experiments", "--json"]
    found = json.loads(copy.python(shell, "experiment", "silence", *given))
    assert found["networks"].keys() == {"resnet20", "plain20"}
    assert len(found["networks"]["resnet20"]["silent"]) == 9
    copy.check()
    copy.test("tests/lab/test_silence.py", "silenced")
    # It is drawn, and read out in Chinese.
    program = """
from resnet_demo import i18n, lab
from resnet_demo.figures.experiments import draw_experiment
from resnet_demo.lab import results
say, reports = i18n.language("zh"), results.bundled("silence").networks
print(say(lab.get("silence").title), say(lab.get("silence").read(reports)))
print(draw_experiment("silence", reports, say=say))
"""
    said = copy.python(program)
    assert "有多少通道保持沉默？" in said
    assert "中沉默的通道" in said
    assert "沉默通道的比例" in said


# A page: notes on the network

NOTES = '''"""The page Notes: how deep the network is."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ...i18n import _
from ..html import heading, note
from ..page import Layout, Page
from ..session import Session


def build(data_dir: str | None = None) -> Layout:
    words = gr.HTML(elem_id="notes")

    def render(session: Session) -> dict[Any, Any]:
        depth = _("This network has {count} blocks.", count=len(session.seen.blocks))
        return {words: heading(session.say(_("Notes"))) + note(session.say(depth))}

    return Layout(components=[words], render=render)


PAGE = Page("notes", _("Notes"), build)
'''
NOTES_TEST = """from resnet_demo import i18n
from resnet_demo.ui.pages import BY_NAME


def test_notes_have_a_tab_in_both_languages():
    label = BY_NAME["notes"].label
    assert (i18n.language("en")(label), i18n.language("zh")(label)) == ("Notes", "笔记")
"""


@pytest.mark.skipif(
    not (ROOT / "resnet_demo" / "ui" / "shell.py").is_file(), reason="the app does not iterate over its pages yet"
)
def test_a_page(copy_for: Callable[..., Copy]) -> None:
    copy = copy_for("A page", NAME="notes")
    (copy.folder / "resnet_demo/ui/pages/notes.py").write_text(NOTES, "utf-8")
    (copy.folder / "tests/ui/test_notes.py").write_text(NOTES_TEST, "utf-8")
    copy.replace("resnet_demo/ui/pages/__init__.py", "learn, train", "learn, notes, train")
    copy.replace("resnet_demo/ui/pages/__init__.py", "    train.PAGE,", "    train.PAGE,\n    notes.PAGE,")
    copy.replace("docs/guide.md", "## Addresses", "**Notes.** How deep the network is.\n\n## Addresses")
    add_chinese(copy, {"Notes": "笔记", "This network has {count} blocks.": "这个网络有 {count} 个块。"})
    copy.check()
    copy.test("tests/ui/test_notes.py", "tab")
    # The app has its tab and what stands there.
    program = """
import json
from resnet_demo.ui import build_demo
demo = build_demo()
config = demo.get_config_file()
tabs = [part["props"]["label"] for part in config["components"] if part["type"] == "tabitem"]
ids = [part["props"].get("elem_id") for part in config["components"]]
print(json.dumps([tabs, ids]))
"""
    tabs, ids = json.loads(copy.python(program).splitlines()[-1])
    assert tabs[-1] == "Notes"
    assert "notes" in ids
