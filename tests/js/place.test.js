// What is a step of the history, what a copied link says, and that fast steps end at the right view.
import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

const listeners = {};
const entries = [];
let lab;

function visit(search) {
  globalThis.location.search = search;
  listeners.popstate();
}

before(async () => {
  globalThis.location = { search: '', hash: '', pathname: '/' };
  globalThis.history = {
    state: null,
    pushState: (state, _, search) => entries.push(['push', search]) && (location.search = search),
    replaceState: (state, _, search) => entries.push(['replace', search]) && (location.search = search),
  };
  globalThis.Node = { TEXT_NODE: 3, ELEMENT_NODE: 1 };
  globalThis.MutationObserver = class {
    observe() {}
  };
  globalThis.addEventListener = (name, heard) => (listeners[name] = heard);
  globalThis.document = {
    documentElement: { lang: 'en' },
    body: { nodeType: 8 },
    addEventListener() {},
    querySelector: () => ({ textContent: '{"first": "en", "words": {"en": {"brought": {}}}}' }),
  };
  lab = await import('../../resnet_demo/ui/static/js/place.js');
});

beforeEach(() => entries.splice(0));

test('a block, a page or a class is a new entry; a dial that is dragged is one', () => {
  assert.equal(lab.entry(null, 'tab=cut', 0), 'replace');
  assert.equal(lab.entry('tab=cut&block=a', 'tab=cut&block=b', 0), 'push');
  assert.equal(lab.entry('tab=cut', 'tab=inside&alpha=1', 0), 'push');
  assert.equal(lab.entry('tab=cut', 'tab=cut&alpha=0.5', Infinity), 'push');
  assert.equal(lab.entry('tab=cut&alpha=0.5', 'tab=cut&alpha=0.55', 200), 'replace');
  assert.equal(lab.entry('tab=cut&alpha=0.5', 'tab=cut&alpha=0.55', 5000), 'push');
  assert.equal(lab.entry('tab=cut', 'tab=cut&lang=zh', Infinity), 'replace');
  assert.equal(lab.entry('picture=own-1', 'picture=own-2', 0), 'push');
});

test('what the page keeps of its address stays in it', () => {
  assert.equal(lab.written('?tab=cut&present=1&embed=cut&block=a'), 'tab=cut&block=a');
  assert.equal(lab.whole('tab=cut', '?tab=inside&present=1&embed=learn%201'), '?tab=cut&present=1&embed=learn%201');
});

test('a link carries the exact input in the place of an own picture', () => {
  const search = '?tab=cut&picture=own-3&crop=0.1,0.2,0.5&block=a';
  assert.equal(lab.link(search, 'iVBOR'), '?tab=cut&block=a&input=iVBOR');
  assert.equal(lab.link(search, ''), search);
  assert.equal(lab.link('?picture=cat', 'iVBOR'), '?picture=cat');
});

test('a link says what it lacks', () => {
  assert.equal(lab.lacks('?picture=cat&weights=trained'), '');
  assert.equal(lab.lacks('?picture=own-1&weights=trained'), 'withoutPicture');
  assert.equal(lab.lacks('?weights=your+file&input=iVBOR'), 'withoutNetwork');
  assert.equal(lab.lacks('?weights=trained+here&picture=own-2'), 'withoutBoth');
  assert.equal(lab.lacks('?picture=cat&second=dog'), '');
  assert.equal(lab.lacks('?picture=cat&second=own-2'), 'withoutSecond');
  assert.equal(lab.lacks('?input=iVBOR&second=own-2&weights=your+file'), 'withoutSecondAndNetwork');
  assert.equal(lab.lacks('?picture=own-1&second=own-2'), 'withoutPictures');
  assert.equal(lab.lacks('?picture=own-1&second=own-2&weights=trained+here'), 'withoutAll');
});

test('fast steps back end at the last one, and make no entry', () => {
  const asked = [];
  lab.place((_, { value }) => asked.push(value));
  for (const query of ['block=a', 'block=b', 'block=c', 'block=d']) lab.address(query);
  assert.deepEqual(
    entries.map(([how]) => how),
    ['replace', 'push', 'push', 'push'],
  );
  entries.splice(0);
  visit('?block=c');
  visit('?block=b');
  visit('?block=a');
  assert.deepEqual(asked, ['block=c']); // one at a time
  lab.address('block=c');
  assert.equal(location.search, '?block=a');
  lab.arrived('block=c');
  assert.deepEqual(asked, ['block=c', 'block=a']); // of those that were asked for meanwhile, the last one
  lab.arrived('block=a');
  lab.address('block=a');
  assert.equal(location.search, '?block=a');
  assert.ok(entries.every(([how]) => how === 'replace'));
  lab.address('block=e');
  assert.deepEqual(entries.at(-1), ['push', '?block=e']);
});

test('a place in the page is no step', () => {
  const asked = [];
  lab.place((_, { value }) => asked.push(value));
  visit('?block=e');
  assert.deepEqual(asked, []);
});
