import assert from 'node:assert/strict';
import test from 'node:test';

import { between, eased, filled, kindOf, moves, parts, placeOf } from '../../resnet_demo/ui/static/js/motion.js';

const item = (text, more = {}) => ({ ...parts(text), ...more });

test('a path is its numbers and what stands between them', () => {
  const { form, numbers } = parts('M46.5 -200 L.5 1e-3 A4 4 0 0 1 8 8Z');
  assert.equal(form, 'M# # L# # A# # # # # # #Z');
  assert.deepEqual(numbers, [46.5, -200, 0.5, 0.001, 4, 4, 0, 0, 1, 8, 8]);
  assert.deepEqual(parts(filled(form, numbers)), { form, numbers });
  assert.deepEqual(parts('none'), { form: 'none', numbers: [] });
});

test('half way is half way, and the end is the end', () => {
  assert.deepEqual(between([0, 10], [1, 20], 0.5), [0.5, 15]);
  assert.deepEqual(between([0, 10], [1, 20], 1), [1, 20]);
  assert.deepEqual([eased(0), eased(0.5), eased(1)], [0, 0.75, 1]);
});

test('what is replaced on its way goes on from where it is', () => {
  const moving = item('10', { from: [0], began: 1000 });
  assert.deepEqual(placeOf(moving, 1000), [0]);
  assert.deepEqual(placeOf(moving, 1100), [7.5]);
  assert.deepEqual(placeOf(moving, 9000), [10]);
  assert.deepEqual(placeOf(item('10'), 1100), [10]);
  assert.deepEqual(moves(new Map([['a', moving]]), new Map([['a', item('20')]]), 1100), [{ key: 'a', from: [7.5] }]);
});

test('only what has the same form and another value moves', () => {
  const before = new Map([
    ['curve', item('M0 1 L2 3')],
    ['same', item('M0 1')],
    ['longer', item('M0 1')],
    ['gone', item('M0 1')],
  ]);
  const now = new Map([
    ['curve', item('M0 1 L2 9')],
    ['same', item('M0 1.01')],
    ['longer', item('M0 1 L2 2')],
    ['new', item('M5 5')],
  ]);
  assert.deepEqual(moves(before, now, 0), [{ key: 'curve', from: [0, 1, 2, 3] }]);
  assert.deepEqual(moves(undefined, now, 0), []);
});

test('the same figure of another network is told from another figure', () => {
  assert.equal(kindOf('resnet20-curves'), kindOf('plain56-curves'));
  assert.equal(kindOf('gradient-3-5'), kindOf('gradient-9-0'));
  assert.equal(kindOf('resnet20-layer2.1'), kindOf('resnet20-layer3.0'));
  assert.notEqual(kindOf('resnet20-grown'), kindOf('loss-line-56-0'));
  assert.notEqual(kindOf('resnet20-a-street'), kindOf('resnet20-b-street'));
});
