// What the pages need beyond gradio, one subject a file. The page holds a promise of this module as `lab`: scripts of single
// components (`js_on_load`) and gradio's events say `lab.then(({ film }) => film(element, trigger))`.
import './keys.js';
import { lens } from './lens.js';
import { motion } from './motion.js';
import './present.js';
import './report.js';
import { roving } from './roving.js';
import './save.js';
import './search.js';
import './train.js';

export { chosen } from './chosen.js';
export { crop } from './crop.js';
export { chips, open } from './drawers.js';
export { film } from './film.js';
export { later, rests } from './later.js';
export { ahead, answers, lesson } from './lesson.js';
export { download } from './network.js';
export { sender } from './newest.js';
export { ways } from './photo.js';
export { address, arrived, followed, place, share } from './place.js';
export { screen } from './screen.js';
export { street } from './street.js';
export { tour, welcome } from './tour.js';
export { keep, returned } from './visit.js';
export { answered } from './waiting.js';

lens(); // over every drawing of a block, wherever it stands
roving(); // in every list
motion(); // of bars and curves
