import assert from 'node:assert/strict';
import test from 'node:test';

import { to } from '../../resnet_demo/ui/static/js/roving.js';

test('arrow keys go round a list, Home and End to its ends', () => {
  assert.equal(to(0, 3, 'ArrowRight'), 1);
  assert.equal(to(2, 3, 'ArrowDown'), 0);
  assert.equal(to(0, 3, 'ArrowLeft'), 2);
  assert.equal(to(1, 3, 'Home'), 0);
  assert.equal(to(1, 3, 'End'), 2);
  assert.equal(to(1, 3, 'Tab'), undefined);
});
