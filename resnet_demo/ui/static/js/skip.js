// The first stop of the Tab key: a link past bar and tabs to the first drawing of the page in sight.
import { said } from './words.js';

const PLACES =
  '.rd-street .rd-stop[tabindex="0"], .rd-strip [tabindex="0"], #lesson-next, .rd-ask[tabindex="0"], #train';
const inSight = (element) => element.getClientRects().length > 0;

export const skip = () => {
  const link = document.createElement('a');
  link.id = 'skip';
  link.href = '#pages';
  link.textContent = said().skip;
  link.addEventListener('focus', () => {
    link.textContent = said().skip; // in the language of now
  });
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const there = [...document.querySelectorAll('#pages ' + PLACES.split(', ').join(', #pages '))].find(inSight);
    there?.scrollIntoView({ block: 'center' });
    there?.focus({ preventScroll: true });
  });
  document.body.prepend(link);
};
