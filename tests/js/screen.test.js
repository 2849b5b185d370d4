import assert from 'node:assert/strict';
import test from 'node:test';

import { screenOf } from '../../resnet_demo/ui/static/js/screen.js';

const at = (width) => (query) => {
  const [, bound, value] = query.match(/(min|max)-width: (\d+)px/);
  return bound === 'min' ? width >= Number(value) : width <= Number(value);
};

test('figures are drawn for a wide screen, for a phone, or for both where it depends on the figure', () => {
  assert.deepEqual(
    [390, 884, 885, 1279, 1280, 1920].map((width) => screenOf(at(width))),
    ['tall', 'tall', 'both', 'both', 'wide', 'wide'],
  );
});
