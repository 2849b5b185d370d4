// What a person chooses faster than the server answers. gradio itself would drop a choice that comes while one is answered,
// or send the one before once more.
const tooLong = 20000; // ms: the connection is lost, or it was refused

/**
 * Sends one value at a time. Of those that come meanwhile the newest one counts, or `all` do, in their order; the last one
 * is always sent. `answered` tells that the answer is there: to that value, or to whichever was sent.
 */
export function newest(send, { late = tooLong, all = false } = {}) {
  let sent = null,
    waiting = [],
    timer = 0;
  function next() {
    clearTimeout(timer);
    sent = null;
    if (waiting.length) ask(waiting.shift());
  }
  function ask(value) {
    if (sent === null) {
      sent = value;
      timer = setTimeout(next, late);
      send(value);
    } else if (all) waiting.push(value);
    else waiting = value === sent ? [] : [value];
  }
  const answered = (value = sent) => {
    if (sent !== null && value === sent) next();
  };
  const idle = () => sent === null;
  return { ask, answered, idle };
}

const senders = [];

/** Sends what is chosen in a drawing, by the `trigger` of its component; `all` of it where a second choice takes back one. */
export function sender(trigger, all = false) {
  const line = newest((value) => trigger('select', { value }), { all });
  senders.push(line);
  return line.ask;
}

/** The server answered, or refused: what was chosen meanwhile goes out. */
export const released = () => senders.forEach(({ answered }) => answered());
