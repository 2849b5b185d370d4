"""The lesson: what its steps say, and the sentences that read their results out, whatever these are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ....figures import network_title
from ....figures.runs import is_plain
from ....lab.wires import Dial
from ....models.predict import Prediction
from .. import findings
from ..findings import block_title
from ..steps import Step, minus, raised, rounded
from .reading import percent, tenths

START = "Start the lesson"
INVITATION = "New to this? Nine short steps, each with a live experiment on your picture."
STEPS_LABEL = "Steps of the lesson"
BACK, NEXT = "← Back", "Next →"
QUESTION = "Think first."
REVEAL = "Show the answer"
SOURCE = "Source: "
ANSWER_OF = "{}: pale before, full now"
NOT_SEEN = "not opened yet"
SEEN = "What you saw"
ONWARD = "Where to go next"

LABELS = {  # of the controls, by key
    "error": "Error on",
    "depth": "Layers",
    "row": "Row of the maps",
    "column": "Column",
    "place": "Block, counted from the input",
    "measure": "Measure",
    "layers": "Layers",
    "begin": "Network",
    "alpha": "Multiply every F(x) by",
    "deleted": "Blocks deleted at random",
    "draw": "Which random draw",
    "show": "Show",
    "away": "How far from the trained weights",
    "line": "Which random direction",
    "after": "Stop after how many blocks",
}
OPTIONS = {  # what the choices are called, by key
    "error": {"train": "the training pictures", "test": "the test pictures"},
    "depth": {"all": "all"},
    "measure": {"share": "what each block adds", "kept": "what is left of the beginning"},
    "begin": {
        "norm": "fresh, with batch norm",
        "bare": "fresh, without batch norm",
        "small": "fresh, without batch norm, smaller weights",
        "trained": "trained",
    },
    "show": {"count": "how many paths there are", "gradient": "which paths carry the gradient"},
}
PAGES = {"cut": "Cut more wires", "train": "Train such a pair yourself", "inside": "Look into every block"}

MEASURES = {"share": "‖F(x)‖ / ‖shortcut‖, by block", "kept": "cosine with what the stem put out, by block"}
GRADIENT = "norm of the gradient at each block, log scale"
PATHS = {  # what the pale and the full bars are
    "count": ("paths through so many F’s", "left after the deletion"),
    "gradient": ("share of the paths through so many F’s", "share of the gradient that comes by them"),
}
ERRORS = {
    kind: f"{title} error by epoch, plain networks on the left, residual networks on the right"
    for kind, title in (("train", "Training"), ("test", "Test"))
}
WALK = "loss along the line"
WALK_CUT_OFF = "loss along the line, drawn up to {:g}"
STEM = "stem"
GROWN = "probability of “{}” after each block"

STEPS = (
    Step(
        title="Deeper should be at least as good, but is not",
        paragraphs=(
            "A deep network is a stack of layers. Each takes a stack of small pictures, its *maps*, filters them and "
            "hands new maps on. More layers can compute more. And a deep network can always imitate a shallow one: "
            "copy the shallow one’s layers, and let all others pass on what they get. So with the best weights deeper "
            "is at least as good on the pictures that it learns from.",
            "Training finds something else. From some depth on, a plain stack of layers gets worse, and not only on "
            "test pictures: it fits even the pictures worse that it learns from. He et al. call this *degradation*. "
            "Below are networks that were trained for this app on CIFAR-10: plain ones on the left, on the right the "
            "same layers with shortcuts.",
        ),
        formula=r"\min_\theta L_{\text{deep}}(\theta) \;\le\; \min_\theta L_{\text{shallow}}(\theta)",
        source="He et al. 2015, section 1, figures 1 and 6",
        question="The deeper plain network is worse on the test pictures. Is that overfitting?",
        choices=("Yes: it has more weights, so it learns by heart", "No: look at the training pictures"),
        right=1,
        answer="A network that overfits is good on the pictures that it learned from, and bad on others. This one is "
        "worse on those that it learned from. It could do better, since the shallow network is hidden in it, but "
        "gradient descent does not find the way there. It is a problem of optimisation.",
    ),
    Step(
        title="The equation",
        paragraphs=(
            "Imitating a shallow network means passing on what comes in, unchanged. For a few layers with ReLUs "
            "between them that is hard to learn. So make it easy. A *residual block* does not compute its output: its "
            "layers compute a change, F(x), a wire carries x past them, and the two are added. To pass x on, F only "
            "has to be zero.",
            "The sum is taken number by number. Then a ReLU sets to zero what is below zero. Here is one channel of "
            "one block, on your picture. Choose a place, by the sliders or by a click in a map, and follow its number.",
        ),
        formula=r"\mathbf{y} = \mathrm{ReLU}\bigl(\mathcal{F}(\mathbf{x}) + \mathbf{x}\bigr)",
        source="He et al. 2015, equation 1 and figure 2",
        question="All weights of F are zero. What does the block put out?",
        choices=("Zero everywhere", "x, unchanged", "That hangs on the picture"),
        right=1,
        answer="F(x) = 0, so the sum is x. And x came out of a ReLU, so none of it is below zero, and the ReLU at the "
        "end changes nothing. Without the shortcut the output would be zero, and the picture lost.",
    ),
    Step(
        title="One block under the lens",
        paragraphs=(
            "F consists of convolutions, each followed by batch normalisation, with a ReLU between (two convolutions "
            "here; three in networks of 50 layers and more). Every square is a real map of your picture, the same "
            "channel all along the equation. Crimson is above zero, indigo below. A wire is as thick as the norm of "
            "what it carries: the square root of the sum of all its squared numbers.",
            "Where a later stage begins, maps halve in size and there are more of them. F(x) and x could not be added "
            "there, so the shortcut has to change x: it keeps every second pixel and fills the new channels with zeros "
            "(option A), or it is a 1×1 convolution (option B).",
        ),
        formula=r"\mathcal{F}(\mathbf{x}) = \mathrm{BN}\bigl(W_2 * \mathrm{ReLU}(\mathrm{BN}(W_1 * \mathbf{x}))\bigr)",
        source="He et al. 2015, figure 2 and section 3.3; figure 5 for three convolutions",
        question="Go through the blocks from the first to the last. What becomes of the picture?",
        answer="At first the maps look like the picture: edges and patches of colour. Later they are coarse and show "
        "where something is, no longer what it looks like. At the end each channel is averaged into one number, and "
        "the classifier sees only these.",
    ),
    Step(
        title="What a shortcut carries",
        paragraphs=(
            "Put one equation into the next: what arrives at block L is what left the stem plus all changes on the "
            "way. Nothing has to be computed again in order not to be lost. (The formula is exact where no ReLU "
            "follows the sum, as in He et al. 2016. Here one does, and it only cuts off what is below zero.)",
            "Two measurements on your picture. How much does each block add, compared with what its shortcut carries? "
            "And how much is left of the beginning: the cosine between the block’s output and what the shortcuts "
            "alone would have brought there from the stem. 1 is the same direction, 0 is nothing in common.",
        ),
        formula=r"\mathbf{x}_L = \mathbf{x}_0 + \sum_{l=0}^{L-1} \mathcal{F}_l(\mathbf{x}_l)",
        source="He et al. 2016, equation 4; He et al. 2015, figure 7, on how small the responses are",
        question="F(x) is 20 % as long as x, and at right angles to it. How much longer than x is the sum?",
        choices=("20 %", "2 %", "Not at all"),
        right=1,
        answer="Pythagoras: the square root of 1 + 0.2² is 1.02. A change at right angles adds something new and "
        "hardly makes the whole larger. Look for the cosine of F(x) and the shortcut on the page Inside the blocks.",
    ),
    Step(
        title="What the gradient feels",
        paragraphs=(
            "Training asks of each weight: how does the loss change with it? The answer, the gradient, is handed back "
            "from block to block, and each multiplies it with the slope of what it computes. In a plain network that "
            "is a long product. If the factors are small it vanishes, if they are large it explodes. A shortcut adds "
            "1 to every factor (but for the ReLU after the sum).",
            "So people say: *shortcuts cure vanishing gradients*. He et al. say otherwise. Their plain networks have "
            "batch normalisation, and with it “backward propagated gradients exhibit healthy norms”; they train worse "
            "all the same. Measure it: the ten example pictures go through two networks, and the gradient comes back. "
            "To see where the saying comes from, leave batch normalisation out and begin with smaller weights, as was "
            "usual.",
        ),
        formula=r"\frac{\partial L}{\partial \mathbf{x}} = \frac{\partial L}{\partial \mathbf{y}}"
        r"\left(1 + \frac{\partial \mathcal{F}}{\partial \mathbf{x}}\right)",
        source="He et al. 2015, section 4.1; He et al. 2016, equation 5",
        question="If the gradient does not vanish without shortcuts, what else can be wrong with it?",
        answer="Its direction. A gradient is of use while it stays about the same on the way that a step goes. In deep "
        "plain networks it changes from one input to the next as if it were noise (“shattered gradients”, Balduzzi et "
        "al. 2017, figure 1); with shortcuts much less so. The experiment “Do neighbours’ "
        "gradients agree?” of this app measures that.",
    ),
    Step(
        title="Cut it and see",
        paragraphs=(
            "If each block only adds something to what passes, the network should get by without one of them. Veit et "
            "al. tried: they deleted single blocks of a trained network. With shortcuts hardly anything happened, "
            "except where the maps halve. A plain network (theirs was VGG) was lost without any of its layers.",
            "Click a block to cut its F, and click it again to mend it. Both networks answer on your picture: the one "
            "with shortcuts, and its plain twin, from which the block is taken out altogether. One picture proves "
            "nothing, so try several, and several blocks.",
        ),
        formula=r"\mathbf{y} = \mathrm{ReLU}\bigl(\cancel{\mathcal{F}(\mathbf{x})} + \mathbf{x}\bigr)",
        source="Veit et al. 2016, section 4.1 and figure 3",
        question="Which kind of block do you expect to be missed most, in a deep network with shortcuts?",
        choices=("The last ones", "Those where the maps halve", "All the same"),
        right=1,
        answer="Where the maps halve, the shortcut cannot carry everything: it drops three of four pixels, and fills "
        "the new channels with zeros (option A). What F would have put there is missing for good. Elsewhere the other "
        "blocks go on with nearly what they are used to. So Veit et al. found it, and in ResNet-56 here both of these "
        "blocks are among the three most missed; but the very first block, on which all others build, is missed more.",
    ),
    Step(
        title="Many short paths",
        paragraphs=(
            "At every block there are two ways on: through F, or past it. With n blocks that makes 2ⁿ paths from the "
            "picture to the answer. A plain network has one. Delete a block, and half of the paths are gone; the other "
            "half never led through it. In the plain network the only one is gone.",
            "The paths are not equally long. Like heads among n tosses of a coin, most lead through about half of the "
            "F’s. But each F makes the gradient weaker or stronger, and what matters for learning is what arrives. "
            "Veit et al. measured it: nearly all of it came by short paths. Measure it on your picture.",
        ),
        formula=r"2^n = \sum_{k=0}^{n} \binom{n}{k}",
        source="Veit et al. 2016, figures 2, 5 and 6",
        question="There are 27 blocks, and one is deleted. How many of the paths are left?",
        choices=("26 of 27", "Half of them", "None"),
        right=1,
        answer="Half: the 2²⁶ ways that go past the deleted block. Each further block halves them again, and still the "
        "answer changes little at first. The paths share their weights, so they are no committee of independent "
        "networks; but none of them alone is needed.",
    ),
    Step(
        title="Smoother ground",
        paragraphs=(
            "Think of the loss as a landscape: a place is a set of weights, its height is the loss there. Training "
            "walks downhill, feeling only the slope under its feet. In smooth land that leads far down; in rugged land "
            "the slope says little about what comes a step later.",
            "Nobody can draw a landscape of a million dimensions, but one can walk through it along a straight line. "
            "Start at the trained weights, go both ways in a random direction, and measure the loss. Each filter’s "
            "direction is made as long as the filter itself: without that, networks could not be compared. Li et al. "
            "found chaos around deep plain networks, and a bowl around the same ones with shortcuts.",
        ),
        formula=r"\begin{gathered} f(a) = L(\theta + a\,\mathbf{d}) \\"
        r" \|\mathbf{d}_i\| = \|\theta_i\| \text{ for every filter } i \end{gathered}",
        source="Li et al. 2018, section 4, figures 1 and 5",
        question="Why must the direction be scaled to the filters?",
        answer="Multiply all weights before a batch normalisation by ten, and the network computes the same. But a "
        "step of a given length is now ten times smaller in comparison, and the same landscape looks flatter. Scaling "
        "the direction with the filter takes that illusion away.",
    ),
    Step(
        title="What to remember",
        paragraphs=(
            "A block computes a change and adds it to what it got: **y = F(x) + x**. To do nothing is then easy, so "
            "depth no longer hurts. What passes is changed little by little, blocks can be missing, and the gradient "
            "has short ways back.",
            "One last look at your picture: let the network stop early, and classify what has come so far through the "
            "shortcuts that remain. With shortcuts all blocks add to one sum, so the classifier can be asked "
            "anywhere; what it reads makes sense in the last stage only, for which it was trained. A plain network was "
            "never made to be read so. Below is what you saw in the steps before.",
        ),
        formula=r"\text{logits} = W\,\mathrm{mean}\Bigl(\mathbf{x}_0 + \sum_l \mathcal{F}_l(\mathbf{x}_l)\Bigr)"
        r" + \mathbf{b}",
        source="He et al. 2015 and 2016; reading a network early is known as the logit lens (nostalgebraist 2020)",
        question="A friend says: “ResNets work because shortcuts stop gradients from vanishing.” What do you answer?",
        answer="That with batch normalisation they do not vanish without shortcuts either (step 5: they grow), and "
        "that the plain network fits even its training pictures worse (step 1). Shortcuts make it easy to keep what is "
        "there, and the gradient consistent from one place to the next. That is why depth pays.",
    ),
)


# 1


def degradation(finals: Mapping[str, float], error: str, epochs: Mapping[str, int]) -> str:
    """Errors at the end of the training, as fractions by network: what depth did, or what the shortcuts did."""
    where = {"train": "training", "test": "test"}[error]
    said = [_depths(*depths, finals, where) for depths in findings.by_depth(finals)]
    if not said:
        told = [f"{network_title(name)} has {tenths(finals[name])} {where} error" for name in finals]
        said = [f"{_and(told)}."] if told else ["No network with a history is here."]
        twins = findings.pair(finals)
        if twins:
            said.append(_twins(*(finals[name] for name in twins)))
    lengths = set(epochs.values())
    after = f"After {lengths.pop()} epochs, one run each: " if len(lengths) == 1 else "At the end, one run each: "
    return after + " ".join(said)


def _depths(shallow: str, deep: str, finals: Mapping[str, float], where: str) -> str:
    names = f"{network_title(deep)} has {tenths(finals[deep])} {where} error, {network_title(shallow)} "
    said = f"{names}{tenths(finals[shallow])}"
    learned = ", on the very pictures that it learned from" if where == "training" else ""
    verdict = {
        "same": ": depth makes no difference here.",
        "less": ": here deeper is better.",
        "more": f": deeper is worse{learned}.",
    }[findings.error_than(finals[shallow], finals[deep])]
    return said + verdict


def _twins(residual: float, plain: float) -> str:
    return {
        "same": "At this depth the shortcuts make no difference.",
        "less": "The same layers do better without the shortcuts.",
        "more": "The same layers do better with the shortcuts.",
    }[findings.error_than(residual, plain)]


# 2


def number(found: Mapping[str, float], kind: str, error: float) -> str:
    """One number's way through the block; `error` is the largest deviation from the sum over all its numbers."""
    change, carried, total, output = (minus(found[point], 3) for point in ("residual", "shortcut", "total", "output"))
    cut = "The ReLU lets it pass." if found["total"] > 0 else "The ReLU makes 0 of it."
    if kind == "none":
        return (
            f"This plain block has no shortcut: F(x) = {change} is all there is, and x is lost. {cut} "
            f"So y = {output}. Choose its twin with shortcuts at the side, and compare."
        )
    what = "the shortcut brings" if kind != "identity" else "x is"
    exact = "Checked in all numbers of this block: the sum is exact" + (f" to within {error:.0e}." if error else ".")
    return f"Here {what} {carried}, and F(x) changes it by {change}: the sum is {total}. {cut} So y = {output}. {exact}"


# 3


def block(
    name: str,
    place: tuple[int, int],
    kind: str,
    share: float,
    cosine: float | None,
    shapes: tuple[tuple[int, ...], tuple[int, ...]],
) -> str:
    """A block: its place among so many, how much it adds, and whether it changes the shape of what passes."""
    (channels, height, width), after = shapes
    said = f"Block {block_title(name)} is number {place[0]} of {place[1]}. It gets {channels} maps of {height}×{width}"
    said += "" if after == (channels, height, width) else f" and gives {after[0]} of {after[1]}×{after[2]}"
    if kind == "none":
        return f"{said}. It has no shortcut: x is replaced by F(x), whose norm is {percent(share)} of that of x."
    if cosine is None:
        return f"{said}. One of its two branches carries nothing."
    angle = {
        "along": "partly along it, so it strengthens what is there",
        "against": "partly against it, so it takes away from what is there",
        "across": "nearly at right angles to it, so it adds something new",
    }[findings.direction(cosine)]
    changed = {"identity": "", "padding": " Here the shortcut drops pixels and pads channels with zeros.",
               "projection": " Here the shortcut is a 1×1 convolution."}[kind]  # fmt: skip
    return (
        f"{said}. The norm of F(x) is {percent(share)} of the shortcut’s, and F(x) points {angle} "
        f"(cosine {minus(cosine, 2)}).{changed}"
    )


# 4


def carried(measure: str, names: Sequence[str], opened: str, found: Mapping[str, Sequence[float]]) -> str:
    """One of the two measurements, by network and block: at the opened block, and over all."""
    place, block = names.index(opened), block_title(opened)
    if measure == "share":
        return " ".join(_added(network_title(name), block, values[place], values) for name, values in found.items())
    here = _and([f"{minus(values[place], 2)} in {network_title(name)}" for name, values in found.items()])
    said = f"After block {block} the cosine with what the stem put out is {here}."
    ends = _and([f"{minus(values[-1], 2)} in {network_title(name)}" for name, values in found.items()])
    verdict = _remembers({name: values[-1] for name, values in found.items()})
    return f"{said} After the last block it is {ends}.{verdict}"


def _added(title: str, block: str, share: float, shares: Sequence[float]) -> str:
    known = [value for value in shares if not math.isnan(value)]
    if not known:
        return f"{title} has no shortcuts, so there is nothing to compare F(x) with: each block replaces all."
    small = findings.small(known)
    here = "carries nothing past it" if math.isnan(share) else f"adds {percent(share)} of what its shortcut carries"
    return f"In {title} block {block} {here}. F(x) is less than half of it in {small} of {len(known)} blocks."


def _remembers(ends: Mapping[str, float]) -> str:
    """Which of the twins has more of the beginning at its end."""
    return {
        None: "",
        "neither": " So at its end neither has more of the beginning than the other.",
        "residual": " So the network with shortcuts keeps more of the beginning.",
        "plain": " So the network without shortcuts keeps more of the beginning.",
    }[findings.keeps_more(ends)]


# 5


def gradient(norms: Mapping[str, Sequence[float]], begin: str, errors: Mapping[str, float]) -> str:
    """Norms of the gradient at all blocks' outputs, and how the trained networks fit: training errors, where known."""
    ratios, said = {}, []
    for name, values in norms.items():
        ratio = findings.first_over_last(values)
        if ratio is None:
            said.append(f"In {network_title(name)} the gradient is no finite number.")
            continue
        ratios[name] = ratio
        said.append(
            f"In {network_title(name)} the gradient’s norm is {rounded(values[-1])} at the last block and "
            f"{rounded(values[0])} at the first, {_times(ratio)}."
        )
    return " ".join([*said, *_verdict(ratios, begin, errors)])


def _times(ratio: float) -> str:
    return f"{rounded(ratio)} times as much" if ratio else "so nothing arrives"


def _verdict(ratios: Mapping[str, float], begin: str, errors: Mapping[str, float]) -> list[str]:
    found = findings.vanishing(ratios, batch_norm=begin in ("norm", "trained"))
    if found is None:
        return []
    residual, plain = (network_title(name) for name in sorted(ratios, key=is_plain))
    saying = f"Without batch norm it vanishes in {plain}: this is where the saying comes from."
    large = f"It does not vanish in {plain}, even without batch norm: these weights are begun large enough."
    said = {
        "with batch norm": f"Here it vanishes in {plain}, batch norm or not.",
        "only when plain": f"{saying} Shortcuts keep it up.",
        "in both": f"{saying} It does so with shortcuts, too.",
        "no: large weights": large,
        "no: healthy": f"It does not vanish in {plain}: it stays healthy.",
        "no: grows": f"It does not vanish in {plain}: it grows, as it does in deep plain networks with batch norm.",
    }[found]
    strong = [network_title(name) for name in findings.exploding(ratios)]
    if found == "no: large weights" and strong:
        said += f" It explodes in {_and(strong)}, which is no better: then no step is small enough."
    elif found == "no: grows" and strong:
        said += f" In {_and(strong)} it even explodes: at this depth that is no healthy norm, unlike in He et al."
    if found in ("no: healthy", "no: grows") and findings.plain_fits_worse(errors):
        fits, misfits = map(tenths, findings.residual_first(errors))
        said += (
            f" And yet, when both were trained, {plain} was left with {misfits} training error, "
            f"{residual} with {fits}. So vanishing is not what shortcuts cure here."
        )
    return [said]


# 6


def cut(wires: Sequence[str], dials: Dial, told: Mapping[str, tuple[Prediction, Prediction, float]]) -> str:
    """What became of each network's answer: the likeliest class before and now, and how likely the first one is now."""
    done = _done(wires, dials)
    if not done:
        said = [f"{network_title(name)} says {_sure(before)}" for name, (before, _, _) in told.items()]
        return (
            f"As they are: {_and(said)}. Click a block to cut its F."
            if len(said) > 1
            else (f"As it is: {said[0]}. Click a block to cut its F. There is no twin here to compare with.")
        )
    said = [_changed(network_title(name), *found) for name, found in told.items()]
    return f"{done}: {'; '.join(said)}.{_which(told)}"


def _done(wires: Sequence[str], dials: Dial) -> str:
    parts = []
    deleted, shortcuts = findings.branches_cut(wires)
    if deleted:
        parts.append(f"Without {_blocks(deleted)}")
    if shortcuts:
        parts.append(f"{'without' if parts else 'Without'} the shortcut of {_blocks(shortcuts)}")
    for title, factor in (("every F(x)", dials.residual), ("every shortcut", dials.shortcut)):
        if factor != 1:
            parts.append(f"{'with' if parts else 'With'} {title} multiplied by {factor:g}")
    return " and ".join(parts)


def _blocks(titles: Sequence[str]) -> str:
    return f"block {_and(titles)}" if findings.few(titles) else f"{len(titles)} blocks"


def _changed(title: str, before: Prediction, after: Prediction, left: float) -> str:
    was, now = percent(before.probability), percent(left)
    if after.index != before.index:
        moved = f"stays at {was}" if was == now else f"goes from {was} to {now}"
        return f"{title} says {_sure(after)} instead of {before.label}, which {moved}"
    return f"{title} still says {before.label}, {now}" + (" as before" if was == now else f" instead of {was}")


def _which(told: Mapping[str, tuple[Prediction, Prediction, float]]) -> str:
    """Which of the twins lost its answer."""
    return {
        None: "",
        "plain": " The network with shortcuts keeps its answer, the plain one loses it.",
        "residual": " Here the plain network keeps its answer, and the one with shortcuts loses it.",
        "both": " Both lose their answer.",
        "neither": " Both keep their answer on this picture.",
    }[findings.lost(told)]


def _sure(prediction: Prediction) -> str:
    return f"{prediction.label} ({percent(prediction.probability)})"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# 7


def paths(n: int, gone: Sequence[str], told: Mapping[str, tuple[Prediction, Prediction, float]]) -> str:
    """The paths through n blocks, those that are left without some, and what the networks then answer."""
    left = n - len(gone)
    said = f"With shortcuts {n} blocks make 2{raised(n)} = {2**n:,} paths, without them a single one."
    if not gone:
        answers = _and([f"{network_title(name)} says {_sure(before)}" for name, (before, _, _) in told.items()])
        return f"{said} Nothing is deleted: {answers}."
    without, share = _blocks(findings.branches_cut(gone)[0]), _fraction(len(gone))
    said += f" Without {without} {share} is left, 2{raised(left)} = {2**left:,}; the plain one is gone."
    return f"{said} {'; '.join(_changed(network_title(name), *found) for name, found in told.items())}.{_which(told)}"


def _fraction(halvings: int) -> str:
    return "half" if halvings == 1 else f"one in {2**halvings:,}"


def path_gradients(n: int, span: tuple[int, int] | None, mean: float, samples: int, plain: bool) -> str:
    """Which lengths carry nine tenths of the gradient; and the mean length, weighted with the gradient.

    `samples` is how many random paths of each length were measured.
    """
    if plain:
        return f"This network is plain: its only path leads through all {n} F’s, and carries the whole gradient."
    if span is None:
        return "No path carries any gradient here: the network is so sure of its answer that the loss has no slope."
    said = (
        f"In the mean a path leads through {n / 2:g} of the {n} F’s; weighted with its gradient, through {mean:.1f}. "
        f"Nine tenths of the gradient come by paths through {_span(span)} (estimated from up to {samples} random paths "
        "of each length)."
    )
    verdict = {
        "short": " So the short paths carry more than their share.",
        "long": " Here the long paths carry more than their share, unlike what Veit et al. found.",
        "all": " Here short and long paths carry about their share, unlike what Veit et al. found.",
    }[findings.heavy_paths(mean, n)]
    return said + verdict


def _span(lengths: tuple[int, int]) -> str:
    return str(lengths[0]) if lengths[0] == lengths[1] else f"{lengths[0]} to {lengths[1]}"


# 8


def walk(distance: float, found: Mapping[str, tuple[float, float]]) -> str:
    """The loss of each network as it is, and so far away in the random direction."""
    told = [f"{network_title(name)} {_loss(centre)}" for name, (centre, _) in found.items()]
    said = f"At the trained weights the loss on the ten example pictures is {_and(told)}"
    if not distance:
        return f"{said.replace(' is ', ': ', 1)}. Move away from them."
    there = [f"{network_title(name)} {_loss(away)}" for name, (_, away) in found.items()]
    said += f"; {distance:.0%} of the filters’ length away it is {_and(there)}."
    said = said.replace("%", " %")
    verdict = {
        None: "",
        "equal": " Both have changed about equally.",
        "plain": " It rises more without shortcuts, in this direction.",
        "residual": " It rises more with shortcuts, in this direction.",
    }[findings.rises_more(found)]
    return said + verdict


def _loss(value: float) -> str:
    return rounded(value) if math.isfinite(value) else "no finite number"


# 9


def grown(name: str, whole: bool, told: Mapping[str, Prediction]) -> str:
    """What each network would answer after a block, or after the stem."""
    answers = _and([f"{network_title(network)} says {_sure(best)}" for network, best in told.items()])
    if whole:
        return f"After the last block: {answers}. Now let it stop earlier."
    after = "the stem" if name == "stem" else f"block {block_title(name)}"
    return f"If it stopped after {after}: {answers}."
