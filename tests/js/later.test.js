import assert from 'node:assert/strict';
import test from 'node:test';

import { later, rests } from '../../resnet_demo/ui/static/js/later.js';

test('the rest is asked for once, when the dial rests', async () => {
  const asked = [];
  later((kind) => asked.push(kind));
  for (let answer = 0; answer < 4; answer++) rests(10);
  assert.deepEqual(asked, []);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual(asked, ['select']);
});
