// A field that finds one of many classes by its name. A click on one is answered as on any class: see `choose` in page.py.
const MOST = 12; // that are shown

/** The places of the names in which every word of `text` begins a word; those that begin with the text come first. */
export function found(names, text, most = MOST) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const begins = (name) => name.startsWith(words[0]);
  const fits = (name) => words.every((word) => name.split(/[\s_\-,]+/).some((part) => part.startsWith(word)));
  const inside = (name) => words.every((word) => name.includes(word));
  const low = names.map((name) => name.toLowerCase());
  const rank = (name) => (begins(name) ? 0 : fits(name) ? 1 : 2);
  return low
    .flatMap((name, place) => (inside(name) ? [[rank(name), place]] : []))
    .sort(([one, first], [other, second]) => one - other || first - second)
    .slice(0, most)
    .map(([, place]) => place);
}

function show(search) {
  const text = search.querySelector('input').value;
  const names = search.dataset.names.split('\n');
  const places = found(names, text);
  const list = search.querySelector('.rd-classes');
  list.replaceChildren(
    ...places.map((place) => {
      const button = document.createElement('button');
      Object.assign(button, { type: 'button', className: 'rd-class', textContent: names[place] });
      button.dataset.target = place;
      button.setAttribute('aria-pressed', String(place === Number(search.dataset.targetNow)));
      return button;
    }),
  );
  if (text.trim() && !places.length) list.textContent = search.dataset.none;
}

if (globalThis.document) {
  document.addEventListener('input', (event) => {
    const search = event.target.closest?.('.rd-search');
    if (search) show(search);
  });
  document.addEventListener('click', (event) => {
    const search = event.target.closest?.('.rd-search [data-target]')?.closest('.rd-search');
    if (!search) return;
    search.querySelector('input').value = '';
    show(search);
  });
  document.addEventListener('keydown', (event) => {
    const search = event.key === 'Enter' && event.target.closest?.('.rd-search input')?.closest('.rd-search');
    if (search) search.querySelector('[data-target]')?.click();
  });
}
