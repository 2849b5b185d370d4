// The street of blocks: a pulse along it when picture or network is new, the numbers of the block that is pointed at, and
// arrow keys from block to block. All of it comes with the drawing; nothing is asked of the server.

const PULSE = 1200; // ms from the picture to the answer
const STEPS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

// How far along its way the pulse is after a share of its time, both 0 to 1: it starts and ends slowly.
export const eased = (time) => (time < 0.5 ? 2 * time * time : 1 - 2 * (1 - time) * (1 - time));

// The lines that say a reading, one for each place that there is: an empty one where it has fewer.
export const linesOf = (reading, count) => {
  const lines = (reading ?? '').split('\n');
  return Array.from({ length: count }, (_, index) => lines[index] ?? '');
};

// Which of the drawings in sight show another run than before, given what each showed last.
export const changed = (runs, last) => runs.flatMap((run, index) => (run && run !== last[index] ? [index] : []));

// Where a key leads from the stop at `from`; undefined where it leads nowhere. `stops` are { kind, row, x, y }, in the
// road's order: whether it is a block or a stretch of the road, the row of the drawing that it belongs to, and its place.
// To the sides one goes among those of the same kind, and at the end of a row on to the next; up and down to what lies there.
export const next = (stops, from, key) => {
  const own = stops[from];
  const kin = stops.map((_, index) => index).filter((index) => stops[index].kind === own.kind);
  if (key === 'Home') return kin[0];
  if (key === 'End') return kin.at(-1);
  if (!(key in STEPS)) return undefined;
  const [right, down] = STEPS[key];
  if (right) {
    const place = kin.indexOf(from);
    const beside = [kin[place + 1], kin[place - 1]].filter((index) => index !== undefined);
    const inRow = beside.find((index) => stops[index].row === own.row && right * (stops[index].x - own.x) > 0);
    if (inRow !== undefined) return inRow;
    // At a row's end the road goes on to another row; nowhere at its own ends.
    return beside.find((index) => stops[index].row !== own.row && right > 0 === index > from);
  }
  const ahead = stops
    .map((stop, index) => ({ index, across: Math.abs(stop.x - own.x), along: down * (stop.y - own.y) }))
    .filter(({ along }) => along > 1)
    .sort((a, b) => a.along + 2 * a.across - (b.along + 2 * b.across));
  return ahead[0]?.index;
};

const still = () => matchMedia('(prefers-reduced-motion: reduce)').matches;

// A light that runs along the drawing's way once. It ends where the drawing is replaced meanwhile.
const pulse = (drawing) => {
  const way = drawing.querySelector('.rd-pulse-way');
  if (!way || still()) return;
  const light = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
  const length = way.getTotalLength();
  const begin = performance.now();
  light.setAttribute('class', 'rd-pulse');
  light.setAttribute('r', 7);
  const step = (now) => {
    const time = Math.min(1, Math.max(0, (now - begin) / PULSE));
    const { x, y } = way.getPointAtLength(length * eased(time));
    light.setAttribute('cx', x);
    light.setAttribute('cy', y);
    if (time < 1 && light.isConnected) requestAnimationFrame(step);
    else light.remove();
  };
  drawing.append(light);
  step(begin);
};

const places = (drawing) => {
  const names = new Map();
  const stops = [...drawing.querySelectorAll('.rd-stop')];
  const boxes = stops.map((stop) => stop.querySelector('rect').getBoundingClientRect());
  const described = stops.map((stop, index) => {
    const { left, top, width, height } = boxes[index];
    const kind = stop.dataset.block.endsWith('.shortcut') ? 'stretch' : 'block';
    if (kind === 'block') names.set(stop.dataset.block, Math.round(top));
    const row = names.get(stop.dataset.block.replace(/\.shortcut$/, ''));
    // A block's box is all of its cell, so its stretch of the road counts as below its middle.
    return { kind, row, x: left + width / 2, y: kind === 'block' ? top : top + height / 2 };
  });
  return { stops, described };
};

const read = (drawing, stop) => {
  const lines = [...drawing.querySelectorAll('.rd-reading')];
  const said = stop ? linesOf(stop.dataset.reading, lines.length) : lines.map((line) => line.dataset.rest ?? '');
  lines.forEach((line, index) => {
    if (line.textContent !== said[index]) line.textContent = said[index];
  });
};

export const street = (element) => {
  let last = [];
  const look = () => {
    const drawings = [...element.querySelectorAll('.rd-street')].filter((one) => one.getBoundingClientRect().width);
    if (!drawings.length) return;
    const runs = drawings.map((drawing) => drawing.dataset.run);
    changed(runs, last).forEach((index) => pulse(drawings[index]));
    last = runs;
  };
  new MutationObserver(look).observe(element, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-run'],
  });
  new IntersectionObserver(look).observe(element);

  const point = (event) => {
    const stop = event.target.closest('.rd-street .rd-stop');
    for (const drawing of element.querySelectorAll('.rd-street')) {
      // What the mouse leaves is followed by what has the focus.
      const focused = drawing.querySelector('.rd-stop:focus-visible');
      read(drawing, drawing.contains(stop) ? stop : focused);
    }
  };
  element.addEventListener('pointerover', point);
  element.addEventListener('pointerleave', point);
  element.addEventListener('focusin', point);
  element.addEventListener('focusout', (event) => {
    const drawing = event.target.closest('.rd-street');
    if (drawing) read(drawing, null);
  });

  element.addEventListener('keydown', (event) => {
    const stop = event.target.closest('.rd-street .rd-stop');
    if (!stop || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const { stops, described } = places(stop.closest('.rd-street'));
    const to = next(described, stops.indexOf(stop), event.key);
    if (!(event.key in STEPS) && event.key !== 'Home' && event.key !== 'End') return;
    event.preventDefault();
    // Neither the page nor its tabs nor the lesson takes a key that moves inside the street.
    event.stopPropagation();
    if (to === undefined) return;
    stops.forEach((one, index) => one.setAttribute('tabindex', index === to ? 0 : -1));
    stops[to].focus();
  });
  look();
};
