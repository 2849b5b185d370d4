// What an answer offers: another network, by its place in the menu of the network's drawer.
import { open } from './drawers.js';

document.addEventListener('click', (event) => {
  const offer = event.target.closest('[data-offer]');
  if (!offer) return;
  document.querySelector(`#network [data-choice="${offer.dataset.offer}"]`)?.click();
  if (offer.dataset.opens) setTimeout(open, 0, offer.dataset.opens); // there one sees how far its download is
});
