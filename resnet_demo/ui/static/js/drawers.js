// The drawers that hang below the bar: one is open at a time, as `<html data-drawer>` says.
const root = document.documentElement;
const drawer = (name) => document.querySelector(`#${name}-drawer`);
const chip = (name) => document.querySelector(`#chips [data-drawer="${name}"]`);

export function open(name) {
  if (name) root.dataset.drawer = name;
  else delete root.dataset.drawer;
  mark();
}

/** The chips are drawn anew with every answer; which drawer is open is known here. */
function mark() {
  for (const button of document.querySelectorAll('#chips [data-drawer]')) {
    const expanded = String(button.dataset.drawer === root.dataset.drawer);
    if (button.getAttribute('aria-expanded') !== expanded) button.setAttribute('aria-expanded', expanded);
  }
  const film = document.querySelector('#chips [data-film]');
  if (!film) delete root.dataset.film;
  else if (film.dataset.film) root.dataset.film = 'open'; // the network in sight is that of a moment
  film?.setAttribute('aria-expanded', String('film' in root.dataset));
}

/** Runs with the chips' element, once it is there. */
export function chips(element) {
  new MutationObserver(mark).observe(element, {
    childList: true, subtree: true, attributes: true, attributeFilter: ['data-film', 'data-drawer'],
  });
  mark();
}

const OUTSIDE = 'ul.options, .toast-wrap'; // gradio puts its menus and notices at the end of the page

document.addEventListener('click', (event) => {
  if (event.target.closest('#chips [data-film]')) {
    if ('film' in root.dataset) delete root.dataset.film;
    else root.dataset.film = 'open';
    mark();
    return;
  }
  const button = event.target.closest('#chips [data-drawer]');
  const name = root.dataset.drawer;
  if (button) open(button.dataset.drawer === name ? '' : button.dataset.drawer);
  else if (name && event.target.isConnected && !event.target.closest(`.rd-drawer, ${OUTSIDE}`)) open('');
});

document.addEventListener('keydown', (event) => {
  const name = root.dataset.drawer;
  if (event.key !== 'Escape' || !name) return;
  open('');
  chip(name)?.focus();
});

document.addEventListener('focusin', (event) => {
  const name = root.dataset.drawer;
  if (!name || event.target.closest(OUTSIDE) || event.target === chip(name)) return;
  if (!drawer(name).contains(event.target)) open('');
});
