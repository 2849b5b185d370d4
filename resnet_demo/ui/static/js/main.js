// What the pages need beyond gradio, one subject a file. The page holds a promise of this module as `lab`: scripts of single
// components (`js_on_load`) and gradio's events say `lab.then(({ film }) => film(element, trigger))`.
import './keys.js';
import './present.js';
import './save.js';

export { address, share } from './address.js';
export { chips, open } from './drawers.js';
export { film } from './film.js';
export { ahead, answers, lesson } from './lesson.js';
