import assert from 'node:assert/strict';
import { test } from 'node:test';

import { found } from '../../resnet_demo/ui/static/js/search.js';

const NAMES = ['tabby', 'tiger cat', 'Persian cat', 'lynx', 'catamaran', 'polecat', 'fire engine', 'space heater'];
const names = (text, most) => found(NAMES, text, most).map((place) => NAMES[place]);

test('names that begin with the text come first, then words that do, then the rest', () => {
  assert.deepEqual(names('cat'), ['catamaran', 'tiger cat', 'Persian cat', 'polecat']);
  assert.deepEqual(names('CAT', 2), ['catamaran', 'tiger cat']);
});

test('all words must be there, in any order', () => {
  assert.deepEqual(names('engine fi'), ['fire engine']);
  assert.deepEqual(names('fire cat'), []);
});

test('nothing is found for nothing', () => {
  assert.deepEqual(names(''), []);
  assert.deepEqual(names('   '), []);
});
