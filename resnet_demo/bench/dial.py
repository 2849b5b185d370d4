"""How many new pictures a second a dial gives that is dragged, on the page Cut with ResNet-56, in a real browser.

The dial moves with every frame of the screen for three seconds, a few times. The limit is 8 pictures a second, which
looks like one movement; the peer is how often the server is asked. At most one request should be under way at a time.
"""

from __future__ import annotations

import statistics
from typing import Any

from ..errors import InputError
from .browser import page_of

NETWORK, ROUNDS, LIMIT = "resnet56", 4, 8.0
SECONDS = 3.0
# Moves the dial for so many milliseconds, then waits until the page is at rest.
DRAG = """
(length) => new Promise((resolve) => {
  const input = document.querySelector('#dial-residual input[type=range]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const street = document.querySelector('#cut-street');
  const maps = () => [...street.querySelectorAll('svg.rd-street image')];
  const drawing = () => maps().map((one) => one.getAttribute('href')).join();
  const start = performance.now(), ask = window.fetch;
  let last = drawing(), drawn = 0, asked = 0, open = 0, most = 0, value = '1', rest;
  window.fetch = (input, options) => {
    if (!/\\/(queue\\/join|run\\/[^/]*)(\\?|$)/.test(String(input?.url ?? input))) return ask(input, options);
    if (performance.now() - start <= length) asked += 1;
    most = Math.max(most, ++open);
    return ask(input, options).finally(() => { open -= 1; });
  };
  const atRest = (wait) => {
    clearTimeout(rest);
    rest = setTimeout(end, wait);
  };
  const watch = new MutationObserver(() => {
    const now = drawing();
    if (now === last) return;
    last = now;
    if (performance.now() - start <= length) drawn += 1;
    if (performance.now() - start > length) atRest(1500);
  });
  watch.observe(street, {subtree: true, childList: true, attributes: true});
  const end = () => {
    watch.disconnect();
    window.fetch = ask;
    const said = document.querySelector('#cut-street figcaption').textContent;
    resolve({drawn, asked, most, value, said});
  };
  const step = () => {
    const time = performance.now() - start;
    value = (1 - 0.9 * Math.abs(Math.sin(time / 300))).toFixed(1);
    set.call(input, value);
    input.dispatchEvent(new Event('input', {bubbles: true}));
    if (time < length) requestAnimationFrame(step);
    else atRest(3000);
  };
  step();
})
"""


def measure() -> dict[str, Any]:
    speeds, asked, most = [], [], 0
    with page_of(f"?model={NETWORK}&weights=trained&tab=cut", "dial") as page:
        page.wait_for_selector("#cut-street svg", timeout=60_000)

        for number in range(1 + ROUNDS):
            found = page.evaluate(DRAG, 1000 * SECONDS)
            if f" {float(found['value']):g}," not in found["said"]:
                raise InputError(
                    "The dial ended at {value}, but the page says: {said}", value=found["value"], said=found["said"]
                )
            if number:  # the first is for warming up
                speeds.append(found["drawn"] / SECONDS)
                asked.append(found["asked"] / SECONDS)
                most = max(most, found["most"])
    middle = statistics.median(speeds)
    return {
        "ours": 1 / middle,
        "peer": 1 / statistics.median(asked),
        "limit": 1 / LIMIT,
        "ratio": middle / LIMIT,
        "pictures_a_second": middle,
        "least": min(speeds),
        "requests_at_a_time": most,
        "unit": "pictures a second / limit; figures in seconds per picture",
        "work": f"{NETWORK}, a dial that moves for {SECONDS:g} s in chromium, {ROUNDS} times",
    }
