// Words that gradio brings along are told in the page's language.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

let translate;

class Text {
  constructor(data) {
    this.nodeType = 3;
    this.data = data;
  }
}

before(async () => {
  const words = {
    en: { brought: { Close: 'Close', 'number input for {label}': 'number input for {label}' } },
    zh: { brought: { Close: '关闭', 'number input for {label}': '{label}的数字输入框' } },
  };
  globalThis.Node = { TEXT_NODE: 3, ELEMENT_NODE: 1 };
  globalThis.MutationObserver = class {
    observe() {}
  };
  globalThis.document = {
    documentElement: { lang: 'zh' },
    querySelector: () => ({ textContent: JSON.stringify({ first: 'en', words }) }),
  };
  ({ translate } = await import('../../resnet_demo/ui/static/js/translate.js'));
});

test('a word is told in the language, with the white space around it', () => {
  const text = new Text(' Close\n');
  translate(text);
  assert.equal(text.data, ' 关闭\n');
});

test('and in English again, when the language is English again', () => {
  const text = new Text('关闭');
  document.documentElement.lang = 'en';
  translate(text);
  document.documentElement.lang = 'zh';
  assert.equal(text.data, 'Close');
});

test('what is said about something that has a label keeps the label', () => {
  const text = new Text('number input for Seed');
  translate(text);
  assert.equal(text.data, 'Seed的数字输入框');
});

test('other words stay', () => {
  const text = new Text('ResNet');
  translate(text);
  assert.equal(text.data, 'ResNet');
});
