// While a dial moves, the page shows what is in sight above all; the rest follows when the dial rests.
const RESTS = 250; // ms since the last answer

let ask = () => {},
  soon = 0;

/** Runs with the hidden component that asks for the rest. */
export const later = (trigger) => {
  ask = () => trigger('select', { value: 0 });
};

/** An answer to the dial is there. */
export const rests = (wait = RESTS) => {
  clearTimeout(soon);
  soon = setTimeout(() => ask(), wait);
};
