// A figure is saved as it is on the page, in the light colours: those that the drawing's CSS variables fall back to,
// written out, since few programs besides browsers know variables.
function save(button) {
  const { name, kind, content } = button.dataset;
  if (kind === 'csv') return offer(URL.createObjectURL(new Blob([content], { type: 'text/csv' })), name + '.csv');
  const holder = button.closest('.rd-figure, .rd-card');
  if (kind === 'img') return offer(holder.querySelector('.rd-grid img').src, name + '.png');
  const drawing = [...holder.querySelectorAll('svg')].find((svg) => svg.getBoundingClientRect().width > 0);
  if (!drawing) return;
  const box = drawing.viewBox.baseVal;
  const address = URL.createObjectURL(new Blob([drawn(drawing)], { type: 'image/svg+xml' }));
  if (kind === 'svg') return offer(address, name + '.svg');
  const picture = new Image();
  picture.onload = () => {
    const canvas = document.createElement('canvas');
    canvas.width = 2 * box.width;
    canvas.height = 2 * box.height;
    const paint = canvas.getContext('2d');
    paint.fillStyle = 'white';
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => offer(URL.createObjectURL(blob), name + '.png'));
  };
  picture.src = address;
}

/** A drawing as a file of its own. */
export function drawn(drawing) {
  const copy = drawing.cloneNode(true);
  const box = drawing.viewBox.baseVal;
  copy.setAttribute('width', box.width);
  copy.setAttribute('height', box.height);
  copy.removeAttribute('style');
  return new XMLSerializer().serializeToString(copy).replace(/var\([\w-]+, *(#\w+)\)/g, '$1');
}

export function offer(address, name) {
  const link = document.createElement('a');
  link.href = address;
  link.download = name.replace(/[^\w.-]+/g, '-');
  link.click();
}

document.addEventListener('click', (event) => {
  const button = event.target.closest('.rd-save');
  if (button) save(button);
});
