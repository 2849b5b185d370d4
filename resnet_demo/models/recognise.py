"""Which network do these tensors belong to? Found out from their names and shapes, whoever wrote them.

Names differ from one author to the next, but a ResNet looks the same in all of them: blocks in numbered stages, a stem
of convolutions, and linear layers at the end. The blocks are found by the name of their first convolution, stem and
classifier by elimination. What is left over keeps its own name, and the strict comparison that follows refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from torch import Tensor

from ..errors import InputError
from ..i18n import Message, _
from ..images import CIFAR10, IMAGENET_MEAN, IMAGENET_STD, Domain, imagenet, nameless
from .foreign import refuse_foreign
from .heads import check_heads, of_outputs
from .resnet import ResNetConfig

MAX_BLOCKS = 600  # the deepest network of the paper, ResNet-1202, has 600
MAX_WIDTH, MAX_CLASSES = 8192, 100_000
GROUP_NORM = 32  # groups: the usual number, which leaves no tensor
COUNTERS = ("n_averaged", "num_updates")  # what averaging has beside the weights
COMPANY = re.compile(
    r"(?:^|[._])(?:criterion|loss|loss_fn|metrics?|acc|accuracy|f1|auroc|confusion|confmat)(?:$|[._\d])"
)

# What checkpointing of activations, FSDP and torch.compile put between the names of a module and of its parent.
_BETWEEN = re.compile(r"(?<=\.)(?:_checkpoint_wrapped_module|_fsdp_wrapped_module|_orig_mod)\.")

# The first convolution of a block; before it stand the stage's name and number, and the block's number.
_FIRST = re.compile(
    r"(?P<stage>(?:.*[._a-zA-Z])?)(?P<s>\d{1,3})(?P<mid>(?:_x)?\.(?:layers\.|blocks\.)?)(?P<b>\d{1,4})\."
    r"(?:residual\.)?(?:conv1|residual_function\.0|layer\.0\.convolution)\.weight"
)
_INSIDE = (  # of a block: a name there -> ours
    (re.compile(r"conv([123])\.(\w+)"), r"residual.conv\1.\2"),
    (re.compile(r"(?:bn|norm|gn)([123])\.(\w+)"), r"residual.bn\1.\2"),
    (re.compile(r"(?:downsample|shortcut|skip|proj|identity_downsample)\.[01]\.(weight)#4"), r"shortcut.conv.\1"),
    (re.compile(r"(?:downsample|shortcut|skip|proj|identity_downsample)\.[12]\.(\w+)#1"), r"shortcut.bn.\1"),
    (re.compile(r"(?:downsample|shortcut)\.conv(?:olution)?\.(\w+)"), r"shortcut.conv.\1"),
    (re.compile(r"(?:downsample|shortcut)\.(?:bn|norm|normalization)\.(\w+)"), r"shortcut.bn.\1"),
)
_IN_TURN = re.compile(r"(?:residual_function|layer)\.(\d)\.(?:(convolution|normalization)\.)?(\w+)")


@dataclass(frozen=True)
class Recognised:
    """A reading of a file: the config, other configs that its tensors allow, and its tensors by our names."""

    config: ResNetConfig
    others: Mapping[str, tuple[object, ...]]  # field of the config -> other values that would leave the same tensors
    domain: Domain
    state: dict[str, Tensor]
    theirs: Mapping[str, str]  # our name -> the file's
    notes: tuple[Message, ...] = ()  # what was taken for granted, and could not be told at all

    def name(self, ours: str) -> str:
        """What the file calls a tensor, or would call it: as it calls the same one of another block."""
        if ours in self.theirs:
            return self.theirs[ours]
        home, _dot, last = ours.rpartition(".")
        for known, name in self.theirs.items():
            if known.rpartition(".")[0] == home:  # its weight is there, say, and no bias
                return f"{name.rpartition('.')[0]}.{last}"
        place = re.match(r"layer(\d+)\.(\d+)\.(.+)", ours)
        for known, name in self.theirs.items():
            other = re.match(r"layer(\d+)\.(\d+)\.(.+)", known)
            if place and other and place[3] == other[3] and f"layer{other[1]}.{other[2]}." in name:
                return name.replace(f"layer{other[1]}.{other[2]}.", f"layer{place[1]}.{place[2]}.")
        return ours


def recognise(tensors: Mapping[str, Tensor], file: str = "The file") -> Recognised:
    """Read a file's tensors as those of a network. Raises InputError, in the file's own names, where they are none."""
    own_names = {_BETWEEN.sub("", key): key for key in tensors}
    if len(own_names) == len(tensors):
        tensors = {name: tensors[key] for name, key in own_names.items()}
    else:
        own_names = {key: key for key in tensors}
    keys = [key for key in tensors if key.rpartition(".")[2] not in COUNTERS]
    if len(keys) > 20 * MAX_BLOCKS + 100:
        raise InputError("{file} has too many tensors for a network known here.", file=file)
    refuse_foreign(keys, tensors, file)
    first = {key: match for key in keys if (match := _FIRST.fullmatch(key)) and tensors[key].ndim == 4}
    stages = _stages(first.values(), [key for key in keys if tensors[key].ndim == 4], file)
    theirs: dict[str, str] = {}
    outside: list[str] = []
    root = _root(next(iter(first.values())).group("stage"))

    def put(ours: str, key: str) -> None:
        if ours in theirs:
            raise InputError(
                "The checkpoint holds the tensor {tensor} twice, the second time as {key}.",
                tensor=theirs[ours],
                key=key,
            )
        theirs[ours] = key

    company = _company([key for key in keys if not key.startswith(tuple(stages))], tensors)
    for key in keys:
        if key in company:
            continue
        place = re.fullmatch(r"(.*?\d)((?:_x)?\.(?:layers\.|blocks\.)?)(\d{1,4})\.(.+)", key)
        found = next((s for s in stages if key.startswith(s)), None)
        inside = found and re.fullmatch(r"(\d{1,4})\.(.+)", key[len(found) :])
        if place is None or not found or not inside:
            outside.append(key)
        else:
            put(f"layer{stages[found]}.{int(inside[1])}.{_inside(inside[2], tensors[key])}", key)
    if sum(1 + max(_numbers(theirs, stage), default=0) for stage in stages.values()) > MAX_BLOCKS:
        raise InputError("{file} is not a ResNet known here: it has too many blocks.", file=file)
    tensors = _as_linear(outside, tensors)
    _stem_and_head(outside, root, tensors, put, file)
    state = {ours: tensors[key] for ours, key in theirs.items()}
    reading = _read(state, theirs, len(stages), file)
    found = replace(reading, theirs={ours: own_names[key] for ours, key in reading.theirs.items()})
    if company:
        beside = _("It holds tensors that are not the network’s, and are passed over: {names:and}.", names=company[:4])
        found = replace(found, notes=(beside, *found.notes))
    return found


def _root(stage: str) -> str:
    return stage[: stage.rfind(".") + 1] if "." in stage else ""


def _company(keys: Iterable[str], tensors: Mapping[str, Tensor]) -> list[str]:
    """Tensors of a loss or of measures, which Lightning keeps with the network's: none of a layer that computes."""
    return [
        key
        for key in keys
        if COMPANY.search(key) and not _is_norm(key.rpartition(".")[0], tensors)
        if tensors[key].ndim < 2 or not key.endswith(".weight")
    ]


def _as_linear(outside: Iterable[str], tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """A classifier of 1x1 convolutions before the pooling is a linear layer after it."""
    if any(tensors[key].ndim == 2 and key.endswith(".weight") for key in outside):
        return tensors
    small = [
        key for key in outside if key.endswith(".weight") and tensors[key].ndim == 4 and tensors[key].shape[2] == 1
    ]
    if len(small) != 1 or tensors[small[0]].shape[2:] != (1, 1):
        return tensors
    return {**tensors, small[0]: tensors[small[0]].flatten(1)}


def _stages(found: Iterable[re.Match[str]], convolutions: list[str], file: str) -> dict[str, int]:
    """What stands before a block's number, stage by stage -> 1, 2, …"""
    names = {(m["stage"], int(m["s"]), m["mid"]) for m in found}
    if not names and convolutions:
        raise InputError(
            "{file} is not a ResNet known here: it has no blocks, since none of its convolutions, such as {tensor}, "
            "is by its name the first of one, like layer1.0.conv1.",
            file=file,
            tensor=convolutions[-1][:120],
        )
    if not names:
        raise InputError("{file} is not a ResNet known here: it has no blocks layer1.0, layer1.1 and so on.", file=file)
    roots = sorted({stage for stage, _number, _mid in names})
    if len(roots) > 1:
        raise InputError(
            "{file} holds several networks ({names:and}); save one of them.",
            file=file,
            names=[re.sub(r"\.(?:layers?|stages?|blocks?)$", "", root.rstrip("._"))[:60] or root for root in roots[:4]],
        )
    ordered = sorted(names, key=lambda name: name[1])
    numbers = [number for _stage, number, _mid in ordered]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) or len(numbers) > 8:
        raise InputError(
            "{file} is not a ResNet known here: its stages are {names:and}, which are not one after another.",
            file=file,
            names=[f"{stage}{number}{mid}".rstrip(".")[:60] for stage, number, mid in ordered[:9]],
        )
    return {f"{stage}{number}{mid}": index for index, (stage, number, mid) in enumerate(ordered, start=1)}


def _inside(rest: str, tensor: Tensor) -> str:
    turn = _IN_TURN.fullmatch(rest)
    if turn:
        index, kind, what = int(turn[1]), turn[2], turn[3]
        if kind:  # transformers: convolution and norm of layer 0, 1, 2
            return f"residual.{'conv' if kind == 'convolution' else 'bn'}{index + 1}.{what}"
        return f"residual.{'bn' if index % 3 else 'conv'}{index // 3 + 1}.{what}"  # conv, bn, relu, conv, bn, …
    for pattern, ours in _INSIDE:
        if pattern.pattern[-2] == "#":  # these numbers mean different things, by what stands there
            match = pattern.fullmatch(f"{rest}#{4 if tensor.ndim == 4 else 1}")
        else:
            match = pattern.fullmatch(rest)
        if match:
            return match.expand(ours)
    return rest


def _natural(key: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (10**9, part) for part in re.split(r"(\d{1,9})", key)]


def _stem_and_head(keys: list[str], root: str, tensors: Mapping[str, Tensor], put, file: str) -> None:
    """What lies outside of the blocks: convolutions are the stem's, matrices the classifier's, norms by their place."""
    convs = sorted((key for key in keys if tensors[key].ndim == 4 and key.endswith(".weight")), key=_natural)
    linear = [key for key in sorted(keys, key=_natural) if tensors[key].ndim == 2 and key.endswith(".weight")]
    if len(convs) not in (1, 3) or not _in_a_row(convs, tensors):
        if not convs:
            raise InputError("{file} is not a ResNet known here: it lacks a first convolution.", file=file)
        raise InputError(
            "{file} is not a ResNet known here: outside of its blocks it has the convolutions {names:and}.",
            file=file,
            names=[key.removesuffix(".weight")[:60] for key in convs[:5]],
        )
    if not linear:
        raise InputError("{file} is not a ResNet known here: it lacks a last linear layer.", file=file)
    check_heads(linear, root, tensors, file)
    known = {key.rpartition(".")[0] for key in (*convs, *linear)}
    # A norm has statistics, or a weight and a bias for each channel of the stem (or of the last block).
    homes = {
        key.rpartition(".")[0]
        for key in keys
        if tensors[key].ndim == 1 and key.rpartition(".")[0] not in known and _is_norm(key.rpartition(".")[0], tensors)
    }
    in_head = (
        {home for home in homes if home.startswith(_parent(linear[0]) or " ")} if len(homes) > len(convs) else set()
    )
    if in_head:
        raise InputError(
            "{file} is not a ResNet known here: it has norms among the layers of its classifier ({names:and}).",
            file=file,
            names=[home[:60] for home in sorted(in_head, key=_natural)[:5]],
        )
    if len(homes) > max(1, len(convs)):
        raise InputError(
            "{file} is not a ResNet known here: outside of its blocks it has the norms {names:and}.",
            file=file,
            names=[home[:60] for home in sorted(homes, key=_natural)[:5]],
        )
    parts = {conv.rpartition(".")[0].rpartition(".")[0] for conv in convs} if len(convs) > 1 else set()
    # Of a deep stem, the last norm stands outside of what holds its convolutions.
    norms = sorted(homes, key=lambda home: (home.rpartition(".")[0] not in parts, _natural(home)))
    at: dict[str, str] = {}
    if len(convs) == 3:
        at |= dict(
            zip((conv.rpartition(".")[0] for conv in convs), ("stem.conv1", "stem.conv2", "stem.conv"), strict=True)
        )
    elif len(convs) == 1:
        at[convs[0].rpartition(".")[0]] = "stem.conv"
    if len(norms) == 1:
        at[norms[0]] = "stem.bn"  # or, of a pre-activation network, the last one
    elif len(norms) == len(convs) == 3:
        at |= dict(zip(norms, ("stem.bn1", "stem.bn2", "stem.bn"), strict=True))
    homes_of_linear = [key.rpartition(".")[0] for key in linear]
    if len(linear) == 1:
        at[homes_of_linear[0]] = "fc"
    else:
        at |= {home: f"fc.linear{number}" for number, home in enumerate(homes_of_linear, start=1)}
    for key in keys:
        home, _dot, what = key.rpartition(".")
        put(f"{at[home]}.{what}" if home in at else key.removeprefix(root), key)


def _in_a_row(convs: list[str], tensors: Mapping[str, Tensor]) -> bool:
    """Whether each convolution takes what the one before gives, as in a deep stem."""
    return all(tensors[one].shape[0] == tensors[next].shape[1] for one, next in pairwise(convs))


def _parent(key: str) -> str:
    """fc.3.weight -> "fc.": what holds a layer in a row of layers; nothing for one that stands alone."""
    home = key.rpartition(".")[0]
    return re.sub(r"\d+$", "", home) if home[-1:].isdigit() and "." in home else ""


def _is_norm(home: str, tensors: Mapping[str, Tensor]) -> bool:
    return {f"{home}.weight", f"{home}.bias"} <= tensors.keys() or f"{home}.running_mean" in tensors


def _numbers(names: Iterable[str], stage: int) -> list[int]:
    found = (re.match(rf"layer{stage}\.(\d+)\.", name) for name in names)
    return [int(match[1]) for match in found if match]


def _read(state: dict[str, Tensor], theirs: dict[str, str], stages: int, file: str) -> Recognised:
    """The config that names and shapes tell, as far as they do."""
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    stem, matrices = (
        shapes.get("stem.conv.weight", ()),
        [n for n in shapes if re.fullmatch(r"fc(\.linear\d+)?\.weight", n)],
    )
    if len(stem) != 4 or not matrices:
        raise InputError("{file} is not a ResNet known here: it lacks a first convolution.", file=file)
    deep = len(shapes.get("stem.conv1.weight", ())) == 4
    first = "stem.conv1.weight" if deep else "stem.conv.weight"
    if stem[2] not in (3, 7) or shapes[first][1] not in (1, 3):
        raise InputError(
            "{file} is not a ResNet known here: its first convolution, {tensor}, has the shape {shape}.",
            file=file,
            tensor=theirs[first],
            shape=" x ".join(map(str, shapes[first])),
        )
    numbers = {stage: _numbers(shapes, stage) for stage in range(1, stages + 1)}
    bottleneck = any(name.endswith(".residual.conv3.weight") for name in shapes)
    firsts = [f"layer{stage}.{min(numbers[stage])}.residual." for stage in numbers]
    convs = [[shapes.get(f"{first}conv{n}.weight", ()) for n in (1, 2, 3)] for first in firsts]
    if any(len(conv) != 4 for row in convs for conv in row[: 3 if bottleneck else 1]):
        raise InputError("{file} is not a ResNet known here: its convolutions have impossible shapes.", file=file)
    preact = _is_preact(shapes)
    if preact and bottleneck:
        raise InputError(
            "{file} is not a ResNet known here: its bottlenecks are pre-activated ({tensor}).",
            file=file,
            tensor=theirs[f"{firsts[0]}bn1.weight"],
        )
    if preact:
        projected = next((name for name in shapes if ".shortcut." in name), None)
        if projected or "stem.bn.weight" not in shapes:
            raise InputError(
                "{file} is not a ResNet known here: its blocks are pre-activated, and their shortcuts project, or no "
                "batch norm follows the last block ({tensor}).",
                file=file,
                tensor=theirs[projected or "stem.conv.weight"],
            )
        for name in [name for name in state if name.startswith("stem.bn.")]:
            ours = name.replace("stem.bn.", "last.bn.")
            state[ours], theirs[ours] = state.pop(name), theirs.pop(name)
    widths = tuple(row[2][0] // 4 if bottleneck else row[0][0] for row in convs)
    inner, per_group = (convs[0][1][0], convs[0][1][1]) if bottleneck else (1, 1)
    groups = max(1, inner // max(1, per_group))
    stem_widths = tuple(shapes.get(f"stem.conv{n}.weight", (1,))[0] for n in (1, 2)) * deep + (stem[0],)
    last = sorted(matrices, key=_natural)
    if any(len(shapes[name]) != 2 for name in last):
        raise InputError("{file} is not a ResNet known here: its last layer is not linear.", file=file)
    hidden = tuple(shapes[name][0] for name in last[:-1])
    classes = shapes[last[-1]][0]
    sizes = (*widths, *stem_widths, *hidden, inner)
    if not 1 <= classes <= MAX_CLASSES or max(sizes) > MAX_WIDTH or min(sizes) < 1:
        raise InputError(
            "{file} is not a ResNet known here: it has no classes, or its layers have impossible sizes.", file=file
        )
    projects = any(".shortcut.conv." in name for name in shapes)
    here = f"layer1.{min(numbers[1])}.shortcut.conv.weight"
    if not bottleneck and here in shapes and stem[0] == widths[0]:
        raise InputError(
            "{file} is not a ResNet known here: the shortcut of its first block projects as many channels as it gets "
            "({tensor}), as where the first stage drops every second pixel, too.",
            file=file,
            tensor=theirs[here],
        )
    averaged = any(name.endswith("shortcut.conv.weight") and theirs[name].endswith(".1.weight") for name in shapes)
    batch_norm = any(name.endswith("running_mean") for name in shapes)
    notes: list[Message] = []
    norm_groups = 0
    folded = next((name for name in shapes if name.endswith(".residual.conv1.bias")), None)
    normed = batch_norm or any(name.endswith((".residual.bn1.weight", ".gain")) for name in shapes)
    if folded and not normed:  # a network without norms of its own scales its filters by gains
        raise InputError(
            "{file} has no norms, but biases of convolutions ({tensor}): its batch norms are folded into these, it "
            "seems. Save the network before that is done.",
            file=file,
            tensor=theirs[folded],
        )
    if not batch_norm and not any(name.endswith(".residual.bn1.weight") for name in shapes):
        raise InputError("{file} is not a ResNet known here: its blocks have no norms.", file=file)
    if not batch_norm and any(name.endswith(".residual.bn1.weight") for name in shapes):
        norm_groups = GROUP_NORM
        notes.append(
            _(
                "Its norms hold no statistics: it is read as a network with GroupNorm of {n} groups. Other numbers of "
                "groups, layer norm, instance norm and batch norm without statistics would leave the same tensors, and "
                "other answers.",
                n=GROUP_NORM,
            )
        )
    if last[-1].replace("weight", "bias") not in shapes:
        notes.append(
            _(
                "Its last layer has no bias; it is read as a linear one. One that compares directions (a cosine "
                "classifier) would leave the same tensors, and other answers."
            )
        )
    if hidden:
        notes.append(_("Its classifier has several layers; a ReLU is assumed between them."))
    features = shapes[last[0]][1]
    notes = [*of_outputs(features, hidden, classes), *notes]
    width = widths[-1] * (4 if bottleneck else 1)
    if features != width and features % max(1, width) == 0:
        raise InputError(
            "{file} is not a ResNet known here: its last layer, {tensor}, takes {n} numbers for each channel of the "
            "last maps, and not their averages alone.",
            file=file,
            tensor=theirs[last[0]],
            n=features // width,
        )
    try:
        config = ResNetConfig(
            blocks=tuple(max(numbers[stage]) + 1 for stage in numbers),
            widths=widths,
            block="bottleneck" if bottleneck else "preact" if preact else "basic",
            stem="deep" if deep else "imagenet" if stem[2] == 7 else "cifar",
            shortcut=("D" if averaged else "B") if projects or bottleneck or stages > 3 else "A",
            plain=not projects and stages > 3 and not bottleneck and not preact,
            classes=classes,
            channels=shapes[first][1],
            stem_widths=stem_widths if deep or stem[0] != widths[0] else (),
            groups=groups,
            width_per_group=-(-inner * 64 // (groups * widths[0])) if bottleneck else 64,
            norm_groups=norm_groups,
            hidden=hidden,
            bias=last[-1].replace("weight", "bias") in shapes,
        )
    except InputError as error:
        raise InputError("{file} is not a ResNet known here. {reason}", file=file, reason=error.message) from None
    return Recognised(config, _others(config, projects, theirs), guess_domain(config), state, theirs, tuple(notes))


def _is_preact(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether the first norm of every block has the channels of what comes in, and of some not those that go out."""
    blocks = {name.removesuffix("conv1.weight") for name in shapes if name.endswith(".residual.conv1.weight")}
    found = [(shapes.get(f"{block}bn1.weight"), shapes[f"{block}conv1.weight"]) for block in blocks]
    if any(norm is None or len(conv) != 4 for norm, conv in found):
        return False
    takes_input = all(norm == (conv[1],) for norm, conv in found)
    return takes_input and any(conv[0] != conv[1] for _norm, conv in found)


def _others(config: ResNetConfig, projects: bool, theirs: Mapping[str, str]) -> dict[str, tuple[object, ...]]:
    """What else the tensors allow: what leaves none of its own."""
    found: dict[str, tuple[object, ...]] = {}
    if config.block == "basic" and not projects:
        found["plain"] = (not config.plain,)
    if not projects and config.block != "bottleneck" and len(set(config.widths)) > 1:
        found["padding"] = ("end",)
    found["pool"] = (not config.pools,)
    if config.stem == "cifar":
        found["stem_stride"] = (2,)
    else:
        found["stem_stride"] = (1,)
    if config.block == "bottleneck":
        found["stride_first"] = (True,)
    if projects and any(theirs[name].endswith("shortcut.conv.weight") for name in theirs if "shortcut.conv" in name):
        found["shortcut"] = ("D",)
    return found


def guess_domain(config: ResNetConfig) -> Domain:
    """The pictures that the authors of a foreign checkpoint trained on, as far as its architecture tells them."""
    large = config.stem != "cifar"
    if large and config.classes == 1000:
        return imagenet()
    if not large and config.classes == 10 and config.channels == 3:
        if config.shortcut == "A":  # akamaster/pytorch_resnet_cifar10, which normalises as for ImageNet
            return replace(CIFAR10, mean=IMAGENET_MEAN, std=IMAGENET_STD)
        return replace(CIFAR10, std=(0.2023, 0.1994, 0.2010))  # kuangliu/pytorch-cifar
    domain = nameless(config.outputs, 224 if large else 32)
    return replace(domain, mean=(0.5,) * 3, std=(0.5,) * 3) if config.channels == 1 else domain
