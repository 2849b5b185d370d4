// gradio's own labels are English, or speak the browser's language; here they get those of the page. What is known of
// any language is known by its English, so that one can go back.
import { said, words } from './words.js';

const known = new Map([['common.complete', 'Complete']]); // gradio's name of a word that it forgot
const about = []; // what is said about something that has a label, as what stands before and after it

for (const { brought } of Object.values(words)) {
  for (const [english, spoken] of Object.entries(brought)) {
    known.set(english, english).set(spoken, english);
    for (const text of english.includes('{label}') ? [english, spoken] : []) {
      const [before, after] = text.split('{label}');
      about.push({ english, before, after });
    }
  }
}

function ours(text) {
  const trimmed = text.trim();
  const english = known.get(trimmed);
  if (english) return said().brought[english];
  const found = about.find(({ before, after }) => trimmed.startsWith(before) && trimmed.endsWith(after));
  if (!found) return undefined;
  const label = trimmed.slice(found.before.length, trimmed.length - found.after.length);
  return said().brought[found.english].split('{label}').join(label);
}

/** The words of a box for files, which gradio says in the browser's language: what they are is told by their places. */
function placed(text) {
  const box = text.parentElement;
  const isBox = (one) => one?.querySelector(':scope > .icon-wrap');
  if (box?.matches('.or') && isBox(box.parentElement)) return '- or -';
  if (!isBox(box)) return undefined;
  const texts = [...box.childNodes].filter((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
  return ['Drop File Here', 'Click to Upload'][texts.indexOf(text)];
}

export function translate(root) {
  if (root.nodeType === Node.TEXT_NODE) {
    const spoken = said().brought[placed(root)] ?? ours(root.data);
    if (spoken && root.data.trim() !== spoken) root.data = root.data.replace(root.data.trim(), spoken);
    return;
  }
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  for (const one of [root, ...root.querySelectorAll('[aria-label], [title]')]) {
    for (const name of ['aria-label', 'title']) {
      const spoken = one.hasAttribute(name) && ours(one.getAttribute(name));
      if (spoken && spoken !== one.getAttribute(name)) one.setAttribute(name, spoken);
    }
  }
  const parts =
    '[data-testid] .wrap, .icon-wrap ~ *, button, .toast-title, .toast-text, .toast-message-text, [role=status]';
  for (const part of root.querySelectorAll(parts)) {
    for (const node of part.childNodes) if (node.nodeType === Node.TEXT_NODE) translate(node);
  }
}

new MutationObserver((changes) => {
  for (const { type, target, addedNodes } of changes) {
    if (type !== 'childList') translate(target);
    else for (const node of addedNodes) translate(node);
  }
}).observe(document.documentElement, {
  childList: true,
  characterData: true,
  subtree: true,
  attributes: true,
  attributeFilter: ['aria-label', 'title'],
});
