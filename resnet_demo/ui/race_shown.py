"""What the page Train shows of a race: the curves and the speed while it runs, and what came out of it."""

from __future__ import annotations

from functools import lru_cache, partial

from markupsafe import Markup

from .. import i18n
from ..data import Survey, notes_of
from ..data.small import coarse_test, steps_per_epoch
from ..figures import (
    draw_confusion,
    draw_degradation,
    draw_gradients,
    draw_race,
    draw_ratios,
    network_title,
    photo_uri,
)
from ..i18n import Language, Message, _, _n, _p
from ..models import zoo
from ..models.zoo import is_plain
from ..training.records import Record
from .captions import forecast as expected
from .captions import training as said
from .classes import titles
from .html import both, both_curves, figure, heading, joined, note
from .html import progress as bar
from .jobs.forecast import Forecast
from .jobs.race import Race

MISTAKES = 4  # of each network: one row

# While it runs


def waiting(say: Language) -> Markup:
    words = _("The curves will grow here, one for each network.")
    return figure(both(draw_race, {}, say=say), words, "race", say=say)


def curves(race: Race, say: Language) -> Markup:
    """The race as it stands."""
    records, classes = race.records, len(race.train_set.classes)
    pictures = race.plan.epochs and race.plan.epochs * len(race.train_set)  # the axis; by the clock nobody knows
    learned = both(draw_race, records, pictures, classes, say=say)
    return figure(learned, said.race(records, classes, race.over), "race", say=say)


def gradients(race: Race, say: Language) -> Markup:
    """Those of the last step."""
    latest = _latest(race)
    title = heading(say(_("The gradient at each block")))
    return title + figure(both(draw_gradients, latest, say=say), said.gradients(latest), "gradients", say=say)


def _latest(race: Race) -> dict[str, Record]:
    return {name: run[-1] for name, run in race.records.items() if run}


def progress(race: Race, say: Language) -> Markup:
    """How fast, and how much longer."""
    done = race.progress
    if race.stopped:
        left = _("Stopped: what was learned is tested once more")
    elif done >= 1:
        left = _("The time is up: what was learned is tested on {pictures:,} pictures", pictures=len(race.test_set))
    elif race.plan.seconds:
        left = _("about <b>{seconds:.0f} s</b> left", seconds=race.plan.seconds * (1 - done))
    else:
        left = _("<b>{percent:.0f} %</b> done", percent=100 * done)
    speeds = [
        _("{name} <b>{speed:,}</b> pictures/s", name=network_title(name), speed=round(run[-1].images_per_second))
        for name, run in race.records.items()
        if run
    ]
    return bar(done, say(_("Training")), Markup(" · ").join(say.html(words) for words in (left, *speeds)))


def outlook(race: Race, found: Forecast | None, say: Language) -> Markup:
    """What to expect, while it runs, and a way to a shorter network where that is nothing."""
    if race.over:
        return Markup("")
    plan, training = race.plan, next(iter(race.trainings.values()))
    few = None
    if plan.epochs:
        count = plan.epochs * training.steps_per_epoch
        few = expected.steps(plan.epochs, len(race.train_set), count, training.recipe.batch)
    told = [few, expected.measuring(plan) if found is None else expected.forecast(found, plan)]
    told += [coarse_test(len(race.test_set)), *notes_of(race.train_set, race.test_set)]
    poor = bool(few) or (found is not None and found.too_little)
    button = Markup("")
    if found is not None and found.shorter:
        button = Markup("<button type='button' class='rd-look' data-depth='{}'>{}</button>").format(
            found.shorter, say(expected.shorter(found.shorter))
        )
    words = Markup(" ").join(say(message) for message in told if message)
    return Markup("<div class='rd-outlook{}'><p>{}</p>{}</div>").format(" rd-warning" if poor else "", words, button)


def brought(found: Survey, epochs: int, batch: int, say: Language) -> Markup:
    """What is in a zip of the visitor's, and what of it will be left out; so many epochs were suggested for it."""
    steps = steps_per_epoch(found.training, batch)
    notes = filter(None, (*found.notes, coarse_test(found.testing)))
    inside = note(say(expected.brought(found, epochs, steps)))
    return inside + joined(note(say(words), "rd-warn") for words in notes)


def refusal(why: Message, say: Language) -> Markup:
    """Why what was asked for cannot be, where one looks for what comes of it."""
    return Markup("<p class='rd-note rd-warning' role='alert'>{}</p>").format(say(why))


def summary(race: Race) -> Message:
    if not race.results:
        return _("Stopped before anything was learned.") if race.stopped else _("The training failed.")
    return _("Stopped. What was learned until then is kept.") if race.stopped else _p("training", "Done.")


# Afterwards


def outcome(race: Race, say: Language) -> Markup:
    """What came out: the figures, a way to look inside, the confusions and the worst mistakes of each network."""
    failed = [
        _("{name} ended early: {reason}", name=network_title(name), reason=reason)
        for name, reason in race.failures.items()
    ]
    if not race.results:
        return joined(note(say(message), "rd-warn") for message in failed or [_("Nothing was trained.")])
    parts = [heading(say(_("What came out")))]
    parts += [note(say(words), "rd-warn") for words in (*failed, *notes_of(race.train_set, race.test_set))]
    exact = race.repeats_exactly
    if exact is not None:
        same = _("Replayed: every test came out exactly as the first time.")
        differs = _("Replayed with the same seeds and schedule, but the tests differ.")
        parts.append(note(say(same if exact else differs)))
    rows = joined(_row(name, race, say) for name in race.results)
    parts.append(Markup("<div class='rd-scroll'><table class='rd-table'><tbody>{}</tbody></table></div>").format(rows))
    asked = {name: (result.test.accuracy, result.test.n) for name, result in race.results.items()}
    if meaning := expected.meaning(asked):
        parts.append(note(say(meaning)))
    each = joined(_outcome(name, race, say) for name in race.results)
    parts.append(Markup("<div class='rd-outcomes'>{}</div>").format(each))
    if with_shortcuts := {name: record for name, record in _latest(race).items() if not is_plain(name)}:
        ratios = both(draw_ratios, with_shortcuts, say=say)
        words = _(
            "‖F(x)‖ / ‖shortcut‖ on eight training pictures. Below 1 the shortcut carries more than the block adds."
        )
        title = say(_("How much each block adds to its shortcut"))
        fold = Markup("<details class='rd-fold'><summary>{}</summary>{}</details>")
        parts.append(fold.format(title, figure(ratios, words, "ratios", say=say)))
    return joined(parts)


def _row(name: str, race: Race, say: Language) -> Markup:
    result = race.results[name]
    tested = _(
        "<b>{share:percent}</b> of {pictures:,} test pictures", share=result.test.accuracy, pictures=result.test.n
    )
    sure = expected.interval(result.test.accuracy, result.test.n)
    last = race.trainings[name].history[-1]
    seen = _n(
        "{pictures:,} pictures seen in a single step", "{pictures:,} pictures seen in {steps:,} steps",
        last.step, pictures=last.images, steps=last.step,
    )  # fmt: skip
    return Markup(
        "<tr><th scope='row'>{}</th><td>{}{}</td><td>{}</td>"
        "<td><button type='button' class='rd-look' data-network='{}'>{}</button></td></tr>"
    ).format(
        network_title(name),
        say.html(tested),
        Markup("<br><small>{}</small>").format(say(sure)) if sure else "",
        say(seen),
        name,
        say(_("Look inside {name}", name=network_title(name))),
    )


def _outcome(name: str, race: Race, say: Language) -> Markup:
    """What one network takes for what, and the mistakes that it is most confident in."""
    result = race.results[name]
    labels, matrix = titles(result.test_set.classes, say), result.test.confusion
    drawing = both(draw_confusion, matrix, labels, say=say)
    title = say(_("{name}: what it takes for what", name=network_title(name)))
    confusion = figure(drawing, said.confusion(matrix, labels), f"{name}-confusion", say=say)
    return Markup("<section>{}{}{}</section>").format(heading(title, 4), confusion, _mistakes(name, race, say))


def _mistakes(name: str, race: Race, say: Language) -> Markup:
    result = race.results[name]
    wrong = result.test.mistakes(MISTAKES)
    if not len(wrong):
        none = _(
            "{name} makes no mistake on these {pictures:,} pictures.",
            name=network_title(name), pictures=result.test.n,
        )  # fmt: skip
        return note(say(none))
    shares, labels = result.test.logits.softmax(1), titles(result.test_set.classes, say)
    card = Markup(
        '<figure class="rd-mistake"><img class="rd-pixels" alt="{}" src="{}"><figcaption><b>{}</b> {}<br>{}'
        "</figcaption></figure>"
    )
    cards = []
    for index in wrong.tolist():
        answer, truth = int(shares[index].argmax()), labels[int(result.test.labels[index])]
        cards.append(
            card.format(
                say(_("{truth}, taken for {answer}", truth=truth, answer=labels[answer])),
                photo_uri(result.test_set.picture(index)),
                labels[answer],
                say.percent(float(shares[index, answer])),
                say(_("is {truth}", truth=truth)),
            )
        )
    title = heading(say(_("The mistakes it is most confident in")), 4)
    return title + Markup("<div class='rd-mistakes'>{}</div>").format(joined(cards))


# The long run


@lru_cache(maxsize=len(i18n.LANGUAGES))
def degradation_figure(code: str) -> Markup:
    """He et al. 2015, figures 1 and 6, from the histories of the networks that come with the app."""
    say, (histories, *again) = i18n.language(code), [zoo.degradation_histories(seed) for seed in range(zoo.MOST_SEEDS)]
    title = say(_("Training and test error by epoch, plain and residual networks"))
    drawing = both_curves(partial(draw_degradation, histories, again=again, say=say), title)
    reading = said.degradation(histories, {name: zoo.test_accuracies(name) for name in histories})
    if zoo.trained_alike():
        source = _("CIFAR-10, the same recipe for all; after He et al. 2015, figures 1 and 6.")
    else:
        source = _(
            "CIFAR-10, the same seed and number of epochs; the recipes differ a little between depths, but never "
            "between a network and its twin. After He et al. 2015, figures 1 and 6."
        )
    title = heading(say(_("The long run: what the bundled networks did")))
    return title + figure(drawing, reading, "degradation", source, say=say)
