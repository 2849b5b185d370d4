// What the pages need beyond gradio: the address and its language, saving figures, the keyboard inside drawings, and
// links to a page on a phone. `shell.py` puts `rdWords`, what scripts say by language, and `rdFirst` before it.

// Keeps the address in step with what is shown, so that it can be copied or bookmarked, and says the language.
function rdAddress(query) {
  const theme = new URLSearchParams(location.search).get('__theme');
  const all = [query, theme && '__theme=' + theme].filter(Boolean).join('&');
  history.replaceState(null, '', all ? '?' + all : location.pathname);
  document.documentElement.lang = new URLSearchParams(query).get('lang') || rdFirst;
  document.title = rdSaid().title;
  rdTranslate(document.body);
}

function rdSaid() {
  return rdWords[document.documentElement.lang] || rdWords[rdFirst];
}

// gradio's own labels are English, or speak the browser's language; here they get those of the page. What is known of
// any language is known by its English, so that one can go back.
const rdEnglish = new Map([['common.complete', 'Complete']]);  // gradio's name of a word that it forgot
const rdAbout = [];  // what is said about something that has a label, as what stands before and after it
for (const { brought } of Object.values(rdWords)) {
  for (const [english, said] of Object.entries(brought)) {
    rdEnglish.set(english, english).set(said, english);
    for (const words of english.includes('{label}') ? [english, said] : []) {
      const [before, after] = words.split('{label}');
      rdAbout.push({ english, before, after });
    }
  }
}
function rdOurs(words) {
  const known = words.trim(), english = rdEnglish.get(known);
  if (english) return rdSaid().brought[english];
  const about = rdAbout.find(({ before, after }) => known.startsWith(before) && known.endsWith(after));
  if (!about) return undefined;
  const label = known.slice(about.before.length, known.length - about.after.length);
  return rdSaid().brought[about.english].split('{label}').join(label);
}
function rdTranslate(root) {
  if (root.nodeType === Node.TEXT_NODE) {
    const ours = rdOurs(root.data);
    if (ours && root.data.trim() !== ours) root.data = root.data.replace(root.data.trim(), ours);
    return;
  }
  if (root.nodeType !== Node.ELEMENT_NODE) return;
  for (const one of [root, ...root.querySelectorAll('[aria-label], [title]')]) {
    for (const name of ['aria-label', 'title']) {
      const ours = one.hasAttribute(name) && rdOurs(one.getAttribute(name));
      if (ours && ours !== one.getAttribute(name)) one.setAttribute(name, ours);
    }
  }
  const parts = '[data-testid] .wrap, .icon-wrap ~ *, button, .toast-title, [role=status]';
  for (const part of root.querySelectorAll(parts)) {
    for (const node of part.childNodes) if (node.nodeType === Node.TEXT_NODE) rdTranslate(node);
  }
}
new MutationObserver((changes) => {
  for (const { type, target, addedNodes } of changes) {
    if (type !== 'childList') rdTranslate(target);
    else for (const node of addedNodes) rdTranslate(node);
  }
}).observe(document.documentElement, {
  childList: true, characterData: true, subtree: true, attributes: true, attributeFilter: ['aria-label', 'title'],
});

async function rdShare() {
  const words = rdSaid();
  const nodes = [...document.querySelector('#share').childNodes];
  const label = nodes.find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const before = label.data;
  let said = words.copied;
  try { await navigator.clipboard.writeText(location.href); } catch { said = words.byHand; }
  label.data = said;
  setTimeout(() => { if (label.data === said) label.data = before; }, 2000);
}

// On a phone the bars stand above the pages: a link to a page should lead to it.
const rdCameToPage = new URLSearchParams(location.search).has('tab');
function rdBegin() {
  const pages = document.querySelector('#pages');
  if (rdCameToPage && pages.getBoundingClientRect().top > innerHeight / 2) pages.scrollIntoView({ block: 'start' });
}

// A figure is saved as it is on the page, in the light colours: those that the drawing's CSS variables fall back to,
// written out, since few programs besides browsers know variables.
function rdSave(button) {
  const { name, kind, content } = button.dataset;
  if (kind === 'csv') return rdOffer(URL.createObjectURL(new Blob([content], { type: 'text/csv' })), name + '.csv');
  const holder = button.closest('.rd-figure, .rd-card');
  if (kind === 'img') return rdOffer(holder.querySelector('.rd-grid img').src, name + '.png');
  const drawing = [...holder.querySelectorAll('svg')].find((svg) => svg.getBoundingClientRect().width > 0);
  if (!drawing) return;
  const copy = drawing.cloneNode(true), box = drawing.viewBox.baseVal;
  copy.setAttribute('width', box.width);
  copy.setAttribute('height', box.height);
  copy.removeAttribute('style');
  const text = new XMLSerializer().serializeToString(copy).replace(/var\([\w-]+, *(#\w+)\)/g, '$1');
  const address = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
  if (kind === 'svg') return rdOffer(address, name + '.svg');
  const picture = new Image();
  picture.onload = () => {
    const canvas = document.createElement('canvas');
    canvas.width = 2 * box.width;
    canvas.height = 2 * box.height;
    const paint = canvas.getContext('2d');
    paint.fillStyle = 'white';
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => rdOffer(URL.createObjectURL(blob), name + '.png'));
  };
  picture.src = address;
}

function rdOffer(address, name) {
  const link = document.createElement('a');
  link.href = address;
  link.download = name.replace(/[^\w.-]+/g, '-');
  link.click();
}

// The film of a training: a slider over its moments, and Play, which shows one after the other, each when the one before
// has come and been in sight for a second. Whatever else is chosen ends it.
let rdEndFilm = () => {};
function rdFilm(element, trigger) {
  const shownFor = 1000, tooLong = 20000;
  let playing = false, asked = null, wanted = null, since = 0, next = 0, late = 0, held = '';
  const part = (what) => element.querySelector('.rd-film' + what);
  const place = () => Number(part('').dataset.place), last = () => Number(part(' input').max);

  function paint() {  // what the server does not know
    if (!part('')) return;
    const button = part(' .rd-play'), words = playing ? button.dataset.pause : button.dataset.play;
    if (button.textContent !== words) button.textContent = words;
    const to = wanted ?? asked ?? place(), title = JSON.parse(part('').dataset.titles)[to];
    if (Number(part(' input').value) !== to) part(' input').value = to;
    if (part(' .rd-film-title').textContent !== title) part(' .rd-film-title').textContent = title;
    part(' input').setAttribute('aria-valuetext', title);
  }
  function end() {
    playing = false;
    clearTimeout(next);
    paint();
  }
  function ask(to) {  // one at a time: of those that are asked for meanwhile, the last one counts
    if (asked !== null) wanted = to;
    else if (to !== place()) {
      asked = to;
      since = performance.now();
      late = setTimeout(() => { asked = wanted = null; end(); }, tooLong);  // it was refused, or the connection is lost
      trigger('select', { value: JSON.parse(part('').dataset.moments)[to] });
    }
    paint();
  }
  function play() {
    if (place() >= last()) return end();
    next = setTimeout(() => {
      if (playing && part('')) ask(place() + 1);
    }, Math.max(0, shownFor - (performance.now() - since)));
  }
  function arrived() {
    if (held && part('') && document.activeElement === document.body) part(held).focus({ preventScroll: true });
    if (!part('')) { asked = wanted = null; return end(); }
    if (asked !== null && place() !== asked) return paint();
    const came = asked !== null;
    clearTimeout(late);
    asked = null;
    if (wanted !== null) {
      const to = wanted;
      wanted = null;
      ask(to);
    } else if (came && playing) play();
    paint();
  }

  element.addEventListener('input', () => ask(Number(part(' input').value)));
  element.addEventListener('click', (event) => {
    if (!event.target.closest('.rd-play')) return;
    if (playing) return end();
    rdEndFilm();
    rdEndFilm = end;
    playing = true;
    since = performance.now();
    if (place() >= last()) ask(0);
    else ask(place() + 1);
  });
  element.addEventListener('focusin', (event) => { held = event.target.closest('.rd-play') ? ' .rd-play' : ' input'; });
  document.addEventListener('focusin', (event) => { if (!element.contains(event.target)) held = ''; });
  // gradio writes what is new into the elements that are there, as far as it can.
  new MutationObserver(arrived).observe(element, {
    childList: true, characterData: true, subtree: true, attributes: true, attributeFilter: ['data-place', 'data-titles'],
  });
}
for (const kind of ['click', 'input', 'change']) {
  document.addEventListener(kind, (event) => {
    const own = event.target.closest && event.target.closest('.rd-play');
    if (event.isTrusted && !own) rdEndFilm();
  }, true);
}

document.addEventListener('click', (event) => {
  const button = event.target.closest && event.target.closest('.rd-save');
  if (button) rdSave(button);
});

document.addEventListener('keydown', (event) => {
  const stop = event.target.closest && event.target.closest('.rd-stop');
  if (stop && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    stop.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  }
});
