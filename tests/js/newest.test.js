import assert from 'node:assert/strict';
import test from 'node:test';

import { newest, released, sender } from '../../resnet_demo/ui/static/js/newest.js';

test('one value travels at a time, the newest wins, the last one is sent', () => {
  const sent = [];
  const { ask, answered } = newest((value) => sent.push(value));
  ['a', 'b', 'c'].forEach(ask);
  assert.deepEqual(sent, ['a']);
  answered('a');
  assert.deepEqual(sent, ['a', 'c']);
  ask('d');
  ask('c'); // back to what is on its way
  answered('x'); // not ours
  assert.deepEqual(sent, ['a', 'c']);
  answered('c');
  assert.deepEqual(sent, ['a', 'c']);
  ask('e');
  assert.deepEqual(sent, ['a', 'c', 'e']);
  answered('e');
});

test('where a second choice takes back the first, all of them are sent, in their order', () => {
  const sent = [];
  const { ask, answered, idle } = newest((value) => sent.push(value), { all: true });
  ['a', 'b', 'a', 'a'].forEach(ask);
  for (const count of [1, 2, 3, 4]) {
    assert.equal(sent.length, count);
    answered();
  }
  assert.deepEqual(sent, ['a', 'b', 'a', 'a']);
  assert.ok(idle());
});

test('what was never answered does not hold up what is chosen later', async () => {
  const sent = [];
  const { ask } = newest((value) => sent.push(value), { late: 5 });
  ['a', 'b'].forEach(ask);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(sent, ['a', 'b']);
  await new Promise((resolve) => setTimeout(resolve, 30));
});

test('an answer lets every drawing send what was chosen in it meanwhile', () => {
  const sent = [];
  const [one, other] = ['one', 'other'].map((name) => sender((kind, { value }) => sent.push([name, kind, value])));
  one(1);
  one(2);
  one(3);
  other(4);
  released();
  released();
  released();
  assert.deepEqual(sent, [
    ['one', 'select', 1],
    ['other', 'select', 4],
    ['one', 'select', 3],
  ]);
});
