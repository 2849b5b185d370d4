"""`classify` and `inspect`: what a network says of pictures, and what its blocks did with one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import console
from ..formats import ANY
from .answers import Classification, Inspection
from .shell import Averaged, Epoch, Json, Labels, Model, Plain, network, opened, tell

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..images import Domain
    from ..interpret.trace import Trace
    from ..models.resnet import ResNet
    from ..models.unlike import Unlikeness


def classify(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help=f"Pictures: {ANY}; or - for stdin.")],
    model: Model = "resnet20",
    top_k: Annotated[int, typer.Option(help="How many classes to name.")] = 5,
    epoch: Epoch = None,
    plain: Plain = None,
    averaged: Averaged = False,
    labels: Labels = None,
    as_json: Json = False,
) -> tuple[list[Classification], str]:
    """Say what is in pictures."""
    from ..models.predict import UNTRAINED, domain_of, familiarity, is_trained, rank
    from ..models.unlike import reading, record, unlike

    asked = network(model, epoch, plain, averaged, labels)
    answers: list[Classification] = []
    notes, trained, known = [], is_trained(asked), len(domain_of(asked).labels)
    if top_k > known:
        tell(f"{model} knows {known:,} classes: all of them are shown.")
    for path in images:
        picture = opened(path)
        logits = asked(domain_of(asked).to_input(picture))[0]
        ranked, found = rank(asked, logits, top_k), unlike(asked, picture, logits)
        above = noted(found, domain_of(asked)) if trained else [UNTRAINED]
        counted = found is not None and found.rates is not None and epoch is None
        often = record(model, 0, picture, ranked[0], found.noted) if found and counted else None
        below = [reading(often, ranked[0].label)] if often else []
        notes.append(([str(message) for message in above], [str(message) for message in below]))
        answers.append(
            {
                "image": str(path),
                "model": model,
                "epoch": epoch,
                "predictions": [{"label": p.label, "probability": p.probability} for p in ranked],
                "trained": trained,
                "familiarity": familiarity(asked, logits),
                "unlike": None if found is None else found.noted,
            }
        )
    return answers, console.classify(answers, notes)


def inspect(
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help=f"A picture: {ANY}; or - for stdin.")],
    model: Model = "resnet20",
    target: Annotated[str | None, typer.Option(help="A class, by name or by index; else the likeliest.")] = None,
    out: Annotated[Path | None, typer.Option(help="A folder for the figures and the numbers.")] = None,
    open_page: Annotated[bool, typer.Option("--open", help="Show network, block and Grad-CAM in the browser.")] = False,
    epoch: Epoch = None,
    plain: Plain = None,
    averaged: Averaged = False,
    labels: Labels = None,
    as_json: Json = False,
) -> tuple[Any, str]:
    """Measure what every block of a network did with a picture."""
    from ..models.predict import UNTRAINED, domain_of

    asked = network(model, epoch, plain, averaged, labels)
    report, trace, above = measured(asked, image, model, target, epoch)
    if out:
        _write_figures(out, trace, domain_of(asked), report)
    if open_page:
        _show(trace)
    return report, console.inspect(report, UNTRAINED, above)


def noted(found: Unlikeness | None, domain: Domain) -> list[object]:
    """What stands above the answer to a picture that probably shows none of the classes."""
    from ..models.published import larger
    from ..models.unlike import headline, note

    if found is None or not found.noted:
        return []
    return [headline(), note(found, domain.name), larger()] if found.rates else [note(found, domain.name)]


def traced(asked: ResNet, picture: Image, target: str | None) -> Trace:
    """What every block of a network did with a picture, seen for a class, or for the likeliest."""
    from ..interpret.trace import trace_blocks
    from ..models.predict import domain_of

    domain = domain_of(asked)
    index = None if target is None else domain.class_index(target)
    return trace_blocks(asked, domain.to_input(picture), index)


def measured(
    asked: ResNet, image: Path, model: str, target: str | None, epoch: int | None = None
) -> tuple[Inspection, Trace, list[object]]:
    """What `inspect` answers, by the name that the network was asked for; the trace; what stands above the answer."""
    from ..models.predict import domain_of, is_trained, rank
    from ..models.unlike import unlike

    picture = opened(image)
    trace = traced(asked, picture, target)
    found = unlike(asked, picture, trace.logits) if is_trained(asked) else None
    report: Inspection = {
        "image": str(image),
        "model": model,
        "epoch": epoch,
        "target": {"index": trace.target, "label": domain_of(asked).labels[trace.target]},
        "predictions": [{"label": p.label, "probability": p.probability} for p in rank(asked, trace.logits)],
        "trained": is_trained(asked),
        "unlike": None if found is None else found.noted,
        "blocks": [
            {
                "name": block.name,
                "x_norm": block.norms["x"],
                "residual_norm": block.norms["residual"],
                "shortcut_norm": block.norms["shortcut"],
                "total_norm": block.norms["total"],
                "output_norm": block.norms["output"],
                "cosine": block.cosine,
                "ratio": block.ratio,
            }
            for block in trace.blocks
        ],
        "identity_error": trace.identity_error,
        "files": [],
    }
    return report, trace, noted(found, domain_of(asked))


def _show(trace: Trace) -> None:
    """The network as a street, its strongest block and the attributions, as one page in the browser."""
    from ..i18n import FIRST, language
    from ..interpret.attribution import grad_cam
    from ..notebook import Drawing, drawings

    say = language(FIRST)
    Drawing(*drawings(trace, say), *drawings(grad_cam(trace), say)).show()


def _write_figures(out: Path, trace: Trace, domain: Domain, report: Inspection) -> None:
    """Every block as its equation and its Grad-CAM over the picture, the curves, and the report, which names them."""
    from PIL import Image

    from ..figures import channel_to_show, curves_svg, draw_block, draw_curves, over, png, scale_of
    from ..files import write_atomically
    from ..interpret.attribution import grad_cam

    picture = domain.to_picture(trace.image)
    magnify = max(1, 256 // picture.width)  # without smoothing: the network's pixels stay visible
    picture = picture.resize((picture.width * magnify, picture.height * magnify), Image.Resampling.NEAREST)
    cams = grad_cam(trace)
    files = {}
    for block in trace.blocks:
        cam = cams[block.name]
        files[out / f"{block.name}.svg"] = draw_block(block, channel_to_show(block)).encode()
        files[out / f"{block.name}.gradcam.png"] = png(over(picture, cam, scale_of(cam)))
    files[out / "curves.svg"] = curves_svg(draw_curves(trace), "The branches of every block, in numbers").encode()
    report["files"] = [str(path) for path in (*files, out / "trace.json")]
    files[out / "trace.json"] = (console.dumps(report, indent=1) + "\n").encode()
    for path, content in files.items():
        write_atomically(path, content)
