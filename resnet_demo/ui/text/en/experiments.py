"""The page Experiments: what each one asks, what to look for, and what came out, read from its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ....figures.axes import magnitude
from ....figures.experiments import words_of
from .. import findings
from ..facts import (
    Reports,
    after_deleting,
    bearable,
    best_area,
    better_than_random,
    both,
    deeper_responds_less,
    everyone,
    extreme,
    fresh_gradients,
    keeping,
    knows_since,
    place_of,
    pointing,
    points,
    responding_less,
    sides,
    signed,
)
from .reading import percent

INTRODUCTION = (
    "Each experiment changes something in trained networks, or in fresh ones, and counts what follows: with shortcuts "
    "and, beside it, in the same network without them."
)
GROUPS = {
    "holes": "Take something away",
    "inside": "Look inside",
    "gradient": "Follow the gradient",
    "ground": "Look at the ground",
    "maps": "Test the maps",
}
TITLES = {
    "lesion": "What is left without one block?",
    "lesions": "And without many, or in another order?",
    "dial": "What if every branch is turned down?",
    "lens": "What does it know after each block?",
    "responses": "How strongly does each layer respond?",
    "refinement": "Does a block step downhill?",
    "paths": "Which paths carry the gradient?",
    "gradients": "Does the gradient vanish?",
    "shattering": "Do neighbours’ gradients agree?",
    "landscape": "Is the ground smoother?",
    "sanity": "Do maps notice random weights?",
    "localise": "Do maps point at the object?",
    "faithful": "Do maps find what matters?",
}
QUESTIONS = {
    "lesion": "Delete one block: what enters it goes straight on to the next one. Then count how many test pictures "
    "are now classified wrongly, put the block back, and delete the next.",
    "lesions": "Delete more and more blocks, chosen at random; or let blocks of the same stage change places. A "
    "pipeline, in which each step builds on the last, should break at once. A collection of many paths should get "
    "worse little by little.",
    "dial": "Multiply every F(x) in the network by one number α, from 0 to 1.5, and afterwards every shortcut by λ. At "
    "1 it is the network as it was trained. λ is multiplied with itself once for each block on the way.",
    "lens": "Read the network after every block, as if no later block existed: what leaves the block goes through the "
    "remaining shortcuts to the classifier. So one sees an answer grow, and how much each block adds to it.",
    "responses": "A layer’s response is what its convolution and batch norm give, before the ReLU and before the "
    "addition. Its standard deviation over many pictures says how strong it is.",
    "refinement": "The gradient at a block’s input says in which direction the loss falls. Does F, which the block "
    "adds, point that way? The cosine between the two is 1 if it does, 0 if the two have nothing to do with each "
    "other, and negative if F points uphill.",
    "paths": "At every block the gradient can go through F or past it, so n blocks make 2ⁿ paths. Walk back along "
    "single paths of each length, and measure how much gradient arrives at the picture.",
    "gradients": "It is often said that shortcuts are needed because the gradient vanishes without them. So measure "
    "it: the norm of the loss’s gradient at the output of every block, in fresh networks with and without batch norm, "
    "and in this one.",
    "shattering": "In fresh networks, take the gradient at inputs that lie side by side on a line. Do two neighbours "
    "want the same change? If not, a step that helps one picture does nothing for the next.",
    "landscape": "Walk away from the trained weights in two random directions, each filter by as much as it is long, "
    "and draw the loss as a map and as a surface.",
    "sanity": "Replace the trained weights by random ones, from the classifier down, block by block. A map that "
    "explains the network must change with it. One that stays the same shows the picture, not the network.",
    "localise": "On drawn shapes it is known where the object is. How often is the map’s highest place on it, and how "
    "much of the map lies there?",
    "faithful": "Take away the places that a map calls important, the most important first, and watch the answer fall; "
    "or begin with nothing and put them back. A map in random order is what it must beat.",
}
LOOK = {
    "lesion": "the height of the bars. ½ marks blocks that halve the picture, where nothing can pass unchanged. A "
    "click on a bar cuts that block in front of your picture.",
    "lesions": "whether a curve climbs step by step or jumps at once. Each dot is one random draw.",
    "dial": "how wide the valley around 1 is, and that a plain network has no shortcut to turn.",
    "lens": "whether the error falls block by block or only at the very end.",
    "responses": "whether the residual network’s curve runs lower, and the deeper one’s lower still.",
    "refinement": "bars above the line. Blocks that change the shape are left out.",
    "paths": "where the bars on the right stand, compared with those on the left.",
    "gradients": "curves that fall from right to left, the way that the gradient goes; the scale is logarithmic.",
    "shattering": "how fast the curves fall with depth. The scale is logarithmic; dots at its foot are zero or less.",
    "landscape": "how far the low ground reaches, and how steep the walls around it are. Below each map is its "
    "surface, seen from above at an angle: from contour to contour the loss doubles. The same tone and the same height "
    "mean the same loss in both networks.",
    "sanity": "curves that fall. One that stays up belongs to a method that does not look at the network.",
    "localise": "bars above that of a uniform map, which scores the object’s area.",
    "faithful": "how far the curve is from random’s: below it for deletion, above it for insertion.",
}
SOURCES = {
    "lesion": "Veit, Wilber, Belongie 2016, figure 3",
    "lesions": "Veit, Wilber, Belongie 2016, figure 5",
    "dial": "He, Zhang, Ren, Sun 2016 (Identity Mappings), section 3.1, where such networks are trained; here the "
    "factor is changed afterwards",
    "lens": "nostalgebraist 2020 (the logit lens of language models)",
    "responses": "He, Zhang, Ren, Sun 2015, figure 7",
    "refinement": "Jastrzębski et al. 2018",
    "paths": "Veit, Wilber, Belongie 2016, figure 6",
    "gradients": "He, Zhang, Ren, Sun 2015, section 4.1",
    "shattering": "Balduzzi et al. 2017, figure 1",
    "landscape": "Li et al. 2018, figures 1 and 5",
    "sanity": "Adebayo et al. 2018, figures 2 to 4",
    "localise": "Zhang et al. 2016 (the pointing game)",
    "faithful": "Petsiuk, Das, Saenko 2018",
}
FIGURES = {name: words_of(name) for name in TITLES}
DATA_NAMES = {"cifar10": "CIFAR-10", "shapes": "drawn shapes"}
LOOK_FOR = "Look for"
SOURCE = "Source"
BUNDLED = "Measured beforehand"
HERE = "Run it here"
PICTURES = "Test pictures"
RUN = "Run"
STOP = "Stop"
DOWNLOAD = "Download CIFAR-10 (170 MB)"
STOPPING = "Stopping …"
STOPPED = "Stopped; nothing was kept."
DONE = "Done."
NOT_YET = "There is no result measured beforehand yet. Run it here."
NEEDS_MASKS = (
    "This needs pictures on which it is known where the object is, and a network that knows them: choose shapes on the "
    "page Train, train a network, look inside it, and come back."
)
READING_DATA = "Getting the pictures …"


def pair(names: list[str]) -> str:
    """The networks that are compared."""
    return " and ".join(names)


def provenance(result: dict[str, Any], source: str) -> str:
    """What a result rests on, in small print."""
    told = result["provenance"]
    if result["experiment"] == "shattering":
        asked = "fresh networks, no pictures"
    elif result["data"] == "picture":
        asked = "your picture, and the network’s own answer as its label"
    else:
        name = DATA_NAMES.get(result["data"], result["data"])
        asked = f"{told['pictures']:,} {'test picture' if told['pictures'] == 1 else 'test pictures'} of {name}"
    if "taught" in told:
        asked += f", which these networks were trained on first ({told['taught']})"
    return f"{asked}, seed {told['seed']}. {SOURCE}: {source}."


def data_used(data: str, networks: list[str], title: str, masks: bool) -> str:
    """What a run would take; `data` is "cifar10", "picture", "own", "fresh", or "" where there is nothing to take."""
    on = pair(networks)
    if data == "cifar10":
        return f"On {on}, with CIFAR-10’s test pictures, which are on this computer."
    if data == "own":
        return f"On {on}, with the test pictures that it was trained beside."
    if data == "fresh":
        return "On fresh networks of several depths, with and without shortcuts. No picture is looked at."
    if data == "picture":
        return f"On {on}, with your picture and, in place of a label, what {title} takes it for."
    if masks:
        return NEEDS_MASKS
    return "This needs labelled pictures, and CIFAR-10 is not on this computer."


def no_data(title: str, masks: bool) -> str:
    """Why nothing can be run; `masks`: since it must be known where the objects are."""
    if masks:
        return NEEDS_MASKS
    return (
        f"This experiment counts mistakes, so it needs labelled pictures that {title} knows, and there are none here."
    )


def downloading(arrived: int, size: int) -> str:
    return f"Downloading CIFAR-10: {arrived / 1e6:.0f} of {size / 1e6:.0f} MB …"


def running(done: float, seconds: float) -> str:
    return f"{percent(done)} done, {seconds:.0f} s so far"


def too_long(seconds: float) -> str:
    return f"It took longer than {seconds:.0f} seconds, which is all that one visitor gets here; take fewer pictures."


# What came out


def reading(name: str, reports: Reports) -> str:
    """The sentence that reads an experiment's figure out."""
    return _READINGS[name](reports) if name in _READINGS else ""


def lesion(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        block, most = extreme(side["added"], largest=True)
        _, least = extreme(side["added"], largest=False)
        told.append(
            f"Without one of its blocks {side.title} has {points(side['median_added'])} points more wrong in the "
            f"median, {points(least)} at least and {points(most)} at most (block {block})."
        )
    if residual and plain:
        verdicts = {
            "vital": "The residual network hardly misses a block; to the plain one every single block is vital.",
            "more": "The plain network suffers more, but not by as much as Veit et al. found.",
            "no more": "Here the plain network does not suffer more, unlike in Veit et al.",
        }
        told.append(verdicts[findings.missed(residual["median_added"], plain["median_added"])])
    return " ".join(told)


def lesions(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        one, rank = after_deleting(side, 1), side["spearman"]
        if one is None:
            continue
        grows = "the error never changes" if rank is None else f"rank correlation of error and number {rank:.2f}"
        told.append(
            f"{side.title}: {percent(side['error'])} wrong as it is, {percent(one)} without one block ({grows})."
        )
    if residual and plain and residual["spearman"] is not None:
        verdicts = {
            "plain lost": "The residual network gets worse step by step; the plain one is lost without any one.",
            "gradual": "The residual network gets worse step by step, and the plain one does not fall much faster.",
            "not smooth": "The residual network’s error does not grow smoothly here, unlike in Veit et al.",
        }
        told.append(
            verdicts[findings.many_missed(residual["spearman"], after_deleting(residual, 1), after_deleting(plain, 1))]
        )
    return " ".join(told)


def dial(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        words = f"{side.title} stays within 5 points of its error for α {_settings(side['alpha'])}"
        if side == residual:
            words += f", and for λ {_settings(side['lambda'])}"
        told.append(f"{words}.")
    if plain:
        told.append(f"λ does nothing to {plain.title}: it has no shortcut.")
    exact = all(side["exact_at_one"] for side in both(reports))
    told.append(f"At 1 the answers are the network’s own, {'bit for bit' if exact else 'but not bit for bit'}.")
    return " ".join(told)


def _settings(errors: Mapping[str, float]) -> str:
    low, high = bearable(errors)
    return f"from {low:g} to {high:g}" if low < high else "= 1 only"


def lens(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        since = knows_since(side["error"])
        where = f"has more than half of them right from {_after(since)} on" if since else "never has half of them right"
        told.append(
            f"{side.title} {where}; {_after(extreme(side['contribution'], True)[0])} adds most to the right class."
        )
    if residual and plain:
        verdicts = {
            "earlier": "With shortcuts the answer can be read earlier: each block adds to what is there.",
            "at the end": "In both it can be read only at the very end.",
            "no earlier": "With shortcuts it cannot be read earlier here.",
        }
        told.append(verdicts[findings.readable(place_of(residual), place_of(plain), len(residual["error"]) - 1)])
    return " ".join(told)


def _after(place: str | None) -> str:
    return "the stem" if place == "stem" else f"block {place}"


def paths(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    if residual:
        n, (low, high) = len(residual["counts"]) - 1, residual["nine_tenths"]
        mean, error = residual["mean_length"], residual["mean_length_error"]
        told.append(
            f"{residual.title} has {sum(residual['counts']):,} paths; most take F in some {n / 2:g} of its {n} blocks. "
            f"Nine tenths of the gradient come along paths that take it in {low} to {high}, {mean:.1f} ± {error:.1f} "
            f"in the mean, as estimated from {residual['samples']} paths of each length."
        )
        verdicts = {
            "clearly": "So the gradient comes along the shorter paths, as in Veit et al.",
            "little": "That is a little shorter than a path taken at random; in Veit et al. the difference is larger.",
            "no": "These are not the short ones, unlike in Veit et al.",
        }
        told.append(verdicts[findings.shorter_paths(mean, n)])
    if plain:
        told.append(f"{plain.title} has one path, through all of its {len(plain['counts']) - 1} blocks.")
    return " ".join(told)


def gradients(reports: Reports) -> str:
    told = []
    for case, words in enumerate(("Without batch norm, from PyTorch’s small start,", "With it")):
        shrinks = [f"{side.title}’s {_times(fresh_gradients(side)[case])}" for side in both(reports)]
        told.append(f"{words} the first block’s gradient is, compared with the last one’s, {' and '.join(shrinks)}.")
    _, plain = sides(reports)
    if plain:
        small, large = fresh_gradients(plain), fresh_gradients(plain, "He")
        found = findings.vanishing_when_fresh(*small)
        verdicts = {
            "without batch norm": "So in a plain network that begins with small weights it vanishes without batch "
            "norm, and not with it.",
            "with batch norm": "Here it vanishes even with batch norm.",
            "no": "Here it does not vanish at all.",
        }
        told.append(verdicts[found])
        if found == "without batch norm" and large[0] and findings.vanishing_when_fresh(*large) == "no":
            told.append(
                f"Begun with He et al.’s larger weights it does not vanish even without it ({_times(large[0])})."
            )
        growth = {
            "explodes": f"With batch norm it explodes on its way back through {plain.title}: that is not the "
            "healthy norm that He et al. report.",
            "grows": "With batch norm it rather grows on its way back.",
        }
        grows = findings.growing_when_fresh(small[1])
        if grows in growth:
            told.append(growth[grows])
    return " ".join(told)


def _times(ratio: float | None) -> str:
    if not ratio:
        return "too small for 32 bits" if ratio == 0 else "not to be measured"
    return f"{magnitude(ratio)} times as large"


def responses(reports: Reports) -> str:
    means = ", ".join(f"{side.title} {side['mean']:.2f}" for side in everyone(reports))
    told = [f"Mean standard deviation of a layer: {means}."]
    residual, plain = sides(reports)
    if residual and plain:
        verdicts = {
            "less": "So the residual network’s layers respond less: they only have to change what passes.",
            "less in the mean": "So in the mean the residual network responds less, but in no clear majority of "
            "its layers; in He et al. the difference is clearer.",
            "alike": "The two hardly differ here; He et al. found the residual network’s clearly smaller.",
            "more": "The residual network’s layers respond more here, unlike in He et al.",
        }
        fewer, layers = responding_less(residual, plain)
        told.append(f"In {fewer} of {layers} layers {residual.title} responds less than {plain.title}.")
        told.append(verdicts[findings.responds(residual["mean"], plain["mean"], fewer / layers)])
    less = deeper_responds_less(reports)
    if less is not None:
        told.append(
            "The deeper residual network responds less than the shallow one."
            if less
            else "The deeper residual network does not respond less than the shallow one, unlike in He et al."
        )
    return " ".join(told)


def refinement(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        cosines = side["cosine"]
        if not cosines:
            told.append(f"{side.title}: every block changes the shape, so there is nothing to compare.")
            continue
        block, most = extreme(cosines, largest=True)
        down = sum(value > 0 for value in cosines.values())
        told.append(
            f"In {side.title} {down} of {len(cosines)} blocks point downhill, with a mean cosine of "
            f"{signed(side['mean'])} (median {signed(side['median'])}); most of all block {block} ({signed(most)})."
        )
    if residual and plain and residual["mean"] is not None and plain["mean"] is not None:
        verdicts = {
            "most": "So the residual blocks refine what passes.",
            "few": "So in the mean the residual blocks refine what passes; but that is the doing of a few of them: the "
            "typical block steps downhill hardly more than a plain one.",
            "no": "The residual network does not step downhill more than the plain one here.",
        }
        means, medians = ([side[what] for side in (residual, plain)] for what in ("mean", "median"))
        told.append(verdicts[findings.refines(*means, *medians)])
    return " ".join(told)


def shattering(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = []
    for side in both(reports):
        (shallow, first), *_, (deep, last) = side["agreement"].items()
        kind = "With shortcuts" if side == residual else "Without"
        told.append(f"{kind} the cosine goes from {first:.2f} at {shallow} layers to {last:.2f} at {deep}.")
    if residual and plain:
        (_, r), (_, p) = list(residual["agreement"].items())[-1], list(plain["agreement"].items())[-1]
        told.append(
            "Without shortcuts neighbours’ gradients have next to nothing in common: they are shattered."
            if findings.shattered(r, p)
            else "The difference is smaller than in Balduzzi et al."
        )
    return " ".join(told)


def landscape(reports: Reports) -> str:
    residual, plain = sides(reports)
    told = [
        f"{side.title}’s loss goes from {magnitude(side['minimum'])} to {magnitude(side['maximum'])}; on "
        f"{percent(side['share_below_guessing'])} of the map it is below {side['guessing']:.2f}, that of guessing."
        for side in both(reports)
    ]
    if residual and plain:
        shares = [side["share_below_guessing"] for side in (residual, plain)]
        verdicts = {
            "alike": "By this measure the two hardly differ.",
            "farther": "With shortcuts the low ground reaches farther.",
            "no farther": "Here the low ground does not reach farther with shortcuts, unlike in Li et al.",
        }
        told.append(verdicts[findings.low_ground(*shares)])
    return " ".join(told)


def sanity(reports: Reports) -> str:
    told = []
    for side in both(reports):
        left = ", ".join(
            f"{method} {value:.2f} and {side['left'][method]:.2f}" for method, value in side["left_below"].items()
        )
        told.append(
            f"This is left of the correlation with the last stage of {side.title} random, and with all of it: {left}."
        )
    methods = keeping(reports)
    told.append(
        f"Without the last stage more than half is left of {pair(methods)}: what the network learned there is hardly "
        "seen."
        if methods
        else "Without the last stage no map keeps more than half: all of them depend on what was learned there."
    )
    return " ".join(told)


def localise(reports: Reports) -> str:
    told = []
    for side in both(reports):
        found = pointing(side)
        told.append(
            f"{side.title} has {percent(side['accuracy'])} of these pictures right. The object covers "
            f"{percent(side['area'])} of a picture; most often on it is the highest place of {found.best} "
            f"({percent(found.score)})."
        )
        told.append(
            f"Surely more often than its area would let them, {found.than_area} of {found.maps} maps point at it; more "
            f"often than the middle of the picture does ({percent(found.middle)}), {found.than_middle}."
        )
    return " ".join(told)


def faithful(reports: Reports) -> str:
    told = []
    for side in both(reports):
        for kind, words in (("deletion", "deletion falls fastest by"), ("insertion", "insertion rises fastest by")):
            name, area, chance = best_area(side, kind)
            told.append(f"{side.title}: of the maps, {words} {name} (area {area:.2f}; by random ones {chance:.2f}).")
        good = better_than_random(side)
        told.append(
            f"Surely better than random in both: {pair(good)}."
            if good
            else "No map is surely better than random in both."
        )
    if any(best_area(side, "deletion")[1] > best_area(side, "deletion")[2] for side in both(reports)):
        told.append(
            "That random deletion is fast does not mean that random maps explain: grey pixels all over a small picture "
            "make it unlike any that the network has seen."
        )
    return " ".join(told)


_READINGS: dict[str, Callable[[Reports], str]] = {
    "lesion": lesion,
    "lesions": lesions,
    "dial": dial,
    "lens": lens,
    "paths": paths,
    "gradients": gradients,
    "responses": responses,
    "refinement": refinement,
    "shattering": shattering,
    "landscape": landscape,
    "sanity": sanity,
    "localise": localise,
    "faithful": faithful,
}
