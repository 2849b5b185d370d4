// A tour of four bubbles, shown once, on the first visit; a button at the foot of the page shows it again. It never stands
// in the way: the page can be used all the while, and a click on what a bubble speaks of leads on to the next one.
import { said } from './words.js';

const SEEN = 'lab-tour';
const asked = new URLSearchParams(location.search); // before the address tells what is shown
const STOPS = ['#street', '#block', '#chips .rd-switch, #chips .rd-network-chip', '#upload']; // what the bubbles speak of

let place = -1;
let bubble = null;

/** The first element that is in sight of those that a stop names. */
function target(stop) {
  return [...document.querySelectorAll(STOPS[stop])].find((one) => one.getClientRects().length > 0);
}

export function tour() {
  place = -1;
  next();
}

function next() {
  place += 1;
  while (place < STOPS.length && !target(place)) place += 1;
  if (place >= STOPS.length) return end();
  if (!bubble) {
    bubble = document.createElement('aside');
    bubble.id = 'tour';
    bubble.setAttribute('role', 'status');
    document.body.append(bubble);
  }
  draw();
}

/** The words follow the language, also while the tour is open. */
function draw() {
  const words = said().tour;
  document.querySelector('.rd-toured')?.classList.remove('rd-toured');
  target(place)?.classList.add('rd-toured');
  const last = place === STOPS.length - 1;
  bubble.replaceChildren(
    part('p', words.stops[place]),
    part('span', `${place + 1} / ${STOPS.length}`),
    button(words.skip, end),
    button(last ? words.done : words.next, last ? end : next, 'rd-tour-next'),
  );
}

function part(kind, text) {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function button(text, press, kind = '') {
  const made = part('button', text);
  made.type = 'button';
  made.className = kind;
  made.addEventListener('click', press);
  return made;
}

function end() {
  document.querySelector('.rd-toured')?.classList.remove('rd-toured');
  bubble?.remove();
  bubble = null;
  remember();
}

function remember() {
  try {
    localStorage.setItem(SEEN, 'seen');
  } catch {
    // A browser that keeps nothing shows the tour again.
  }
}

function isFirstVisit() {
  try {
    return !localStorage.getItem(SEEN);
  } catch {
    return false;
  }
}

/** Begins the tour for somebody who is here for the first time and was not led to a certain view by a link. */
export function welcome() {
  for (const name of ['lang', '__theme']) asked.delete(name);
  if (![...asked].length && isFirstVisit()) {
    remember(); // once, even if the page is left before its end
    tour();
  }
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-tour]')) tour();
  else if (bubble && target(place)?.contains(event.target)) next();
});
// Who brings a picture wants to see its answer, which the bubble would cover.
document.addEventListener(
  'change',
  (event) => {
    if (bubble && event.target.matches('#bar input[type=file]')) end();
  },
  true,
);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && bubble) end();
});
new MutationObserver(() => bubble && draw()).observe(document.documentElement, { attributeFilter: ['lang'] });
