import assert from 'node:assert/strict';
import { test } from 'node:test';

const there = {
  addEventListener() {},
  querySelector() {},
  querySelectorAll: () => [],
  documentElement: { dataset: {} },
};
globalThis.document = there;
const { asText, fromText, moved, resized, scaled } = await import('../../resnet_demo/ui/static/js/crop.js');
const { asPicture, pick } = await import('../../resnet_demo/ui/static/js/photo.js');

const picture = { width: 300, height: 200, least: 8 };
const middle = { x: 50, y: 0, side: 200 };

test('a square stays inside the picture, wherever it is moved', () => {
  assert.deepEqual(moved(middle, -80, 30, picture), { x: 0, y: 0, side: 200 });
  assert.deepEqual(moved(middle, 80, -30, picture), { x: 100, y: 0, side: 200 });
  assert.deepEqual(moved({ x: 10, y: 10, side: 50 }, 5, 6, picture), { x: 15, y: 16, side: 50 });
});

test('of a corner that is drawn the opposite one stays', () => {
  const square = { x: 100, y: 50, side: 100 };
  assert.deepEqual(resized(square, 'se', { x: 160, y: 120 }, picture), { x: 100, y: 50, side: 70 });
  assert.deepEqual(resized(square, 'nw', { x: 120, y: 90 }, picture), { x: 120, y: 70, side: 80 });
  assert.deepEqual(resized(square, 'ne', { x: 190, y: 60 }, picture), { x: 100, y: 60, side: 90 });
  assert.deepEqual(resized(square, 'sw', { x: 110, y: 140 }, picture), { x: 110, y: 50, side: 90 });
});

test('it is never larger than the picture, nor smaller than the least', () => {
  assert.deepEqual(resized({ x: 100, y: 50, side: 100 }, 'se', { x: 900, y: 900 }, picture), {
    x: 100,
    y: 50,
    side: 150,
  });
  assert.deepEqual(resized({ x: 100, y: 50, side: 100 }, 'nw', { x: 500, y: 500 }, picture), {
    x: 192,
    y: 142,
    side: 8,
  });
  assert.deepEqual(scaled(middle, 2, picture), middle);
  assert.deepEqual(scaled({ x: 100, y: 50, side: 100 }, 0.5, picture), { x: 125, y: 75, side: 50 });
});

test('a square travels as shares', () => {
  assert.equal(asText(middle, picture), '0.1667,0.0000,1.0000');
  assert.deepEqual(fromText('0.1000,0.2000,0.5000', picture), { x: 30, y: 40, side: 100 });
});

test('of several files a picture is taken; what does not call itself one is sent all the same', () => {
  const text = new File(['a'], 'notes.txt', { type: 'text/plain' }),
    image = new File(['b'], 'b.png', { type: 'image/png' });
  assert.equal(pick([text, image]), image);
  assert.equal(pick([text]), text);
  assert.equal(pick(undefined), undefined);
  assert.equal(asPicture(image), image);
  assert.match(asPicture(text).type, /^image\//);
  assert.equal(asPicture(text).name, 'notes.txt');
});
