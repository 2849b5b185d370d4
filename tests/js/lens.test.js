// The lens's arithmetic: what is shown adds up, digit by digit, wherever one points. Run by `node --test tests/js`.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  decimalsOf,
  decode,
  equation,
  equationWords,
  parse,
  rounded,
  stepAt,
  stepWords,
  translated,
  written,
} from '../../resnet_demo/ui/static/js/lens.js';

// A generator of its own, so that every run is the same.
let state = 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const between = (low, high) => low + (high - low) * random();

const LARGEST = 32767;
const encode = (numbers) => Buffer.from(Int16Array.from(numbers).buffer).toString('base64');
const some = (rows, columns, scale) => ({
  rows,
  columns,
  unit: scale / LARGEST,
  values: encode(Array.from({ length: rows * columns }, () => Math.round(between(-LARGEST, LARGEST)))),
});
const WORDS = {
  place: 'row {row}, column {column}',
  others: 'the other {count} channels',
  input: 'input channel {channel}',
  patch: 'patch',
  kernel: 'kernel',
  most: 'of {count}',
};

function drawing({ scale = 3, decimals = 2, relu = true, factors = [1, 1], plain = false } = {}) {
  const kernel = Array.from({ length: 9 }, () => between(-0.5, 0.5));
  const terms = [
    { map: 'residual', name: 'F(x)', factor: factors[0] },
    { map: 'shortcut', name: 'shortcut', factor: factors[1] },
  ];
  const step = { layer: 'conv1', input: 'x', channel: 3, channels: 16, kernel, size: 3, stride: 2, padding: 1 };
  return parse(
    JSON.stringify({
      rows: 8,
      columns: 8,
      decimals,
      relu,
      terms: plain ? terms.slice(0, 1) : terms,
      maps: {
        x: some(16, 16, scale),
        residual: { ...some(8, 8, scale), decimals, step: { from: 'conv1' } },
        shortcut: some(8, 8, scale),
        conv1: { ...some(8, 8, 2 * scale), decimals, step },
      },
      words: WORDS,
    }),
  );
}

const everywhere = [...Array(64).keys()].map((index) => ({ row: index >> 3, column: index & 7 }));
const text = (words) => words.map(([part]) => part).join('');

/** The numbers of a text in units of the last decimal, exactly: as whole numbers, not as floats. */
const digits = (said) => {
  const [whole, after = ''] = said.replace('−', '-').split('.');
  return BigInt(whole + after);
};

test('16-bit numbers are read as they were written', () => {
  const numbers = [0, 1, -1, 258, -32767, 32767];
  assert.deepEqual([...decode(encode(numbers))], numbers);
});

test('numbers have a true minus, and nothing has none', () => {
  assert.equal(written(-42, 2), '−0.42');
  assert.equal(written(rounded(-0.004, 2), 2), '0.00');
  assert.equal(written(1700, 0), '1700');
  assert.equal(written(rounded(0.00123, 5), 5), '0.00123');
});

test('a map that is another is that one', () => {
  const data = parse(
    JSON.stringify({ rows: 2, columns: 2, maps: { x: some(2, 2, 1), shortcut: 'x' }, terms: [], words: {} }),
  );
  assert.equal(data.maps.shortcut, data.maps.x);
});

for (const [scale, decimals] of [
  [0.004, 5],
  [0.5, 3],
  [3, 2],
  [80, 2],
  [4000, 0],
]) {
  for (const factors of [
    [1, 1],
    [0, 1],
    [0.5, 1.25],
  ]) {
    test(`the equation adds up in its digits: scale ${scale}, factors ${factors}`, () => {
      for (let time = 0; time < 20; time++) {
        const data = drawing({ scale, decimals, factors });
        for (const place of everywhere) {
          const said = text(equationWords(data, place));
          const [, F, S, total, y] = said
            .match(/^x (\S+)\u2003\S*F\(x\) (\S+) \+ \S*shortcut (\S+) = (\S+), ReLU → y (\S+)$/)
            .slice(1)
            .map(digits);
          assert.equal(F + S, total, said);
          assert.equal(y, total > 0n ? total : 0n, said);
          const index = place.row * 8 + place.column;
          const exact = ['residual', 'shortcut'].map(
            (name, which) => factors[which] * data.maps[name].values[index] * data.maps[name].unit,
          );
          assert.ok(Math.abs(Number(F) - exact[0] * 10 ** decimals) <= 0.5001);
          assert.ok(Math.abs(Number(total) - (exact[0] + exact[1]) * 10 ** decimals) <= 1.0001);
        }
      }
    });
  }
}

test('a plain block adds nothing, a pre-activation block ends with the sum', () => {
  const place = { row: 2, column: 5 };
  assert.match(text(equationWords(drawing({ plain: true }), place)), /^x \S+\u2003F\(x\) (\S+), ReLU → y \S+$/);
  assert.match(
    text(equationWords(drawing({ relu: false }), place)),
    /^x \S+\u2003F\(x\) \S+ \+ shortcut \S+ = \S+ = y$/,
  );
});

test('in a narrow drawing a negative second term stands in brackets', () => {
  const said = everywhere.map((place) => text(equationWords(drawing(), place, true)));
  assert.ok(said.some((line) => / \+ \(−[\d.]+\) = /.test(line)));
  assert.ok(said.every((line) => !line.includes('+ −')));
});

test('patch times kernel and the others are the value, with zeros beyond the edge', () => {
  for (let time = 0; time < 50; time++) {
    const data = drawing();
    for (const place of everywhere) {
      const step = stepAt(data, 'conv1', place),
        { kernel } = data.maps.conv1.step;
      assert.equal(step.product + step.others, step.value);
      let sum = 0;
      for (let down = 0; down < 3; down++) {
        for (let along = 0; along < 3; along++) {
          const row = 2 * place.row + down - 1,
            column = 2 * place.column + along - 1;
          const inside = row >= 0 && column >= 0;
          const value = inside ? data.maps.x.values[row * 16 + column] * data.maps.x.unit : 0;
          assert.equal(step.patch[3 * down + along], value);
          sum += value * kernel[3 * down + along];
        }
      }
      assert.equal(step.product, rounded(sum, 2));
      const [product, others, value] = text(stepWords(data, 'conv1', place))
        .match(/^patch (\S+) \+ the other 15 channels (\S+) = conv1 (\S+)$/)
        .slice(1)
        .map(digits);
      assert.equal(product + others, value);
    }
  }
});

test('other layers say what they got', () => {
  const data = drawing({ factors: [0.5, 1] });
  const said = text(stepWords(data, 'residual', { row: 1, column: 1 }));
  assert.match(said, /^conv1 \S+ → F\(x\) \S+, × 0\.5 → \S+$/);
  assert.deepEqual(stepWords(data, 'x', { row: 1, column: 1 }), []);
});

test('a place is the same place in a map of another size', () => {
  const fine = { rows: 16, columns: 16 },
    coarse = { rows: 8, columns: 8 },
    odd = { rows: 15, columns: 15 };
  assert.deepEqual(translated({ row: 3, column: 5 }, coarse, fine), { row: 6, column: 10, rows: 2, columns: 2 });
  assert.deepEqual(translated({ row: 7, column: 11 }, fine, coarse), { row: 3, column: 5, rows: 1, columns: 1 });
  assert.deepEqual(translated({ row: 7, column: 7 }, coarse, odd), { row: 14, column: 14, rows: 1, columns: 1 });
  assert.deepEqual(translated({ row: 14, column: 0 }, odd, coarse), { row: 7, column: 0, rows: 1, columns: 1 });
  assert.deepEqual(translated({ row: 4, column: 4 }, coarse, coarse), { row: 4, column: 4, rows: 1, columns: 1 });
});

test('the equation takes of a finer x the pixel that the shortcut takes', () => {
  const data = drawing(),
    place = { row: 3, column: 4 };
  assert.equal(equation(data, place).x, rounded(data.maps.x.values[6 * 16 + 8] * data.maps.x.unit, 2));
});

test('small grids have two digits of their largest number', () => {
  assert.equal(decimalsOf([0.3, -0.1]), 2);
  assert.equal(decimalsOf([0.003, -0.001]), 4);
  assert.equal(decimalsOf([12, 3]), 1);
  assert.equal(decimalsOf([0, 0]), 1);
});
