// A report: the page in sight as one HTML file, with its figures, their numbers, the network, the picture and the address.
import { drawn, offer } from './save.js';
import { said } from './words.js';

const STYLE = `body { max-width: 1000px; margin: 32px auto; padding: 0 16px; font: 16px/1.5 system-ui, sans-serif; color: #1d2733; }
figure { margin: 24px 0; } svg { width: 100%; height: auto; } figcaption { margin-top: 8px; }
img { max-width: 100%; } .rd-pixels { image-rendering: pixelated; }
table { border-collapse: collapse; font-size: 14px; } td, th { padding: 3px 12px 3px 0; border-bottom: 1px solid #cfd6dd; text-align: left; }
dt { font-weight: 600; } .subject { display: flex; gap: 24px; align-items: flex-start; } .subject img { width: 128px; }`;

export const escaped = (text) =>
  text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]);

/** Rows of comma-separated values, in which quotes may hold commas -> lists of cells. */
export function cells(csv) {
  return csv
    .trim()
    .split('\n')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) =>
        quoted === undefined ? bare : quoted.replaceAll('""', '"'),
      ),
    );
}

export function tableOf(csv) {
  const [head, ...body] = cells(csv);
  const line = (row, kind) => `<tr>${row.map((cell) => `<${kind}>${escaped(cell)}</${kind}>`).join('')}</tr>`;
  return `<table><thead>${line(head, 'th')}</thead><tbody>${body.map((row) => line(row, 'td')).join('')}</tbody></table>`;
}

const inSight = (element) => element.getClientRects().length > 0;
const textOf = (selector) => document.querySelector(selector)?.textContent.trim() ?? '';

/** What stands on the page, in its order: headings, sentences, figures with their numbers, tables. */
function content() {
  const parts = [];
  const page = [...document.querySelectorAll('#pages [role=tabpanel]')].find(inSight);
  for (const part of page.querySelectorAll('h3, h4, .rd-note, .rd-figure, .rd-table, .rd-answers, .rd-changes')) {
    const inside = part.parentElement.closest('.rd-figure, .rd-table, .rd-answers, .rd-changes');
    const shown = part.matches('.rd-table') ? (part.closest('details') ?? part) : part; // numbers may be folded away
    if (inside || !inSight(shown)) continue;
    if (part.matches('.rd-figure')) parts.push(figure(part));
    else if (part.matches('.rd-answers, .rd-changes')) parts.push(answers(part));
    else if (part.matches('.rd-table')) parts.push(part.outerHTML);
    else parts.push(worded(part));
  }
  return parts.join('\n');
}

/** A sentence, or a heading, which is one level higher here: the page's name is in the report's title. */
export function worded({ localName, ariaLevel, textContent }) {
  const kind = localName.replace(/^h(\d)$/, (_, level) => `h${(ariaLevel ?? level) - 1}`);
  return `<${kind}>${escaped(textContent.trim())}</${kind}>`;
}

function figure(element) {
  const svg = [...element.querySelectorAll('svg')].find(inSight);
  const csv = element.querySelector('[data-kind=csv]')?.dataset.content;
  const drawing = svg ? drawn(svg) : element.querySelector('.rd-scroll').innerHTML;
  return `<figure>${drawing}<figcaption>${escaped(reading(element))}</figcaption>${csv ? tableOf(csv) : ''}</figure>`;
}

/** All that reads a figure out, the part that is folded away, too. */
function reading(element) {
  const read = element.querySelector('figcaption .rd-reading')?.cloneNode(true);
  read?.querySelectorAll('summary').forEach((button) => button.remove());
  return read?.textContent.trim().replace(/\s+/g, ' ') ?? '';
}

function answers(list) {
  const rows = [...list.children].map((row) => `<li>${escaped(row.innerText.trim().replace(/\s+/g, ' '))}</li>`);
  return `<ol>${rows.join('')}</ol>`;
}

export function report() {
  const words = said().report;
  const picture = document.querySelector('#chips .rd-picture-chip img')?.src;
  const title = `${said().title}: ${textOf('#pages [role=tab][aria-selected=true]')}`;
  const facts = [...document.querySelectorAll('#facts li')].map((line) => line.textContent.trim());
  const entries = [
    [words.network, [textOf('#chips .rd-network-chip'), ...facts].join(' · ')],
    [words.answer, document.querySelector('#chips .rd-answer-chip')?.title ?? ''],
    [words.made, new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC'],
  ].map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`);
  const link = `<dt>${escaped(words.address)}</dt><dd><a href="${escaped(location.href)}">${escaped(location.href)}</a></dd>`;
  const second = document.querySelector('#chips .rd-second-chip img')?.src;
  const seen = [
    [picture, words.picture],
    [second, words.second],
  ].map(([src, alt]) => (src ? `<img src="${src}" alt="${escaped(alt)}">` : ''));
  const html = `<!doctype html>
<html lang="${document.documentElement.lang}"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><h1>${escaped(title)}</h1><div class="subject">${seen.join('')}<dl>${entries.join('')}${link}</dl></div>
${content()}
</body></html>`;
  offer(URL.createObjectURL(new Blob([html], { type: 'text/html' })), 'resnet-report.html');
}

document.addEventListener('click', (event) => {
  if (event.target.closest('[data-report]')) report();
});
