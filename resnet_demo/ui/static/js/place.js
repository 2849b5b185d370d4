// Where one is: the page's address leads back to what is in sight, and every step there is an entry of the history.
import { translate } from './translate.js';
import { first, said } from './words.js';

const OURS = ['__theme', 'present', 'embed']; // what the server does not write, and the page keeps
const QUIET = ['lang']; // what is no step
// What is one. Everything else (dials, sliders, a square that is dragged, a film that runs) moves step by step: a run
// of such changes is one entry.
const STEPS = [
  'model', 'weights', 'seed', 'tab', 'block', 'target', 'shortcuts', 'cut', 'picture', 'second', 'step', 'experiment',
]; // prettier-ignore
const RUN = 1500; // ms: what moves again within that time is still moving
const TOO_LONG = 20000; // ms: an answer that takes longer does not come any more

const named = (part) => part.split('=')[0];
const parts = (query) => query.replace(/^\?/, '').split('&').filter(Boolean);

/** The part of a query that the server writes. */
export const written = (query) =>
  parts(query)
    .filter((part) => !OURS.includes(named(part)))
    .join('&');

/** A query of the server's with what the page keeps of the address that it stands in. */
export const whole = (query, search) =>
  '?' + [...parts(query), ...parts(search).filter((part) => OURS.includes(named(part)))].join('&');

/** The names of what differs between two queries. */
export function changes(before, after) {
  const [old, now] = [new URLSearchParams(before), new URLSearchParams(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((name) => old.get(name) !== now.get(name));
}

/** Whether going from one query to another is a new entry ('push'), or belongs to the one that is there ('replace'). */
export function entry(before, after, sinceMoved) {
  const changed = before === null ? [] : changes(before, after).filter((name) => !QUIET.includes(name));
  if (changed.some((name) => STEPS.includes(name))) return 'push';
  return changed.length && sinceMoved > RUN ? 'push' : 'replace';
}

let shown = null; // the query of what is in sight
let moved = -Infinity; // when something was moved, not chosen, for the last time
let ask = () => {}; // the server for a view; see `place`
let going = null; // the query that it is asked for by Back or Forward
let wanted = null; // and the one after that
let late = 0;
let [clicked, stepped] = [0, 0]; // when something was clicked, and when Back or Forward was, for the last time

function settle(query) {
  const how = entry(shown, query, performance.now() - moved);
  if (shown !== null && !changes(shown, query).some((name) => STEPS.includes(name))) moved = performance.now();
  else moved = -Infinity;
  shown = query;
  const there = whole(query, location.search);
  if (there === location.search) return;
  if (how === 'push') history.pushState(null, '', there);
  else history.replaceState(history.state, '', there + location.hash);
}

/** Keeps the address in step with what is shown, so that it can be copied or bookmarked, and says the language. */
export function address(query) {
  document.documentElement.lang = new URLSearchParams(query).get('lang') || first;
  document.title = said().title;
  translate(document.body);
  if (going === null && query) settle(query); // else it was asked for before the step that is being taken
}

/** Runs once the server can be asked. */
export function place(trigger) {
  ask = (query) => trigger('select', { value: query });
}

function go() {
  if (going !== null || wanted === null) return;
  [going, wanted] = [wanted, null];
  late = setTimeout(() => arrived(null), TOO_LONG);
  ask(going);
}

/** The view that was asked for is there, or was refused; `query` is that of what is shown now. */
export function arrived(query) {
  clearTimeout(late);
  going = null;
  if (wanted !== null) return go();
  if (!query) return;
  moved = -Infinity;
  shown = query;
  history.replaceState(history.state, '', whole(query, location.search) + location.hash);
}

/** What is asked for meanwhile waits; of several the last one counts. */
addEventListener('popstate', () => {
  const query = written(location.search);
  stepped = performance.now();
  if (shown === null || (going === null && query === shown)) return; // nothing to leave yet, or a place in the page
  wanted = query;
  go();
});

document.addEventListener(
  'click',
  (event) => {
    if (event.isTrusted) clicked = performance.now();
  },
  true,
);

/** Whether a tab that is selected now was not chosen, but follows a step back or forward. */
export const followed = () => stepped > clicked;

/** The address for somebody else: with the exact input of the visitor's own picture, where there is one to be sent. */
export function link(search, input) {
  const own = (new URLSearchParams(search).get('picture') || '').startsWith('own-');
  if (!own || !input) return search;
  const kept = parts(search).filter((part) => !['picture', 'crop'].includes(named(part)));
  return '?' + [...kept, 'input=' + input].join('&');
}

/** Which of our words tell what a link lacks. */
export function lacks(search) {
  const query = new URLSearchParams(search);
  const [picture, second] = ['picture', 'second'].map((name) => (query.get(name) || '').startsWith('own-'));
  const network = ['your file', 'trained here'].includes(query.get('weights'));
  if (picture && second) return network ? 'withoutAll' : 'withoutPictures';
  if (second) return network ? 'withoutSecondAndNetwork' : 'withoutSecond';
  return (picture && network && 'withoutBoth') || (picture && 'withoutPicture') || (network && 'withoutNetwork') || '';
}

/** Copies a link to what is in sight, and says so on the button. */
export async function share(input) {
  const button = document.querySelector('#share');
  const label = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const before = label.data;
  const search = link(location.search, input);
  let told = said()[lacks(search) || 'copied'];
  try {
    await navigator.clipboard.writeText(location.origin + location.pathname + search);
  } catch {
    told = said().byHand;
  }
  label.data = told;
  setTimeout(() => {
    if (label.data === told) label.data = before;
  }, 2000);
}
