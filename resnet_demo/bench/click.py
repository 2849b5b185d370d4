"""What a click on a block of ResNet-56 has to wait for in a real browser, until its drawing is on the screen.

Each click opens another block. The limit is 150 ms, which feels at once; the peer is a request to the same server that
does nothing, so that a busy computer shows.
"""

from __future__ import annotations

import statistics
from typing import Any

from .browser import page_of

NETWORK, CLICKS, LIMIT = "resnet56", 54, 0.15
# Milliseconds from a click on `block` until a frame with its drawing was painted.
CLICK = """
(block) => new Promise((resolve, reject) => {
  const there = () => document.querySelector(`#block .rd-save[data-name$="-${block}"]`);
  const start = performance.now();
  const watch = new MutationObserver(() => {
    if (!there()) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
  });
  watch.observe(document.querySelector('#block'), {subtree: true, childList: true, attributes: true});
  setTimeout(reject, 20000, new Error('no drawing of ' + block));
  const stops = [...document.querySelectorAll(`#street [data-block="${block}"]`)];
  stops.find((stop) => stop.getBoundingClientRect().width > 0).dispatchEvent(new MouseEvent('click', {bubbles: true}));
})
"""
NOTHING = """
async () => {
  const start = performance.now();
  await (await fetch('theme.css')).text();
  return performance.now() - start;
}
"""


def measure() -> dict[str, Any]:
    ours, peer = [], []
    with page_of(f"?model={NETWORK}&weights=trained", "click") as page:
        page.wait_for_selector("#curves svg", timeout=60_000)
        blocks = page.eval_on_selector_all("#street [data-block]", "found => found.map((one) => one.dataset.block)")
        names = list(dict.fromkeys(blocks))
        for number in range(CLICKS + 3):
            seconds = page.evaluate(CLICK, names[(7 * number + 3) % len(names)]) / 1000
            page.wait_for_timeout(300)  # a person's pause; what stands further down comes meanwhile
            if number >= 3:  # after a warm-up
                ours.append(seconds)
                peer.append(page.evaluate(NOTHING) / 1000)
    middle, late = statistics.median(ours), statistics.quantiles(ours, n=20)[-1]
    return {
        "ours": middle,
        "p95": late,
        "peer": statistics.median(peer),
        "limit": LIMIT,
        "ratio": middle / LIMIT,
        "unit": "ours / limit, p50",
        "work": f"{NETWORK}, {CLICKS} clicks on blocks in chromium, each until the block's drawing is painted",
    }
