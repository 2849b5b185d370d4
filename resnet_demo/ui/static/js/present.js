// `?embed=inside`: the page stands in a frame of another one, and ends with a link that opens the whole app.
import { said } from './words.js';

/** The same view in the whole app. */
export function whole(address) {
  const found = new URL(address);
  for (const name of ['embed', 'present']) found.searchParams.delete(name);
  return found.href;
}

function link() {
  const found = document.createElement('a');
  found.id = 'open-full';
  found.target = '_blank';
  found.rel = 'noopener';
  const update = () => {
    found.href = whole(location.href);
    found.textContent = said().openFull;
  };
  for (const kind of ['pointerenter', 'focus', 'pointerdown']) found.addEventListener(kind, update);
  new MutationObserver(update).observe(document.documentElement, { attributes: true, attributeFilter: ['lang'] });
  update();
  return found;
}

if (globalThis.document?.documentElement.dataset.embed) {
  // The page is gradio's: it is there once the pages are.
  const place = () => {
    const pages = document.querySelector('#pages');
    if (!pages) return false;
    pages.after(link());
    return true;
  };
  if (!place()) {
    const waiting = new MutationObserver(() => place() && waiting.disconnect());
    waiting.observe(document.documentElement, { childList: true, subtree: true });
  }
}
