import assert from 'node:assert/strict';
import { test } from 'node:test';

import { changed, eased, linesOf, next } from '../../resnet_demo/ui/static/js/street.js';

test('the pulse starts at the picture, ends at the answer, and never turns back', () => {
  assert.equal(eased(0), 0);
  assert.equal(eased(1), 1);
  const places = Array.from({ length: 101 }, (_, percent) => eased(percent / 100));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
});

test('a reading fills the lines that there are', () => {
  assert.deepEqual(linesOf('one\ntwo', 2), ['one', 'two']);
  assert.deepEqual(linesOf('one', 2), ['one', '']);
  assert.deepEqual(linesOf(undefined, 1), ['']);
});

test('a pulse runs where the run is another one, and not when only a block was chosen', () => {
  assert.deepEqual(changed(['a'], []), [0]);
  assert.deepEqual(changed(['a'], ['a']), []);
  assert.deepEqual(changed(['a', 'b'], ['a']), [1]); // the twin came below
  assert.deepEqual(changed(['c', 'b'], ['a', 'b']), [0]);
  assert.deepEqual(changed([undefined], []), []);
});

const block = (x, row = 0) => ({ kind: 'block', row, x, y: row });
const stretch = (x, row = 0) => ({ kind: 'stretch', row, x, y: row + 80 });

test('arrow keys walk along a row, and stop at its ends', () => {
  const stops = [block(10), block(20), block(30)];
  assert.equal(next(stops, 0, 'ArrowRight'), 1);
  assert.equal(next(stops, 2, 'ArrowLeft'), 1);
  assert.equal(next(stops, 0, 'ArrowLeft'), undefined);
  assert.equal(next(stops, 2, 'ArrowRight'), undefined);
  assert.equal(next(stops, 1, 'Home'), 0);
  assert.equal(next(stops, 1, 'End'), 2);
  assert.equal(next(stops, 1, 'a'), undefined);
});

test('where the road winds, right is right, and a row ends where the road goes on', () => {
  const stops = [block(10), block(20), block(20, 100), block(10, 100), block(10, 200)];
  assert.equal(next(stops, 1, 'ArrowRight'), 2);
  assert.equal(next(stops, 2, 'ArrowLeft'), 3);
  assert.equal(next(stops, 3, 'ArrowRight'), 2);
  assert.equal(next(stops, 0, 'ArrowDown'), 3);
  assert.equal(next(stops, 4, 'ArrowUp'), 3);
});

test('every block of a winding road is reached from the first one', () => {
  const stops = [block(10), block(20), block(20, 100), block(10, 100), block(10, 200), block(20, 200)];
  const reached = new Set([0]);
  for (const from of reached) {
    for (const key of ['ArrowRight', 'ArrowLeft', 'ArrowDown', 'ArrowUp']) {
      const to = next(stops, from, key);
      if (to !== undefined) reached.add(to);
    }
  }
  assert.equal(reached.size, stops.length);
});

test('down leads from a block to its stretch of the road, up back, and sideways to what is of the same kind', () => {
  const stops = [block(10), block(20), stretch(10), stretch(20)];
  assert.equal(next(stops, 1, 'ArrowDown'), 3);
  assert.equal(next(stops, 3, 'ArrowUp'), 1);
  assert.equal(next(stops, 3, 'ArrowLeft'), 2);
  assert.equal(next(stops, 2, 'ArrowLeft'), undefined);
  assert.equal(next(stops, 0, 'End'), 1);
  assert.equal(next(stops, 2, 'End'), 3);
});
