// A block or a wire in a drawing is a button: Enter and the space bar press it.
document.addEventListener('keydown', (event) => {
  const stop = event.target.closest('.rd-stop');
  if (stop && (event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    stop.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  }
});

// From the top straight to what the page shows: the next Tab leads to the first thing in it.
document.addEventListener('click', (event) => {
  if (!event.target.closest('[data-skip]')) return;
  const page = [...document.querySelectorAll('#pages [role=tabpanel]')].find((one) => one.getClientRects().length);
  page.tabIndex = -1;
  page.focus({ preventScroll: true });
});
