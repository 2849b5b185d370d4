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
