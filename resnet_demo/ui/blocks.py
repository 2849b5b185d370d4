"""gradio's `Blocks`, without its work for what an event leaves as it is."""

from __future__ import annotations

import copy
from typing import Any

import gradio as gr


class Blocks(gr.Blocks):
    """An app in which an event costs what it changes, however many components it may change.

    An event that shows the session anew names every component of every page, and answers with a few of them. gradio
    builds each of the others again, to find that nothing is new: half a millisecond each.
    """

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """As in gradio, for the components that a dict of new values names; the others stay as they are."""
        if len(block_fn.outputs) < 2 or not isinstance(predictions, dict):
            return await super().postprocess_data(block_fn, predictions, state)
        here, skip = set(block_fn.outputs), gr.skip()
        if predictions != skip and any(component not in here for component in predictions):  # gradio says so
            return await super().postprocess_data(block_fn, predictions, state)
        changed = [output for output in block_fn.outputs if predictions.get(output, skip) != skip]
        data: dict[Any, Any] = {}
        if changed:
            few = copy.copy(block_fn)
            few.outputs = changed
            values = [predictions[output] for output in changed]
            answers = await super().postprocess_data(few, values[0] if len(values) == 1 else values, state)
            data = dict(zip(changed, answers, strict=True))
        return [data.get(output, None if output.stateful else skip) for output in block_fn.outputs]
