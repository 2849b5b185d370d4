// The page's address, which leads back to what is in sight.
import { translate } from './translate.js';
import { first, said } from './words.js';

const OURS = ['__theme', 'present', 'embed']; // what the server does not write, and the page keeps

/** Keeps the address in step with what is shown, so that it can be copied or bookmarked, and says the language. */
export function address(query) {
  const asked = new URLSearchParams(location.search);
  const kept = OURS.filter((name) => asked.has(name)).map((name) => name + '=' + asked.get(name));
  const all = [query, ...kept].filter(Boolean).join('&');
  history.replaceState(null, '', all ? '?' + all : location.pathname);
  document.documentElement.lang = new URLSearchParams(query).get('lang') || first;
  document.title = said().title;
  translate(document.body);
}

/** Copies the page's address, and says so on the button. */
export async function share() {
  const button = document.querySelector('#share');
  const label = [...button.childNodes].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const before = label.data;
  let told = said().copied;
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    told = said().byHand;
  }
  label.data = told;
  setTimeout(() => {
    if (label.data === told) label.data = before;
  }, 2000);
}
