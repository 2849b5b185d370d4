// The square that one drags over the photo. What lies in it is what the network sees; the answer follows while it moves.
// A square is { x, y, side } in pixels of the picture, whose { width, height, least } bound it.

import { newest } from './newest.js';

const within = (value, low, high) => Math.max(low, Math.min(value, high));

/** The square moved by so much, inside the picture. */
export function moved({ x, y, side }, dx, dy, { width, height }) {
  return { x: within(x + dx, 0, width - side), y: within(y + dy, 0, height - side), side };
}

/** The square with one corner ('nw', 'ne', 'sw', 'se') drawn to a place; the opposite corner stays. */
export function resized({ x, y, side }, corner, place, { width, height, least }) {
  const north = corner[0] === 'n',
    west = corner[1] === 'w';
  const stays = { x: west ? x + side : x, y: north ? y + side : y };
  const room = Math.min(west ? stays.x : width - stays.x, north ? stays.y : height - stays.y);
  const wanted = Math.max(west ? stays.x - place.x : place.x - stays.x, north ? stays.y - place.y : place.y - stays.y);
  const length = within(wanted, Math.min(least, room), room);
  return { x: west ? stays.x - length : stays.x, y: north ? stays.y - length : stays.y, side: length };
}

/** The square larger or smaller around its middle, inside the picture. */
export function scaled({ x, y, side }, factor, picture) {
  const length = within(side * factor, picture.least, Math.min(picture.width, picture.height));
  return moved({ x, y, side: length }, (side - length) / 2, (side - length) / 2, picture);
}

/** As the server reads it: left and top as shares of width and height, the side of the shorter of these. */
export function asText({ x, y, side }, { width, height }) {
  return [x / width, y / height, side / Math.min(width, height)].map((share) => share.toFixed(4)).join(',');
}

export function fromText(text, { width, height }) {
  const [left, top, side] = text.split(',').map(Number);
  return { x: left * width, y: top * height, side: side * Math.min(width, height) };
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SIZES = { '+': 1.1, '=': 1.1, '-': 1 / 1.1 };

/** Runs with the element of the photo, once it is there. */
export function crop(element, trigger) {
  let square = null,
    held = null;
  const frame = () => element.querySelector('.rd-frame');
  const seen = document.querySelector('#input'); // says which square the network sees, and which one that was asked for
  const said = () => seen.querySelector('[data-asked]')?.dataset ?? {};
  const { ask, answered, idle } = newest((value) => trigger('select', { value }), { late: 5000 });

  const bounds = () => {
    const { width, height, least } = frame().dataset;
    return { width: Number(width), height: Number(height), least: Number(least) };
  };
  function place(event) {
    // where the pointer is, in pixels of the picture
    const box = frame().getBoundingClientRect(),
      { width, height } = bounds();
    return {
      x: ((event.clientX - box.left) / box.width) * width,
      y: ((event.clientY - box.top) / box.height) * height,
    };
  }
  function paint() {
    const { width, height } = bounds(),
      { style } = frame().querySelector('.rd-square');
    style.left = (100 * square.x) / width + '%';
    style.top = (100 * square.y) / height + '%';
    style.width = (100 * square.side) / width + '%';
    style.height = (100 * square.side) / height + '%';
  }
  function take(wanted) {
    square = wanted;
    paint();
    const text = asText(square, bounds());
    if (!idle() || text !== said().asked) ask(text);
  }
  function read() {
    answered(said().asked);
    if (!frame() || !said().square || held || !idle()) return;
    square = fromText(said().square, bounds());
    paint();
  }

  element.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !event.target.closest('.rd-frame')) return;
    event.preventDefault();
    element.querySelector('.rd-square').focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    const at = place(event);
    const { corner } = event.target.dataset;
    if (!corner && !event.target.closest('.rd-square')) {
      // beside the square: it comes to the pointer
      take(moved(square, at.x - square.x - square.side / 2, at.y - square.y - square.side / 2, bounds()));
    }
    held = { corner, at, from: square, pointer: event.pointerId };
  });
  element.addEventListener('pointermove', (event) => {
    if (!held || event.pointerId !== held.pointer) return;
    const { corner, at, from } = held,
      to = place(event);
    take(corner ? resized(from, corner, to, bounds()) : moved(from, to.x - at.x, to.y - at.y, bounds()));
  });
  for (const kind of ['pointerup', 'pointercancel'])
    element.addEventListener(kind, () => {
      held = null;
    });
  element.addEventListener('keydown', (event) => {
    if (!event.target.closest('.rd-square') || event.ctrlKey || event.metaKey || event.altKey) return;
    const { width, height } = bounds(),
      step = Math.min(width, height) * (event.shiftKey ? 0.1 : 0.02);
    if (KEYS[event.key]) take(moved(square, KEYS[event.key][0] * step, KEYS[event.key][1] * step, bounds()));
    else if (SIZES[event.key]) take(scaled(square, SIZES[event.key], bounds()));
    else return;
    event.preventDefault();
    event.stopPropagation(); // the arrow keys mean something else on some pages
  });

  for (const each of [element, seen]) {
    new MutationObserver(read).observe(each, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ['data-width', 'data-height', 'data-square', 'data-asked'],
    });
  }
  read();
}
