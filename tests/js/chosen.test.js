import assert from 'node:assert/strict';
import test from 'node:test';

import { shift } from '../../resnet_demo/ui/static/js/chosen.js';

test('what lies in sight stays where it is', () => {
  assert.equal(shift(100, 500, 120, 160), 0);
});

test('what lies outside is brought in, with a little room', () => {
  assert.equal(shift(100, 500, 480, 520), 28);
  assert.equal(shift(100, 500, 40, 80), -68);
  assert.equal(shift(0, 100, 150, 400), 142); // larger than the box: its beginning
});
