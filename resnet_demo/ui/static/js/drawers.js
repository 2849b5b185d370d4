// The drawers that hang below the bar: one is open at a time, as `<html data-drawer>` says.
const root = document.documentElement;
const drawer = (name) => document.querySelector(`#${name}-drawer`);
const chip = (name) => document.querySelector(`#bar [data-drawer="${name}"]`);
const FOCUSABLE = 'button, input, select, summary, a[href], [tabindex="0"]';
const visible = (element) => element.getClientRects().length > 0;

export function open(name, byKeyboard = false) {
  if (name) root.dataset.drawer = name;
  else delete root.dataset.drawer;
  mark();
  if (name && byKeyboard) [...drawer(name).querySelectorAll(FOCUSABLE)].find(visible)?.focus();
}

/** The chips are drawn anew with every answer; which drawer is open is known here. */
function mark() {
  for (const button of document.querySelectorAll('#bar [data-drawer]')) {
    const expanded = String(button.dataset.drawer === root.dataset.drawer);
    if (button.getAttribute('aria-expanded') !== expanded) button.setAttribute('aria-expanded', expanded);
  }
  const films = document.querySelectorAll('button[data-film]');
  if (!films.length) delete root.dataset.film;
  else if (films[0].dataset.film) root.dataset.film = 'open'; // the network in sight is that of a moment
  for (const film of films) film.setAttribute('aria-expanded', String('film' in root.dataset));
}

/** Runs with the chips' element, once it is there. */
export function chips(element) {
  new MutationObserver(mark).observe(element, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-film', 'data-drawer'],
  });
  mark();
}

/** The answer, on the first page. */
function goTo(id) {
  if (!document.querySelector('#' + id) || !visible(document.querySelector('#' + id))) {
    document.querySelector('#pages [role=tab]').click();
  }
  requestAnimationFrame(() => {
    const there = document.querySelector('#' + id);
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    there?.scrollIntoView({ block: 'nearest', behavior: still ? 'auto' : 'smooth' });
    there?.querySelector('button')?.focus({ preventScroll: true });
  });
}

const OUTSIDE = '[role=listbox], .toast-wrap'; // gradio may put its menus and notices at the end of the page
const MENU = 'input[role=combobox][aria-expanded=true]';

document.addEventListener('click', (event) => {
  const goal = event.target.closest('[data-goto]');
  if (goal) goTo(goal.dataset.goto);
  if (event.target.closest('button[data-film]')) {
    if ('film' in root.dataset) delete root.dataset.film;
    else root.dataset.film = 'open';
    open('');
    return;
  }
  const button = event.target.closest('#bar [data-drawer], .rd-drawer [data-drawer]');
  const name = root.dataset.drawer;
  if (button) open(button.dataset.drawer === name ? '' : button.dataset.drawer, event.detail === 0);
  else if (name && event.target.isConnected && !drawer(name).contains(event.target) && !event.target.closest(OUTSIDE)) {
    if (event.isTrusted) open(''); // a script's click is nobody's
  }
});

document.addEventListener('keydown', (event) => {
  const name = root.dataset.drawer;
  if (event.key !== 'Escape' || !name || document.querySelector(`${MENU}, dialog[open]`)) return;
  open('');
  chip(name)?.focus();
});

// A menu closes when it loses the focus; gradio leaves it open.
document.addEventListener('focusout', ({ target }) => {
  setTimeout(() => {
    if (document.activeElement === target || !target.matches?.(MENU)) return;
    target.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
  });
});

document.addEventListener('focusin', (event) => {
  const name = root.dataset.drawer;
  if (!name || event.target.closest(OUTSIDE) || event.target === chip(name)) return;
  if (!drawer(name).contains(event.target)) open('');
});
