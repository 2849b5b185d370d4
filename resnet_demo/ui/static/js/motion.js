// Bars, curves and bumps move to their new values, and a block that is opened comes in. The new drawing is there at once, with
// its own numbers: only how it is painted runs after them, for a fifth of a second, and nothing on the page changes its place.
// gradio patches the old HTML into the new, and may put one shape in the place of another: what was there is remembered here.
const MOVE = 200; // ms
const OPEN = 140;
const HURRY = 400; // where one picture follows another so soon, as under a dial, they are a movement by themselves
const MOST = 600; // of what moves in one drawing; surfaces and grids have more
const EASING = 'cubic-bezier(0.3333, 0.6667, 0.6667, 1)'; // exactly `eased`
const DRAWN = '.rd-figure, .rd-answers, .rd-changes';
const OTHERS = 'svg.rd-block, .rd-pulse'; // what the lens and the street move themselves
const NUMBER = /-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi;

/** How far something has come after a share of its time, both 0 to 1. */
export const eased = (time) => 1 - (1 - time) * (1 - time);

/** A text with numbers, such as a path: what stands between them, and the numbers. */
export const parts = (text) => ({ form: text.replace(NUMBER, '#'), numbers: (text.match(NUMBER) ?? []).map(Number) });

/** The text again, with other numbers. */
export const filled = (form, numbers) => {
  let index = 0;
  return form.replace(/#/g, () => numbers[index++]);
};

/** The numbers on the way from some to others. */
export const between = (from, to, share) => to.map((value, index) => from[index] + (value - from[index]) * share);

/** Where something is that began to move at a time; it may be on its way still. */
export const placeOf = ({ from, numbers, began }, now, duration = MOVE) =>
  from ? between(from, numbers, eased(Math.min(1, Math.max(0, (now - began) / duration)))) : numbers;

/** Of what is there now, by key, what moves, and from where: what was there before in the same form, elsewhere. */
export const moves = (before, items, now) => {
  const found = [];
  for (const [key, item] of items) {
    const old = before?.get(key);
    if (!old || old.form !== item.form) continue;
    const from = placeOf(old, now);
    if (from.some((value, index) => Math.abs(value - item.numbers[index]) > 0.05)) found.push({ key, from });
  }
  return found;
};

/** What a figure shows, by its file's name, whatever the network and the block: only such figures go over into each other. */
export const kindOf = (name) => (name ?? '').replace(/[a-z]*\d+(\.\d+)?/gi, '');

const GEOMETRY = { path: ['d'], circle: ['cx', 'cy'], rect: ['x', 'y', 'width', 'height'] };
const LOOK = ['stroke', 'fill', 'stroke-dasharray', 'class'];

/** What a shape of a drawing is told by: its place, its look, and how many of them came before. */
const counted = (seen, name) => {
  const number = (seen.get(name) ?? 0) + 1;
  seen.set(name, number);
  return `${name} ${number}`;
};

const shapes = (drawing, name, items) => {
  const all = [...drawing.querySelectorAll('path, circle:not(.rd-pulse), rect')];
  if (all.length > MOST) return;
  const seen = new Map();
  for (const element of all) {
    const names = GEOMETRY[element.localName];
    const { form, numbers } = parts(names.map((one) => element.getAttribute(one) ?? '').join('|'));
    const stop = element.closest('[data-block]')?.dataset.block ?? '';
    const key = counted(
      seen,
      [name, stop, element.localName, ...LOOK.map((one) => element.getAttribute(one))].join(' '),
    );
    items.set(key, { form, numbers, element, names });
  }
};

const bars = (list, name, items) => {
  for (const row of list.children) {
    const label = row.querySelector('.rd-label')?.textContent;
    [...row.querySelectorAll('.rd-bar > span')].forEach((element, index) => {
      const width = parseFloat(element.style.width);
      items.set(`${name} ${label} ${index}`, { form: '%', numbers: [width], element, names: ['width'] });
    });
  }
};

const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
const nameOf = (drawing) => drawing.closest('.rd-figure')?.querySelector('.rd-save')?.dataset.name;

/** What is drawn in a component, by key, and the names of its blocks. */
const read = (component) => {
  const items = new Map();
  const opened = [];
  const seen = new Map();
  for (const drawing of component.querySelectorAll('.rd-figure svg')) {
    if (getComputedStyle(drawing).display === 'none') continue; // the one for another width
    if (drawing.matches('.rd-block')) opened.push({ drawing, name: nameOf(drawing) });
    else shapes(drawing, counted(seen, `${kindOf(nameOf(drawing))} ${drawing.getAttribute('class')}`), items);
  }
  for (const list of component.querySelectorAll('.rd-answers, .rd-changes')) bars(list, counted(seen, 'list'), items);
  return { items, opened };
};

const frame = ({ form, names }, numbers) => {
  if (names[0] === 'd') return { d: `path("${filled(form, numbers)}")` };
  if (form === '%') return { width: `${numbers[0]}%` };
  return Object.fromEntries(names.map((name, index) => [name, `${numbers[index]}px`]));
};

const look = (component, before, now) => {
  const { items, opened } = read(component);
  if (before && !still()) {
    const moving = now - before.at > HURRY ? moves(before.items, items, now) : [];
    for (const { key, from } of moving) {
      const item = items.get(key);
      item.element.animate([frame(item, from), frame(item, item.numbers)], { duration: MOVE, easing: EASING });
      Object.assign(item, { from, began: now });
    }
    opened.forEach(({ drawing, name }, index) => {
      if (!before.opened[index] || before.opened[index].name === name) return;
      const there = { opacity: 1, transform: 'none' };
      drawing.animate([{ opacity: 0.4, transform: 'translateY(-6px)' }, there], { duration: OPEN, easing: 'ease-out' });
    });
  }
  for (const item of items.values()) delete item.element; // which will be replaced
  return { items, opened: opened.map(({ name }) => ({ name })), at: now };
};

/** Whether a change on the page may be that of a drawing. */
const concerns = ({ type, target, attributeName, addedNodes }) => {
  if (target.nodeType !== Node.ELEMENT_NODE) return false;
  if (type === 'attributes') return attributeName === 'data-name' || !target.closest(OTHERS);
  const added = [...addedNodes].filter((node) => node.nodeType === Node.ELEMENT_NODE && !node.matches(OTHERS));
  if (!added.length || target.closest(OTHERS)) return false;
  return target.closest(DRAWN) || added.some((node) => node.matches(DRAWN) || node.querySelector(DRAWN));
};

export const motion = () => {
  const remembered = new WeakMap();
  new MutationObserver((changes) => {
    const components = new Set();
    for (const change of changes) {
      const component = concerns(change) && change.target.closest('#pages .block');
      if (component) components.add(component);
    }
    const now = performance.now();
    for (const component of components) remembered.set(component, look(component, remembered.get(component), now));
  }).observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['d', 'cx', 'cy', 'x', 'y', 'width', 'height', 'style', 'data-name'],
  });
};
