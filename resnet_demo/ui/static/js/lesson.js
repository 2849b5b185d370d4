// The lesson turns in the browser: the text of all steps is on the page, and the next figure is fetched ahead. The server
// hears of each turn, and answers with the step's figure and controls.
import { sender } from './newest.js';

const QUIET = 200; // ms until a figure that waits says so
const TOO_LONG = 20_000; // the connection is lost, or the step was refused
const SETTLED = 300; // since the figure last changed: then the next one is fetched
const KEPT = 'lesson'; // in the tab's storage: what was opened and answered, for when the page is loaded again
// What one writes in, or chooses from by what one writes; and what has arrow keys of its own.
const WRITTEN_IN =
  'input:not([type=radio], [type=range], [type=checkbox]), textarea, select, [contenteditable], [role=option], ' +
  '[role=listbox], [role=combobox]';
const OWN = `${WRITTEN_IN}, input, [role=slider], [role=radio], [role=tab], svg [tabindex]`;

/** The step that a key opens; 0 where it opens none. */
export function stepAfter(key, step, last) {
  const by = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const to = by ? step + by : /^[1-9]$/.test(key) ? Number(key) : 0;
  return to >= 1 && to <= last && to !== step ? to : 0;
}

/** Whether a key press is meant for the page rather than for what has the focus. */
export function isFree(event) {
  const held = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  return !event.defaultPrevented && !held && !event.target.closest?.(/^\d$/.test(event.key) ? WRITTEN_IN : OWN);
}

/** What is told to the server after a reload, "1,2 3,0": by step the choice that was made, 0 where none was. */
export function recalled(kept) {
  return Object.entries(kept)
    .map(([step, choice]) => `${step},${choice}`)
    .join(' ');
}

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
}

function store(step, choice) {
  const kept = stored();
  if (kept[step]) return; // the first choice counts
  if (kept[step] === choice) return;
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ ...kept, [step]: choice }));
  } catch {
    /* a browser that keeps nothing */
  }
}

let askAhead = () => {};
let tell = () => {};

/** Runs with the element that holds the next figure. */
export function ahead(element, trigger) {
  askAhead = () => trigger('select', { value: 0 });
}

/** Runs with the questions: a choice shows at once whether it is right; it is sent for the score at the end. */
export function answers(element, trigger) {
  tell = (value) => trigger('select', { value });
  element.addEventListener('click', (event) => {
    const chosen = event.target.closest('.rd-choice');
    if (!chosen) return;
    const question = chosen.closest('.rd-step');
    for (const choice of question.querySelectorAll('.rd-choice')) {
      const right = choice.dataset.right === 'true';
      choice.setAttribute('aria-pressed', choice === chosen);
      choice.classList.toggle('rd-right', choice === chosen && right);
      choice.classList.toggle('rd-miss', choice === chosen && !right);
    }
    const answer = question.querySelector('details');
    answer.open = true;
    answer.scrollIntoView({ block: 'nearest' });
    const [step, choice] = chosen.dataset.choice.split(',');
    store(step, Number(choice));
    tell(chosen.dataset.choice);
  });
}

/** Runs with the list of steps. */
export function lesson(element, trigger) {
  const page = document.querySelector('#lesson');
  const figure = page?.querySelector('#lesson-figure');
  if (!figure) {
    // gradio mounts one after the other
    requestAnimationFrame(() => lesson(element, trigger));
    return;
  }
  let wanted = 0; // the step that the server has not answered yet
  let late = 0,
    quiet = 0,
    soon = 0,
    tries = 0,
    begun = false;

  const turn = sender(trigger);

  const nav = () => element.querySelector('nav');
  const served = () => Number(nav().dataset.now);
  const step = () => wanted || served();
  const last = () => element.querySelectorAll('.rd-lesson-step').length;
  const inSight = () => page.getClientRects().length > 0;

  function settle() {
    clearTimeout(late);
    wanted = 0;
  }

  function go(to) {
    wanted = to;
    clearTimeout(late);
    late = setTimeout(() => {
      settle();
      paint();
    }, TOO_LONG);
    page.querySelector('#lesson-read').scrollTop = 0;
    const top = document.querySelector('#pages').getBoundingClientRect().top;
    if (top < 0) scrollBy(0, top - 60);
    turn(to);
    paint();
  }

  /** Shows what is there of the step: text and number at once, the figure as soon as there is one. */
  function paint() {
    if (!nav()) return;
    const drawn = [...figure.querySelectorAll('.rd-drawn')];
    if (wanted === served() && Number(drawn[0]?.dataset.step) === wanted) settle();
    const now = String(step());
    if (page.dataset.step !== now) page.dataset.step = now;
    page.toggleAttribute('data-turning', wanted !== 0);
    for (const button of element.querySelectorAll('.rd-lesson-step')) {
      const here = button.dataset.step === now;
      if (here && !button.hasAttribute('aria-current')) button.setAttribute('aria-current', 'step');
      if (!here) button.removeAttribute('aria-current');
    }
    const found = drawn.find((one) => one.dataset.step === now);
    for (const one of drawn) one.hidden = one !== (found ?? drawn[0]);
    wait(!found && drawn.length > 0);
    if (!inSight()) return;
    store(now, 0);
    if (!begun) {
      begun = true;
      const kept = stored();
      if (Object.keys(kept).length > 1 || kept[now]) tell(recalled(kept));
    }
    clearTimeout(soon);
    soon = setTimeout(fetchAhead, SETTLED);
  }

  function wait(waits) {
    if (!waits) {
      clearTimeout(quiet);
      quiet = 0;
      delete figure.dataset.wait;
      figure.removeAttribute('aria-busy');
    } else if (!quiet) {
      figure.setAttribute('aria-busy', 'true');
      quiet = setTimeout(() => {
        figure.dataset.wait = nav().dataset.wait;
      }, QUIET);
    }
  }

  function fetchAhead() {
    const next = step() + 1;
    if (wanted || !inSight() || next > last() || tries > 1) return;
    if (figure.querySelector(`.rd-drawn[data-step="${next}"]`)) return;
    tries += 1;
    askAhead();
  }

  element.addEventListener('click', (event) => {
    const to = Number(event.target.closest('.rd-lesson-step')?.dataset.step);
    if (to) go(to);
  });
  // gradio's buttons would turn only when the server has answered.
  document.addEventListener(
    'click',
    (event) => {
      const button = event.target.closest?.('#lesson-next, #lesson-back');
      if (!button || !nav()) return;
      event.stopPropagation();
      const to = stepAfter(button.id === 'lesson-next' ? 'ArrowRight' : 'ArrowLeft', step(), last());
      if (to) go(to);
    },
    true,
  );
  document.addEventListener('keydown', (event) => {
    if (!inSight() || !nav() || !isFree(event)) return;
    const to = stepAfter(event.key, step(), last());
    if (!to) return;
    event.preventDefault();
    go(to);
  });
  const drawnAnew = { childList: true, subtree: true, attributes: true, attributeFilter: ['data-now', 'data-step'] };
  new MutationObserver(paint).observe(element, drawnAnew);
  new MutationObserver((changes) => {
    if (changes.some(({ target }) => target.closest('#lesson-now'))) tries = 0;
    paint();
  }).observe(figure, drawnAnew);
  new ResizeObserver(paint).observe(page); // the page comes into sight
  paint();
}
