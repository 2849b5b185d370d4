// The page Train: leaving asks first while a race runs, and the plot is in sight when one begins.
const bars = () => {
  const pinned = [...document.querySelectorAll('#bar, #pages > .tab-wrapper')].map((bar) =>
    bar.getBoundingClientRect(),
  );
  return Math.max(0, ...pinned.filter(({ top, height }) => height && top < 100).map(({ bottom }) => bottom));
};

/** How far a page must scroll, so that what lies from top to bottom is seen below the bars; its top has precedence. */
export const distance = ({ top, bottom }, room) => {
  if (top < room.top || bottom - top > room.bottom - room.top) return top - room.top;
  return Math.max(0, bottom - room.bottom);
};

function inSight() {
  const plot = document.querySelector('#race').getBoundingClientRect();
  const room = { top: bars() + 6, bottom: innerHeight };
  scrollBy({ top: distance(plot, room), behavior: 'instant' });
}

document.addEventListener('click', (event) => {
  if (event.target.closest('#train, #again, #presets [id^="preset-"]')) inSight();
});

const running = () => document.querySelector('#train-status .rd-running, #train-status .rd-under-way');

addEventListener('beforeunload', (event) => {
  if (running()) event.preventDefault(); // the browser asks in its own words
});
