// What is chosen in a list that scrolls is in sight, also where an address chose it. The page itself does not move.
const MARGIN = 8; // px around it

/** How far a box from `top` to `end` has to scroll so that `first` to `last` lies in it; 0 where it does. */
export function shift(top, end, first, last) {
  if (first < top + MARGIN) return first - top - MARGIN;
  return last > end - MARGIN ? Math.min(last - end + MARGIN, first - top - MARGIN) : 0;
}

/** Runs with a list of buttons. A choice is followed once: afterwards it may be scrolled out of sight. */
export function chosen(element) {
  const whole = element.closest('.block'); // of gradio's, which may be what scrolls
  let followed = null;
  const follow = () => {
    const one = element.querySelector('[aria-pressed=true]');
    if (!one || !one.getClientRects().length || followed === one) return;
    const same = followed?.dataset.experiment === one.dataset.experiment; // drawn anew: what scrolls in it begins anew
    followed = one;
    for (let box = one.parentElement; box && whole.contains(box); box = box.parentElement) {
      if (same && box.contains(element)) break;
      const [there, here] = [box.getBoundingClientRect(), one.getBoundingClientRect()];
      const foot = Math.min(there.bottom, innerHeight);
      if (box.scrollHeight > box.clientHeight) box.scrollTop += shift(there.top, foot, here.top, here.bottom);
      if (box.scrollWidth > box.clientWidth) box.scrollLeft += shift(there.left, there.right, here.left, here.right);
    }
  };
  new MutationObserver(follow).observe(element, { childList: true, subtree: true, attributeFilter: ['aria-pressed'] });
  new ResizeObserver(follow).observe(element); // the page comes into sight
  follow();
}
