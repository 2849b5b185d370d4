// Lists of buttons, and the bars of a chart, are one stop of the Tab key: the one that is chosen, or the first. Arrow keys
// go from one to the next.
const LISTS =
  '.rd-pictures, .rd-answers, .rd-classes, .rd-examples, .rd-menu, .rd-networks, .rd-pairs, .rd-switch, .rd-strip, ' +
  '#language, #pages .tab-container[role=tablist], #experiment-bundled svg, #experiment-live svg';
const STEPS = '.rd-lesson-steps'; // whose arrow keys turn the lesson
const CHOSEN = ':checked, [aria-pressed=true], [aria-current], [aria-selected=true]';
const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

// Where a key leads from the place at `from` of `count`: round at the ends; undefined for any other key.
export const to = (from, count, key) => {
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return key in KEYS ? (from + KEYS[key] + count) % count : undefined;
};

const ITEMS = 'button, [role=button], [type=radio]';
const items = (list) => [...list.querySelectorAll(ITEMS)].filter((one) => !one.disabled);

const mark = () => {
  for (const list of document.querySelectorAll(`${LISTS}, ${STEPS}`)) {
    const all = items(list);
    const stop = all.find((one) => one === document.activeElement) ?? all.find((one) => one.matches(CHOSEN)) ?? all[0];
    for (const one of all) {
      const index = one === stop ? '0' : '-1';
      if (one.getAttribute('tabindex') !== index) one.setAttribute('tabindex', index);
    }
  }
};

export const roving = () => {
  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      mark();
    });
  };
  new MutationObserver(soon).observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['aria-pressed', 'aria-current', 'aria-selected', 'disabled'],
  });
  document.addEventListener('focusin', soon);
  soon();

  // Before the lesson, whose own arrow keys turn its steps, sees the key.
  document.addEventListener(
    'keydown',
    (event) => {
      const list = event.target.closest?.(LISTS);
      if (!list || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const all = items(list);
      const next = to(all.indexOf(event.target.closest(ITEMS)), all.length, event.key);
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      all[next].focus();
    },
    true,
  );
};
