// The numbers of a figure travel into the report as a table.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

let report;

before(async () => {
  globalThis.document = {
    documentElement: { lang: 'en' },
    addEventListener() {},
    querySelector: () => ({ textContent: '{"first": "en", "words": {"en": {}}}' }),
  };
  report = await import('../../resnet_demo/ui/static/js/report.js');
});

test('cells are what stands between commas, outside quotes', () => {
  assert.deepEqual(report.cells('block,"a, ""b"""\n1.0,\n'), [
    ['block', 'a, "b"'],
    ['1.0', ''],
  ]);
});

test('what a stranger wrote is text in the report', () => {
  assert.equal(report.escaped('<img src=x onerror="a&b">'), '&lt;img src=x onerror=&quot;a&amp;b&quot;&gt;');
  assert.ok(report.tableOf('class\n<script>').includes('<td>&lt;script&gt;</td>'));
});

test('headings come one level higher than on the page, whose name is in the title', () => {
  assert.equal(report.worded({ localName: 'h3', textContent: ' a < b ' }), '<h2>a &lt; b</h2>');
  assert.equal(report.worded({ localName: 'h4', ariaLevel: null, textContent: 'x' }), '<h3>x</h3>');
  assert.equal(report.worded({ localName: 'h4', ariaLevel: '3', textContent: 'x' }), '<h2>x</h2>');
  assert.equal(report.worded({ localName: 'p', textContent: 'x' }), '<p>x</p>');
});
