"""The words that drawings hold, so that another language can be put in their place.

Words in braces are filled in by the drawing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """English, unless said otherwise. Whole sentences describe a drawing to those who cannot see it."""

    # The street
    stage: str = "stage {number}"
    maps: str = "{channels} maps of {height}×{width}"
    input: str = "input"
    changes: str = "changes what passes by {share:.0%}"
    cut: str = "cut"
    block_is: str = "Block {name}: {what}"
    shortcut_is: str = "Shortcut of block {name}: {what}"
    branch_is: str = "F(x) of block {name}: {what}"
    whole: str = "whole"
    residual_street: str = "The residual network as a street of {count} blocks."
    plain_street: str = "The plain network, without shortcuts, as a street of {count} blocks."
    choose_to_look: str = "Choose one to look inside."
    choose_to_cut: str = "Choose one to cut its residual branch, or to mend it."
    choose_stretch: str = "Choose the road below one to cut or mend its shortcut."

    # A block
    shortcut: str = "shortcut"
    total: str = "F(x) + shortcut"
    total_of_nothing: str = "F(x) + nothing"
    identity: str = "shortcut: x, untouched"
    padding: str = "shortcut A: half the pixels, new channels 0"
    projection: str = "shortcut B: a 1×1 projection of x"
    no_shortcut: str = "no shortcut"
    lost: str = "what F does not pass on is lost"
    block_drawn: str = "Block {name} drawn as its equation, with the norms of its values: {norms}."

    # Attributions
    no_evidence: str = "no evidence"
    block_cam: str = "Grad-CAM of block {name}"
    block_cam_empty: str = "Grad-CAM of block {name}: no positive evidence"
    cam_of: str = "CAM of {what}"
    the_sum: str = "the sum"

    # The lens
    stem: str = "stem"
    as_it_is: str = "as it is"
    before: str = "before"
    now: str = "now"
    lens: str = "How probable “{label}” is after each block, read off through the shortcuts that remain"

    # Curves over the blocks
    carries: str = "How much each branch carries"
    relates: str = "How the two branches relate"
    cosine: str = "cosine of F(x) and shortcut"
    block: str = "block"
    norm_of_shortcut: str = "‖shortcut‖"
    ratio: str = "‖F(x)‖ / ‖shortcut‖"
    nothing_to_compare: str = "without shortcuts there is"
    with_f: str = "nothing to compare F(x) with"

    # The lesson
    shortcut_of_x: str = "shortcut(x)"
    sum_at: str = "Block {name} at row {row}, column {column} of channel {channel}: F(x), shortcut, their sum and y."
    lines: str = "{title}. At {place}: {told}."

    # The race
    ready: str = "ready, steady …"
    pictures_seen: str = "pictures seen"
    right: str = "% right"
    test: str = "test"
    training: str = "training"
    training_now: str = "train {accuracy}"
    guessing: str = "guessing:"
    guessing_gets: str = "guessing: {chance}"
    percent: str = "{value} %"
    race: str = "Training race, right answers over pictures seen: {told}."
    race_test: str = "{name} {accuracy} % of the test pictures after {pictures}"
    race_training: str = "{name} {accuracy} % of the training pictures after {pictures}"
    not_begun: str = "not yet begun"

    # Gradients and ratios
    gradient_scale: str = "gradient norm, each line ten times the one below"
    gradient_scale_short: str = "gradient norm, log scale"
    gradients: str = "Norm of the loss's gradient for the weights of each block"
    ratios: str = "How much each block adds: norm of F(x) over norm of the shortcut"
    first_block: str = "first block"
    last_block: str = "last block"
    way: str = "input → output"
    first_and_last: str = "first {first} · last {last}"
    from_first_to_last: str = "first block {first}, last block {last}, of {count}"
    not_measured: str = "not measured yet"
    not_finite: str = "not finite"
    nothing_yet: str = "nothing yet"
    value_of_block: str = "block {name}: {value}"

    # The confusion matrix
    it_is: str = "it is …"
    taken_for: str = "… and was taken for"
    cell_right: str = "{true}: {value:,} of {total:,} right ({share})"
    cell_wrong: str = "{true} taken for {answer}: {value:,} of {total:,} ({share})"
    confusion: str = "Confusion matrix of {classes} classes: {right:,} of {total:,} pictures right."

    # Finished trainings
    loss: str = "Loss"
    right_answers: str = "Right answers, %"
    plain_networks: str = "Plain networks"
    residual_networks: str = "Residual networks"
    none_trained: str = "none trained yet"
    error: str = "error, %"
    epoch: str = "epoch"


ENGLISH = Terms()
