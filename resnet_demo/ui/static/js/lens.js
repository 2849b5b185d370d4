// The lens: over any map of a block's drawing, the same place in all of them, as arithmetic. Everything comes from
// the numbers in the drawing's `data-readout` (see figures/readout.py), so that the server is asked for nothing.
//
// A number that is shown is a whole number of units of its last decimal. Terms are rounded, the sum is the sum of the
// rounded terms: what stands there adds up.

// The colours of figures/palette.py; what follows the variable is for files that are saved.
const RESIDUAL = 'var(--rd-residual, #d55e00)',
  SHORTCUT = 'var(--rd-shortcut, #0072b2)';
const TOTAL = 'var(--rd-total, #00805e)',
  INK = 'var(--rd-ink, #1d2733)',
  MUTED = 'var(--rd-muted, #5b6775)';
const COLOURS = { residual: RESIDUAL, shortcut: SHORTCUT, passed: INK, total: TOTAL, x: INK, output: INK };
const GAP = '\u2003',
  KEYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

// Numbers

/** The 16-bit whole numbers of a map, from base64 of little-endian bytes. */
export function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
    view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true));
}

/** What a drawing carries, with its maps decoded; a map that is another's is that one. */
export function parse(text) {
  const data = JSON.parse(text),
    maps = {};
  const made = (sent) => (typeof sent === 'string' ? maps[sent] : { ...sent, values: decode(sent.values) });
  for (const [name, sent] of Object.entries(data.maps)) maps[name] = made(sent);
  for (const map of Object.values(maps)) {
    if (map.step?.kernel) map.step = { ...map.step, input: made(map.step.input) };
  }
  return { ...data, maps };
}

/** A value as a whole number of units of the last decimal. */
export const rounded = (value, decimals) => Math.round(value * 10 ** decimals) || 0;

/** A whole number of units of the last decimal, as it is read: 42 -> "0.42", with a true minus. */
export const written = (units, decimals) => (units / 10 ** decimals).toFixed(decimals).replace('-', '−');

const valueAt = (map, row, column) =>
  row < 0 || column < 0 || row >= map.rows || column >= map.columns
    ? 0
    : map.values[row * map.columns + column] * map.unit;

/** A map's rows and columns; the sum and y have those of the equation. */
export const shapeOf = (data, name) => data.maps[name] ?? { rows: data.rows, columns: data.columns };

// How many of the finer map's rows or columns one of the coarser is: a block may halve what it gets.
const times = (fine, coarse) => Math.max(1, Math.round(fine / coarse));

/** A place of one map, in another: the first row and column of the region, and how many it has. */
export function translated(place, from, to) {
  const along = (at, before, after) => {
    if (after > before) {
      const count = times(after, before),
        first = Math.min(at * count, after - 1);
      return [first, Math.min(count, after - first)];
    }
    return [Math.min(Math.floor(at / times(before, after)), after - 1), 1];
  };
  const [row, rows] = along(place.row, from.rows, to.rows);
  const [column, columns] = along(place.column, from.columns, to.columns);
  return { row, column, rows, columns };
}

/** The equation at a place of the sum, in units of the last decimal. */
export function equation(data, { row, column }) {
  const unit = (name, factor = 1) => rounded(factor * valueAt(data.maps[name], row, column), data.decimals);
  const terms = data.terms.map((term) => ({ ...term, units: unit(term.map, term.factor) }));
  const total = terms.reduce((sum, term) => sum + term.units, 0);
  const { row: above, column: left } = translated({ row, column }, data, data.maps.x);
  const x = rounded(valueAt(data.maps.x, above, left), data.decimals);
  return { x, terms, total, y: data.relu ? Math.max(0, total) : total };
}

/** How a layer comes to its value at a place: of a convolution patch, kernel, their product and the rest, else before
    and after. Units are of the last decimal; patch and kernel are plain numbers. */
export function stepAt(data, name, { row, column }) {
  const map = data.maps[name],
    step = map?.step;
  if (!map?.values || map.decimals === undefined) return null;
  const value = rounded(valueAt(map, row, column), map.decimals);
  if (!step) return { value };
  if (!step.kernel) {
    const before = data.maps[step.from];
    return { value, from: step.from, before: rounded(valueAt(before, row, column), before.decimals) };
  }
  const patch = step.kernel.map((_, index) => {
    const down = Math.floor(index / step.size),
      along = index % step.size;
    return valueAt(step.input, row * step.stride + down - step.padding, column * step.stride + along - step.padding);
  });
  const product = rounded(
    patch.reduce((sum, number, index) => sum + number * step.kernel[index], 0),
    map.decimals,
  );
  return { value, patch, product, others: value - product };
}

// Words: lists of [text, colour], for the drawing and for those who listen. Where there is little room, numbers stand
// without their names: their colours say which they are.

const named = (name, units, decimals, colour) => [`${name} ${written(units, decimals)}`, colour];

function bare(units, decimals, colour, first) {
  const number = written(units, decimals);
  return [units < 0 && !first ? `(${number})` : number, colour];
}

/** The equation as it is read: "x 1.31   F(x) 0.42 + shortcut 1.31 = 1.73, ReLU → y 1.73". */
export function equationWords(data, place, narrow = false) {
  const { x, terms, total, y } = equation(data, place),
    { decimals } = data;
  const words = [named('x', x, decimals, INK), [GAP, MUTED]];
  terms.forEach(({ name, map, units }, index) => {
    if (index) words.push([' + ', INK]);
    words.push(narrow ? bare(units, decimals, COLOURS[map], !index) : named(name, units, decimals, COLOURS[map]));
  });
  if (terms.length > 1) words.push([' = ', INK], bare(total, decimals, TOTAL, true));
  if (!data.relu) words.push([' = y', INK]);
  else words.push([narrow ? ' → ' : ', ReLU → ', INK], named('y', y, decimals, INK));
  return words;
}

/** The step of the map that one points at: "bn1 −0.20 → relu1 0.00", "patch 1.23 + the other … 0.31 = conv1 1.54". */
export function stepWords(data, name, place, narrow = false) {
  const step = stepAt(data, name, place),
    map = data.maps[name];
  if (!step) return [];
  const words = [],
    { decimals } = map;
  if (step.patch) {
    const others = data.words.others.replace('{count}', map.step.channels - 1);
    words.push(narrow ? bare(step.product, decimals, INK, true) : named(data.words.patch, step.product, decimals, INK));
    if (map.step.channels > 1) words.push([' + ', MUTED], named(others, step.others, decimals, MUTED));
    words.push([' = ', MUTED]);
  } else if (step.from) {
    words.push(named(step.from, step.before, data.maps[step.from].decimals, MUTED), [' → ', MUTED]);
  }
  const title = name === 'residual' ? 'F(x)' : name;
  const alone = narrow && step.patch; // the line above says what it is
  words.push(alone ? bare(step.value, decimals, RESIDUAL, true) : named(title, step.value, decimals, RESIDUAL));
  const flows = equation(data, place).terms.find((each) => each.map === name && each.factor !== 1);
  if (flows) words.push([`, × ${flows.factor} → `, MUTED], bare(flows.units, decimals, RESIDUAL, true));
  return words;
}

const textOf = (words) => words.map(([text]) => text).join('');

const placeWords = (data, name, { row, column }) => {
  const sum = data.terms.map((each) => each.name).join(' + ');
  const title = { residual: 'F(x)', shortcut: data.terms[1]?.name, total: sum, output: 'y' }[name] ?? name;
  return [[`${title}: ${data.words.place.replace('{row}', row).replace('{column}', column)}`, MUTED]];
};

// The drawing

const parsed = new WeakMap(); // by drawing: the text of its numbers, and what it says. Gradio changes drawings in place
const places = new WeakMap(); // by drawing: the map and the place that are read out

function numbersOf(drawing) {
  const text = drawing.dataset.readout;
  if (parsed.get(drawing)?.text !== text) parsed.set(drawing, { text, data: text ? parse(text) : null });
  return parsed.get(drawing).data;
}

const boxOf = (map) => {
  const image = map.querySelector('image');
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((name) => Number(image.getAttribute(name)));
  return { x, y, width, height };
};

// The layers of large drawings come without numbers: a place in them is one of the sum.
const mapShape = (data, map) => shapeOf(data, map.dataset.map);

const drawnMaps = (drawing) => [...drawing.querySelectorAll('[data-map]')];

/** The map and its pixel under a point of the screen; null between the maps. */
function pointedAt(drawing, data, event) {
  const matrix = drawing.getScreenCTM();
  if (!matrix) return null;
  const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
  for (const map of drawnMaps(drawing)) {
    const box = boxOf(map),
      across = (x - box.x) / box.width,
      down = (y - box.y) / box.height;
    if (across < 0 || down < 0 || across >= 1 || down >= 1) continue;
    const name = map.dataset.map,
      { rows, columns } = mapShape(data, map);
    return { name, row: Math.floor(down * rows), column: Math.floor(across * columns) };
  }
  return null;
}

function frames(drawing, data, at) {
  const from = shapeOf(data, at.name);
  return drawnMaps(drawing).map((map) => {
    const box = boxOf(map),
      to = mapShape(data, map),
      region = translated(at, from, to);
    const wide = box.width / to.columns,
      high = box.height / to.rows;
    const frame = svg('rect'),
      margin = 1.5;
    set(frame, {
      fill: 'none',
      stroke: INK,
      'stroke-width': map.dataset.map === at.name ? 2.5 : 1.5,
      x: box.x + region.column * wide - margin,
      y: box.y + region.row * high - margin,
      width: region.columns * wide + 2 * margin,
      height: region.rows * high + 2 * margin,
    });
    return frame;
  });
}

const svg = (name) => document.createElementNS('http://www.w3.org/2000/svg', name);

const set = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
};

function write(line, words) {
  line.replaceChildren(
    ...words.map(([text, colour]) => {
      const part = svg('tspan');
      set(part, { fill: colour });
      part.textContent = text;
      return part;
    }),
  );
}

/** Read out one place: frames in all maps, the equation, and the step of the map itself. */
function show(drawing, data, at, aloud = false) {
  const narrow = drawing.classList.contains('rd-tall'),
    from = shapeOf(data, at.name);
  const words = equationWords(data, translated(at, from, data), narrow);
  const where = placeWords(data, at.name, at),
    step = stepWords(data, at.name, at, narrow);
  const all = narrow ? [words, where, step] : [words, step.length ? [...where, [GAP, MUTED], ...step] : where];
  drawing.querySelectorAll('.rd-line').forEach((line, index) => write(line, all[index] ?? []));
  drawing.querySelector('.rd-lens').replaceChildren(...frames(drawing, data, at));
  drawing.classList.add('rd-read');
  places.set(drawing, at);
  patch(drawing, data, at);
  if (aloud) spoken().textContent = [words, where, step].map(textOf).filter(Boolean).join('. ');
}

function close(drawing) {
  if (!places.delete(drawing)) return;
  drawing.querySelectorAll('.rd-line, .rd-lens').forEach((part) => part.replaceChildren());
  drawing.classList.remove('rd-read');
  panel().hidden = true;
}

// The patch of a convolution and its kernel, beside the map

function single(name, attributes) {
  let found = document.querySelector('body > .' + name);
  if (!found) {
    found = document.createElement('div');
    set(found, { class: name, ...attributes });
    document.body.append(found);
  }
  return found;
}

const panel = () => single('rd-patch', { hidden: '', 'aria-hidden': 'true' });
const spoken = () => single('rd-spoken', { 'aria-live': 'polite' });

const html = (name, className, ...children) => {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
};

/** How many decimals the numbers of a small grid have: two digits of the largest. */
export const decimalsOf = (numbers) => {
  const largest = Math.max(...numbers.map(Math.abs));
  return largest >= 10 || !largest ? 1 : Math.min(4, Math.max(2, 1 - Math.floor(Math.log10(largest))));
};

function grid(numbers, size, title) {
  const largest = Math.max(...numbers.map(Math.abs)) || 1,
    decimals = decimalsOf(numbers);
  const cells = numbers.map((number) => {
    const cell = html('span', number < 0 ? 'rd-negative' : 'rd-positive', written(rounded(number, decimals), decimals));
    cell.style.setProperty('--part', `${(45 * Math.sqrt(Math.abs(number) / largest)).toFixed(0)}%`);
    return cell;
  });
  const made = html('div', 'rd-cells', ...cells);
  made.style.gridTemplateColumns = `repeat(${size}, 1fr)`;
  return html('div', 'rd-numbers', html('small', '', title), made);
}

function patch(drawing, data, at) {
  const box = panel(),
    found = stepAt(data, at.name, at),
    step = data.maps[at.name]?.step;
  box.hidden = !found?.patch;
  if (box.hidden) return;
  const { decimals } = data.maps[at.name],
    { words } = data;
  const most = words.most.replace('{count}', step.channels);
  box.replaceChildren(
    html(
      'p',
      '',
      html('b', '', `${step.layer}: ${words.input.replace('{channel}', step.channel)}`),
      ...(step.channels > 1 ? [html('span', '', most)] : []),
    ),
    html(
      'div',
      'rd-product',
      grid(found.patch, step.size, words.patch),
      html('span', 'rd-sign', '·'),
      grid(step.kernel, step.size, words.kernel),
      html('span', 'rd-sign', '= ' + written(found.product, decimals)),
    ),
  );
  // Above the map, else below the drawing, where it hides no number; below the map where the window ends.
  const map = drawnMaps(drawing)
    .find((each) => each.dataset.map === at.name)
    .getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect(),
    { bottom } = drawing.getBoundingClientRect();
  const { clientWidth, clientHeight } = document.documentElement;
  const top = [map.top - height - 8, bottom + 4].find((y) => y >= 4 && y + height <= clientHeight) ?? map.bottom + 8;
  const left = Math.max(4, Math.min(map.left + map.width / 2 - width / 2, clientWidth - width - 4));
  box.style.translate = `${left}px ${top}px`;
}

// The hand

const drawingAt = (event) => event.target.closest?.('svg[data-readout]') ?? null;

/** Listens in an element, or in the whole document: pointer, touch and arrow keys. */
export function lens(root = document) {
  let open = null,
    framed = 0,
    waiting = null;

  const read = (drawing, event) => {
    const data = drawing && numbersOf(drawing),
      at = data ? pointedAt(drawing, data, event) : null;
    if (open && (!at || open !== drawing)) close(open);
    open = at ? drawing : null;
    if (at) show(drawing, data, at);
  };
  root.addEventListener('pointermove', (event) => {
    const drawing = drawingAt(event);
    if (!drawing && !open) return;
    if (framed) {
      waiting = () => read(drawing, event);
      return;
    }
    read(drawing, event); // the first at once, of all others in a frame the last one
    framed = requestAnimationFrame(() => {
      framed = 0;
      waiting?.();
      waiting = null;
    });
  });
  root.addEventListener('pointerdown', (event) => read(drawingAt(event), event));
  root.addEventListener('pointerout', (event) => {
    if (event.pointerType === 'mouse' && !event.relatedTarget && open) read(null, event);
  });
  root.addEventListener('scroll', () => (panel().hidden = true), { capture: true, passive: true });
  root.addEventListener('focusout', (event) => {
    if (event.target === open) read(null, event);
  });
  root.addEventListener('keydown', (event) => {
    const drawing = event.target.matches?.('svg[data-readout]') ? event.target : null,
      data = drawing && numbersOf(drawing);
    if (!data || event.ctrlKey || event.metaKey || event.altKey) return;
    const names = drawnMaps(drawing).map((map) => map.dataset.map);
    let at = places.get(drawing) ?? {
      name: 'total',
      row: Math.floor(data.rows / 2),
      column: Math.floor(data.columns / 2),
    };
    if (KEYS[event.key]) {
      const [down, along] = places.has(drawing) ? KEYS[event.key] : [0, 0],
        steps = event.shiftKey ? 4 : 1;
      const { rows, columns } = shapeOf(data, at.name),
        within = (value, end) => Math.max(0, Math.min(value, end - 1));
      at = { ...at, row: within(at.row + steps * down, rows), column: within(at.column + steps * along, columns) };
    } else if (event.key === 'Enter') {
      const name = names[(names.indexOf(at.name) + (event.shiftKey ? names.length - 1 : 1)) % names.length];
      at = { name, ...translated(at, shapeOf(data, at.name), shapeOf(data, name)) };
    } else if (event.key === 'Escape' && places.has(drawing)) {
      event.preventDefault();
      read(null, event);
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation(); // on some pages arrow keys turn pages
    if (open && open !== drawing) close(open);
    open = drawing;
    show(drawing, data, at, true);
  });
}
