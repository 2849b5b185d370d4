// What an answer offers: another network, by its place in the menu of the network's drawer; and how far its download is.
import { open } from './drawers.js';

document.addEventListener('click', (event) => {
  const offer = event.target.closest('[data-offer]');
  if (!offer) return;
  document.querySelector(`#network [data-choice="${offer.dataset.offer}"]`)?.click();
  if (offer.dataset.opens) setTimeout(open, 0, offer.dataset.opens); // there one sees how far its download is
});

/** Where a download has something to tell for the first time, below a long menu, it comes into sight. */
export function download(element) {
  let told = false;
  const look = () => {
    const tells = element.textContent.trim() !== '';
    if (tells && !told) element.scrollIntoView({ block: 'nearest' });
    told = tells;
  };
  new MutationObserver(look).observe(element, { childList: true, subtree: true });
  look();
}
