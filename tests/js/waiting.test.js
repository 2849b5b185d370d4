import assert from 'node:assert/strict';
import test from 'node:test';

import { answering, counter, eventOf, marked } from '../../resnet_demo/ui/static/js/waiting.js';

test('a line is shown from the first request to the last answer', () => {
  const shown = [];
  const waits = counter((any) => shown.push(any));
  waits.began();
  waits.began();
  waits.ended();
  assert.deepEqual(shown, [true]);
  waits.ended();
  waits.ended(); // an answer that nobody asked for
  assert.deepEqual(shown, [true, false]);
  waits.began();
  waits.began();
  waits.none(); // a notice of an error
  assert.deepEqual(shown, [true, false, true, false]);
});

test('requests for events are told from others', () => {
  const body = JSON.stringify({ fn_index: 7, data: [] });
  assert.equal(eventOf('http://here/gradio_api/queue/join?model=resnet56', body), 7);
  assert.equal(eventOf('http://here/gradio_api/run/predict', body), 7);
  assert.equal(eventOf('http://here/gradio_api/queue/data?session_hash=x', undefined), undefined);
  assert.equal(eventOf('http://here/theme.css', body), undefined);
  assert.equal(eventOf('http://here/gradio_api/queue/join', 'no JSON'), undefined);
});

test('events that answer with a number are found', () => {
  const components = [
    { id: 3, props: { elem_id: 'answered' } },
    { id: 4, props: {} },
  ];
  const dependencies = [
    { id: 0, outputs: [4] },
    { id: 1, outputs: [4, 3] },
  ];
  assert.deepEqual([...answering({ components, dependencies })], [1]);
});

test('the figures in sight wait; where there is none yet, the page does', () => {
  assert.deepEqual([...marked(['street', 'street', 'block'], 'page')], ['street', 'block']);
  assert.deepEqual([...marked([], 'page')], ['page']);
  assert.deepEqual([...marked([], undefined)], []);
});
