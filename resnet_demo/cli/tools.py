"""`mcp`: the laboratory as tools for a language model's program, by the Model Context Protocol over stdin and stdout.

Whoever starts it is the one whose files it reads: pictures and checkpoints are named by their paths, and pass the same
checks as in the other commands. Each tool is a thin call of the library; it answers with typed numbers and PNGs. It
needs the extra `mcp`, so that this module is imported by its command alone.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL.Image import Image, Resampling
from pydantic import BaseModel, Field, ValidationError

from .. import __version__, console
from ..decoding import MAX_NAME, name_of
from ..errors import InputError, unknown
from ..formats import ANY
from ..i18n import _
from . import experiments, pictures
from .answers import BlockReport, Prediction
from .shell import network, opened

if TYPE_CHECKING:
    from ..images import Domain
    from ..interpret.trace import Trace
    from ..models.resnet import ResNet

SIDE = 320  # pixels of a picture that is sent
MOST_SAID = 260  # characters of a refusal; the library adds the tool's name
LONG = re.compile(r"\S{80,}")
AT_ONCE = 4  # calls; the library begins 40, each of which may trace a large network
ABOUT = """Look inside residual networks: y = F(x) + x. The networks are named resnet20, plain20 (the same without \
shortcuts), resnet56, …, or by the path of a checkpoint, or as hf://user/name. Pictures are named by their paths on \
this computer. Bundled networks know CIFAR-10's ten classes and nothing else; `unlike` says whether a picture probably \
shows none of them."""

Picture = Annotated[str, Field(description=f"Path of a picture on this computer: {ANY}.")]
Model = Annotated[str, Field(description="A network's name, a checkpoint's path, or hf://user/name.")]
Target = Annotated[str | None, Field(description="A class, by name or by index; else the likeliest.")]


_turns = threading.Semaphore(AT_ONCE)

# What the tools answer with


class Answer(BaseModel):
    image: str
    model: str
    predictions: list[Prediction]
    trained: bool
    familiarity: float | None
    unlike: bool | None


class Answers(BaseModel):
    answers: list[Answer]


class Inspection(BaseModel):
    image: str
    model: str
    target: str
    predictions: list[Prediction]
    trained: bool
    unlike: bool | None
    blocks: list[BlockReport]
    identity_error: float


class Cam(BaseModel):
    target: str
    block: str
    branch: str
    map: list[list[float]]
    strongest: tuple[int, int]  # row and column of the map


class Step(BaseModel):
    block: str
    probability: float  # of the target
    answer: str  # the likeliest class


class Steps(BaseModel):
    target: str
    probability: float  # of the whole network
    blocks: list[Step]


class Outcome(BaseModel):
    experiment: str
    question: str
    reading: str
    networks: dict[str, Any]
    provenance: dict[str, Any]


# The tools


def classify(
    images: Annotated[list[str], Field(description=f"Paths of pictures on this computer: {ANY}.", min_length=1)],
    model: Model = "resnet20",
    top_k: Annotated[int, Field(ge=1, le=1000, description="How many classes to name.")] = 5,
) -> Annotated[CallToolResult, Answers]:
    """Say what a network takes pictures for, with probabilities, and whether they show none of its classes.

    The pictures that come back are what the network saw: 32 x 32 pixels for those of CIFAR-10.
    """
    from ..figures import png
    from ..models.predict import domain_of

    paths = [_file(image) for image in images]
    answers, text = pictures.classify(paths, model, top_k)
    domain = domain_of(network(model))
    return _result(Answers, {"answers": answers}, text, [png(_large(domain.crop(opened(path)))) for path in paths])


def inspect(image: Picture, model: Model = "resnet20", target: Target = None) -> Annotated[CallToolResult, Inspection]:
    """Measure every block of a network on one picture: the norms of x, of F(x), of what the shortcut carries and of
    their sum, and the angle between the two branches. The plot has them over all blocks.
    """
    from ..figures import draw_curves, figure_png
    from ..models.predict import UNTRAINED

    report, trace, above = pictures.measured(network(model), _file(image), model, target)
    text = console.inspect(report, UNTRAINED, above)
    plot = figure_png(_on_white(draw_curves(trace)), 80)
    return _result(Inspection, {**report, "target": report["target"]["label"]}, text, [plot])


def cam(
    image: Picture,
    model: Model = "resnet20",
    target: Target = None,
    block: Annotated[str | None, Field(description="layer1.0, …; else the last block.")] = None,
    branch: Annotated[
        Literal["output", "total", "residual", "shortcut"], Field(description="At which side of the equation.")
    ] = "output",
    signed: Annotated[bool, Field(description="Keep what speaks against the class, too.")] = False,
) -> Annotated[CallToolResult, Cam]:
    """Grad-CAM of one block: which places of the picture speak for a class. Signed maps of residual and shortcut add
    up to that of their sum. Red speaks for the class, blue against it.
    """
    from ..figures import over, png, scale_of
    from ..interpret.attribution import grad_cam
    from ..lab.interventions import check_blocks

    asked = network(model)
    trace, domain = _traced(asked, image, target)
    name = block or trace.blocks[-1].name
    check_blocks(asked, [name])
    values = grad_cam(trace, branch, signed)[name]
    place = divmod(int(values.argmax()), values.shape[1])
    label = domain.labels[trace.target]
    found = {"target": label, "block": name, "branch": branch, "map": values.tolist(), "strongest": place}
    peak = values.max().item()
    text = f"Grad-CAM of {name} ({branch}) for {label}: the strongest place is row {place[0]}, column {place[1]} of "
    text += f"{values.shape[0]} x {values.shape[1]}." if peak > 0 else "none, since no place speaks for it."
    picture = _large(domain.to_picture(trace.image))
    return _result(Cam, found, text, [png(over(picture, values, scale_of(values)))])


def lesion(image: Picture, model: Model = "resnet20", target: Target = None) -> Annotated[CallToolResult, Steps]:
    """Delete every block of a network, one at a time, and see what it then says of one picture. The bars are the
    probability of the class without that block, the dashed line that of the whole network.
    """
    import torch

    from ..lab.interventions import block_names
    from ..lab.lesion import without_each

    asked = network(model)
    trace, domain = _traced(asked, image, target)
    with torch.no_grad():
        logits = without_each(asked, trace.image)[:, 0]
    return _steps(logits, block_names(asked), trace.target, domain.labels, "without each block", whole=True)


def lens(image: Picture, model: Model = "resnet20", target: Target = None) -> Annotated[CallToolResult, Steps]:
    """What a network would answer if it stopped after the stem, after each block: the answer as it grows. Later
    residual branches are left out, and the rest is carried on through the shortcuts.
    """
    from ..lab.lens import lens as growing

    asked = network(model)
    trace, domain = _traced(asked, image, target)
    found = growing(asked, trace.image)
    return _steps(found.logits[:, 0], ["stem", *found.names], trace.target, domain.labels, "after each block")


def experiment(
    name: Annotated[str, Field(description=f"One of {', '.join(experiments.EXPERIMENTS)}.")],
    models: Annotated[list[str] | None, Field(description="Networks; else resnet20. Twins come along.")] = None,
    data: Annotated[str | None, Field(description="cifar10, shapes, or a folder or zip of class folders.")] = None,
    data_dir: Annotated[str | None, Field(description="Where data sets lie, or are downloaded to.")] = None,
    image_count: Annotated[int, Field(ge=1, le=2000, description="How many test pictures.")] = 100,
    seed: Annotated[int, Field(ge=0, le=experiments.MOST_SEED)] = 0,
) -> Annotated[CallToolResult, Outcome]:
    """Intervene in networks on a data set and count what breaks, beside the same networks without shortcuts. Takes
    from seconds to minutes; `reading` says the result in words.
    """
    from ..lab import get

    if name == "all":
        get(name)
    folder = Path(data_dir) if data_dir else None
    found, text = experiments.experiment(name, models, data, folder, image_count, seed, as_json=True)
    return _result(Outcome, {"reading": text, **found}, text)


TOOLS: tuple[Callable[..., CallToolResult], ...] = (classify, inspect, cam, lesion, lens, experiment)


class Server(MCPServer):
    """Says in one sentence what it does not understand; its library quotes all that was sent, and names an address."""

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None) -> Any:
        names = [tool.__name__ for tool in TOOLS]
        if name not in names:
            nothing = _("There is no tool {name!r}; there are {known:and}.")
            meant = _("There is no tool {name!r} (did you mean {near:or}?); there are {known:and}.")
            raise ToolError(str(unknown(name, names, nothing, meant)))
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError:
            raise
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(_misfit(error.__cause__)) from None
            raise


def _misfit(error: ValidationError) -> str:
    """The first argument that does not fit, and why."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return console.sentence(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")


def server() -> MCPServer:
    """All tools. What a file or a value is refused for comes back as one sentence."""
    found = Server("resnet-demo", instructions=ABOUT, version=__version__, log_level="WARNING")
    for tool in TOOLS:
        found.add_tool(_plainly(tool))
    return found


def _plainly(tool: Callable[..., CallToolResult]) -> Callable[..., CallToolResult]:
    @functools.wraps(tool)
    def run(*given: Any, **named: Any) -> CallToolResult:
        try:
            with _turns:
                return tool(*given, **named)
        except (InputError, FloatingPointError) as error:
            raise ToolError(_said(error)) from None
        except OSError as error:
            raise ToolError(_said(error.strerror or "A file cannot be read")) from None

    return run


def _said(error: object) -> str:
    """An error as one sentence that is not long: of an endless name in it, the end."""
    said = LONG.sub(lambda name: f"…{name[0][-MAX_NAME:]}", console.sentence(console.printable(str(error))))
    return said if len(said) <= MOST_SAID else f"{said[: MOST_SAID - 1]}…"


def _file(image: str) -> Path:
    """The path of a picture. The shell reads stdin and pipes to their end: here stdin is the client's, and a pipe that
    nobody writes to has no end.
    """
    path = Path(image)
    if str(path) == "-" or (os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)):
        raise InputError("There is no file {path}.", path=name_of(path))
    return path


def _traced(asked: ResNet, image: str, target: str | None) -> tuple[Trace, Domain]:
    """The trace of a picture, and the domain of the network's pictures."""
    from ..models.predict import domain_of

    return pictures.traced(asked, opened(_file(image)), target), domain_of(asked)


def _steps(
    logits: Any, names: Sequence[str], target: int, labels: Sequence[str], what: str, whole: bool = False
) -> CallToolResult:
    """Of logits [steps, classes], the last of which are the network's own: a step for each name."""
    from ..figures import figure_png
    from ..figures.profile import draw_profile
    from ..models.predict import class_logits

    probabilities = class_logits(logits).softmax(1)
    own, answers = probabilities[-1, target].item(), probabilities.argmax(1).tolist()
    steps = [
        {"block": name, "probability": probabilities[step, target].item(), "answer": labels[answers[step]]}
        for step, name in enumerate(names)
    ]
    title = f"Probability of “{labels[target][:40]}” {what}"
    plot = draw_profile({step["block"]: step["probability"] for step in steps}, title, own if whole else None)
    rows = ((step["block"], console.percent(step["probability"]), step["answer"]) for step in steps)
    text = f"{title}; the whole network: {console.percent(own)}.\n"
    text += console.table(("block", "probability", "answer"), rows, "<><")
    return _result(Steps, {"target": labels[target], "probability": own, "blocks": steps}, text, [figure_png(plot, 80)])


def _result(kind: type[BaseModel], value: Mapping[str, Any], text: str, images: Sequence[bytes] = ()) -> CallToolResult:
    found = kind.model_validate(json.loads(console.dumps(dict(value)))).model_dump(mode="json")
    drawn = [ImageContent(type="image", data=base64.b64encode(png).decode(), mime_type="image/png") for png in images]
    return CallToolResult(content=[TextContent(type="text", text=text), *drawn], structured_content=found)


def _large(picture: Image) -> Image:
    """What the network saw, large enough to be looked at, without smoothing: its pixels stay visible."""
    return picture.resize((SIDE, SIDE), Resampling.NEAREST) if picture.width < SIDE else picture


def _on_white(figure: Any) -> Any:
    figure.patch.set_facecolor("white")
    return figure
