// A picture of one's own: chosen, dropped, pasted, or taken with a camera. All of them go through the button's own input,
// and what is in sight stays until the new answer has come.
const root = document.documentElement;
// The second picture's while its drawer is open.
const place = () => (root.dataset.drawer === 'second' ? 'second' : 'bar');
const INPUTS = { bar: '#bar input[type=file]', second: '#second-drawer input[type=file]' };
const input = () => document.querySelector(INPUTS[place()]);

/** The first file of a drop or of the clipboard; pictures before others. */
export function pick(files) {
  const all = [...(files ?? [])];
  return all.find((file) => file.type.startsWith('image/')) ?? all[0];
}

/** gradio passes over what does not call itself a picture, without a word; the server says what is wrong with it. */
export function asPicture(file) {
  return file.type.startsWith('image/') ? file : new File([file], file.name, { type: 'image/unknown' });
}

export function give(file) {
  const there = new DataTransfer();
  there.items.add(asPicture(file));
  input().value = ''; // so that the same file can come again
  input().files = there.files;
  input().dispatchEvent(new Event('change', { bubbles: true }));
}

// A quiet line in the picture's chip, until there is a new picture or a notice.

function wait() {
  // The same photo once more looks the same, and has another number.
  const chip = () =>
    [...document.querySelectorAll(':is(.rd-picture-chip, .rd-second-chip) img')]
      .map(({ src, dataset }) => `${src} ${dataset.number}`)
      .join();
  const notices = () => document.querySelectorAll('.toast-body').length;
  const before = chip(),
    told = notices();
  root.dataset.sending = place();
  const end = () => {
    watch.disconnect();
    clearTimeout(late);
    delete root.dataset.sending;
  };
  const watch = new MutationObserver(() => {
    if (chip() !== before || notices() > told) end();
  });
  const late = setTimeout(end, 60000);
  const attributeFilter = ['src', 'data-number'];
  watch.observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter });
}

document.addEventListener(
  'change',
  (event) => {
    if (event.target !== input()) return;
    const file = event.target.files[0];
    if (!file) return;
    if (file.type.startsWith('image/')) wait();
    else {
      event.stopImmediatePropagation();
      give(file);
    }
  },
  true,
);

// Drop and paste, anywhere on the page, except where a box takes files of its own.

const OTHERS = '#file, #own-pictures';
let inside = 0; // dragenter and dragleave come for every element on the way
const files = (event) => event.dataTransfer?.types.includes('Files') && !event.target.closest?.(OTHERS);

function hint(shown) {
  if (shown) root.dataset.dragging = '';
  else delete root.dataset.dragging;
}
document.addEventListener('dragenter', (event) => {
  inside += 1;
  hint(files(event));
});
document.addEventListener('dragleave', () => {
  inside = Math.max(0, inside - 1);
  if (!inside) hint(false);
});
document.addEventListener('dragover', (event) => {
  if (!files(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
});
document.addEventListener('drop', (event) => {
  inside = 0;
  hint(false);
  if (!files(event)) return;
  event.preventDefault();
  const file = pick(event.dataTransfer.files);
  if (file) give(file);
});
document.addEventListener('paste', (event) => {
  const file = pick(event.clipboardData?.files);
  if (!file || event.target.closest?.(OTHERS)) return;
  event.preventDefault();
  give(file);
});

// The buttons of the drawer. A phone's camera is the system's own; a desk's is asked for one frame.

function take() {
  const camera = Object.assign(document.createElement('input'), { type: 'file', accept: 'image/*' });
  camera.setAttribute('capture', 'environment');
  camera.addEventListener('change', () => {
    if (camera.files[0]) give(camera.files[0]);
  });
  camera.click();
}

async function look(dialog) {
  const video = dialog.querySelector('video'),
    told = dialog.querySelector('[role=status]');
  const shoot = dialog.querySelector('[data-way=shoot]');
  told.textContent = '';
  shoot.disabled = true;
  dialog.showModal();
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: false });
    const stop = () => {
      for (const track of stream.getTracks()) track.stop();
      video.srcObject = null;
    };
    if (!dialog.open) return stop(); // closed while the browser asked
    dialog.addEventListener('close', stop, { once: true });
    video.srcObject = stream;
    await video.play();
    shoot.disabled = false;
  } catch {
    told.textContent = dialog.dataset.none;
  }
}

function shoot(dialog) {
  const video = dialog.querySelector('video'),
    canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d').drawImage(video, 0, 0);
  dialog.close();
  canvas.toBlob(
    (blob) => {
      if (blob) give(new File([blob], 'camera.jpg', { type: 'image/jpeg' }));
    },
    'image/jpeg',
    0.92,
  );
}

export function ways(element) {
  if (window.isSecureContext && navigator.mediaDevices?.getUserMedia) root.dataset.camera = '';
  element.addEventListener('click', (event) => {
    const way = event.target.closest('[data-way]')?.dataset.way,
      dialog = element.querySelector('dialog');
    if (way === 'choose') document.querySelector('#upload').click();
    else if (way === 'take') take();
    else if (way === 'camera') look(dialog);
    else if (way === 'shoot') shoot(dialog);
    else if (way === 'close') dialog.close();
  });
}
