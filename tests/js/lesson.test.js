import assert from 'node:assert/strict';
import { test } from 'node:test';

import { isFree, recalled, stepAfter } from '../../resnet_demo/ui/static/js/lesson.js';

const pressed = (more = {}) => ({ key: '3', target: { closest: () => null }, ...more });

test('arrows turn the steps and end with them', () => {
  assert.equal(stepAfter('ArrowRight', 1, 9), 2);
  assert.equal(stepAfter('ArrowRight', 9, 9), 0);
  assert.equal(stepAfter('ArrowLeft', 1, 9), 0);
  assert.equal(stepAfter('ArrowLeft', 5, 9), 4);
});

test('digits open a step, if there is one and it is another', () => {
  assert.equal(stepAfter('7', 1, 9), 7);
  assert.equal(stepAfter('7', 7, 9), 0);
  assert.equal(stepAfter('9', 1, 8), 0);
  for (const key of ['0', 'a', 'F1', '12', 'Enter']) assert.equal(stepAfter(key, 1, 9), 0);
});

test('keys are left to those that have their own', () => {
  assert.ok(isFree(pressed()));
  for (const held of ['altKey', 'ctrlKey', 'metaKey', 'shiftKey', 'defaultPrevented']) {
    assert.ok(!isFree(pressed({ [held]: true })));
  }
  assert.ok(!isFree(pressed({ target: { closest: () => ({}) } })));
  const tab = { closest: (own) => own.includes('[role=tab]') || null }; // has arrows of its own, and no digits
  assert.ok(!isFree(pressed({ key: 'ArrowRight', target: tab })));
  assert.ok(isFree(pressed({ key: '5', target: tab })));
});

test('what was opened and answered is told again', () => {
  assert.equal(recalled({ 1: 2, 2: 0, 9: 3 }), '1,2 2,0 9,3');
  assert.equal(recalled({}), '');
});
