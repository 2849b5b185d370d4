// What needs the server longer than a moment shows a quiet line at the top of the figures that wait; all stays in use.
//
// Events that show something anew have the component `#answered` among their outputs, a number that grows with each answer.
// So a request that goes out to such an event begins a wait, and the next number, or a notice of an error, ends it.
import { released } from './newest.js';

const quiet = 200; // ms without a line
const tooLong = 30000; // then the connection is lost, and gradio says so

/** Counts what is under way: `began` and `ended` for one, `none` for all of it; calls `show` with whether any waits. */
export function counter(show) {
  let under = 0;
  const set = (count) => {
    const was = under > 0;
    under = Math.max(0, count);
    if (under > 0 !== was) show(under > 0);
  };
  return { began: () => set(under + 1), ended: () => set(under - 1), none: () => set(0) };
}

/** The index of the event that a request to gradio asks for; undefined for other requests. */
export function eventOf(url, body) {
  if (!/\/(queue\/join|run\/[^/?]*)(\?|$)/.test(url) || typeof body !== 'string') return undefined;
  try {
    return JSON.parse(body).fn_index;
  } catch {
    return undefined;
  }
}

/** The indices of the events that will be answered by a number in `#answered`. */
export function answering({ components, dependencies }) {
  const answered = components.find(({ props }) => props.elem_id === 'answered')?.id;
  return new Set(dependencies.filter(({ outputs }) => outputs.includes(answered)).map(({ id }) => id));
}

/** What is marked: the figures in sight, or where there is none yet, as on a page's first visit, the page itself. */
export const marked = (figures, page) => (figures.length ? new Set(figures) : new Set(page ? [page] : []));

const pageInSight = () =>
  [...document.querySelectorAll('#pages [role=tabpanel]')].find((panel) => panel.getClientRects().length);

const figures = () =>
  [...document.querySelectorAll('[role=tabpanel] .rd-figure')]
    .map((figure) => figure.closest('.block'))
    .filter((block) => block && block.offsetParent);

function mark(waits) {
  for (const block of document.querySelectorAll('[data-waiting]')) {
    delete block.dataset.waiting;
    block.removeAttribute('aria-busy');
  }
  for (const block of waits ? marked(figures(), pageInSight()) : []) {
    block.dataset.waiting = '';
    block.setAttribute('aria-busy', 'true');
  }
}

let soon, late;
const waits = counter((any) => {
  clearTimeout(soon);
  clearTimeout(late);
  if (!any) return mark(false);
  soon = setTimeout(mark, quiet, true);
  late = setTimeout(waits.none, tooLong);
});

/** Called by gradio when `#answered` has a new number. */
export const answered = () => {
  waits.ended();
  released();
};

const refused = () => {
  waits.none();
  released();
};

if (globalThis.document) {
  const ask = globalThis.fetch;
  let asking;
  globalThis.fetch = (input, options) => {
    const index = eventOf(String(input?.url ?? input), options?.body);
    if (index !== undefined && globalThis.gradio_config) {
      asking ??= answering(globalThis.gradio_config);
      if (asking.has(index)) waits.began();
    }
    return ask(input, options);
  };
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        if (node.nodeType === Node.ELEMENT_NODE && (node.matches('.toast-body') || node.querySelector('.toast-body')))
          refused();
      }
    }
  }).observe(document.body, { childList: true, subtree: true });
}
