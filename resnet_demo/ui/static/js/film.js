// The film of a training: a slider over its moments, and Play, which shows one after the other, each when the one before
// has come and been in sight for a second. Whatever else is chosen ends it.
let endFilm = () => {};
export function film(element, trigger) {
  const shownFor = 1000,
    tooLong = 20000;
  let playing = false,
    asked = null,
    wanted = null,
    since = 0,
    next = 0,
    late = 0,
    held = '';
  const part = (what) => element.querySelector('.rd-film' + what);
  const place = () => Number(part('').dataset.place),
    last = () => Number(part(' input').max);

  function paint() {
    // what the server does not know
    if (!part('')) return;
    const button = part(' .rd-play'),
      words = playing ? button.dataset.pause : button.dataset.play;
    if (button.textContent !== words) button.textContent = words;
    const to = wanted ?? asked ?? place(),
      titles = JSON.parse(part('').dataset.titles);
    if (Number(part(' input').value) !== to) part(' input').value = to;
    part(' input').setAttribute('aria-valuetext', titles[to]);
    // The slider is where it was moved; the title says what is in sight.
    const title = part(' .rd-film-title');
    if (title.textContent !== titles[place()]) title.textContent = titles[place()];
    title.toggleAttribute('data-waits', to !== place());
  }
  function end() {
    playing = false;
    clearTimeout(next);
    paint();
  }
  function ask(to) {
    // one at a time: of those that are asked for meanwhile, the last one counts
    if (asked !== null) wanted = to;
    else if (to !== place()) {
      asked = to;
      since = performance.now();
      late = setTimeout(() => {
        asked = wanted = null;
        end();
      }, tooLong); // it was refused, or the connection is lost
      trigger('select', { value: JSON.parse(part('').dataset.moments)[to] });
    }
    paint();
  }
  function play() {
    if (place() >= last()) return end();
    next = setTimeout(
      () => {
        if (playing && part('')) ask(place() + 1);
      },
      Math.max(0, shownFor - (performance.now() - since)),
    );
  }
  function arrived() {
    if (held && part('') && document.activeElement === document.body) part(held).focus({ preventScroll: true });
    if (!part('')) {
      asked = wanted = null;
      return end();
    }
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
    endFilm();
    endFilm = end;
    playing = true;
    since = performance.now();
    if (place() >= last()) ask(0);
    else ask(place() + 1);
  });
  element.addEventListener('focusin', (event) => {
    held = event.target.closest('.rd-play') ? ' .rd-play' : ' input';
  });
  document.addEventListener('focusin', (event) => {
    if (!element.contains(event.target)) held = '';
  });
  // gradio writes what is new into the elements that are there, as far as it can.
  new MutationObserver(arrived).observe(element, {
    childList: true,
    characterData: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-place', 'data-titles'],
  });
}
for (const kind of ['click', 'input', 'change']) {
  document.addEventListener(
    kind,
    (event) => {
      const own = event.target.closest('.rd-play');
      if (event.isTrusted && !own) endFilm();
    },
    true,
  );
}
