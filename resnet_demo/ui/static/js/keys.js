// A block or a wire in a drawing is a button: Enter and the space bar press it.
document.addEventListener('keydown', (event) => {
  const stop = event.target.closest('.rd-stop');
  if (stop && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    stop.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  }
});
