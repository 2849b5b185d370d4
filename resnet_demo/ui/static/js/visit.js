// The tab keeps the key of its visit, so that the visit is found again when the page is reloaded, or left and come back
// to. A second tab is a second visit; so is a duplicated one, for which the server sees that the first is still open.
import { here } from './screen.js';

const shownHere = () => new URLSearchParams(location.search).get('embed') || ''; // several frames may share a tab
const name = () => `lab-visit ${location.pathname} ${shownHere()}`;

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(name()));
  } catch {
    return null; // it is not allowed here, or not ours
  }
}

function write(visit) {
  try {
    sessionStorage.setItem(name(), JSON.stringify(visit));
  } catch {
    // then a reload begins anew
  }
}

/** What the server is told as the page begins: its screen, the key of the visit, the page that had it, whether that ended. */
export const returned = () => ({ ...read(), screen: here() });

/** The visit of this page, as the server names it. */
export function keep(visit) {
  if (!visit?.key) return;
  write(visit);
  // Only what this page put there: another frame of the tab may have put its own.
  addEventListener('pagehide', () => {
    if (read()?.page === visit.page) write({ ...visit, left: true });
  });
}

// A page that the browser kept whole comes back without its connection.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
