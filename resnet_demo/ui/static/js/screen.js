// The screen that figures are drawn for. Most are drawn twice, for a wide screen and for a phone, and the style sheet shows
// the one that fits; those that change with every click and every move of a dial come for the screen that there is.
const WIDE = '(min-width: 1280px)'; // here a street has room for all of its blocks in a row on every page
const TALL = '(max-width: 884px)'; // here on none

/** For which screen figures are to be drawn, given what matches it; between the two it depends on the figure. */
export const screenOf = (matches) => (matches(WIDE) ? 'wide' : matches(TALL) ? 'tall' : 'both');

const matches = (query) => matchMedia(query).matches;

export const here = () => screenOf(matches);

/** Tells of another screen: the window was resized, or the phone was turned. */
export const screen = (trigger) => {
  for (const query of [WIDE, TALL])
    matchMedia(query).addEventListener('change', () => trigger('select', { value: here() }));
};
