// What the scripts say, by language; the page brings it along in `#lab-words`.
const brought = JSON.parse(document.querySelector('#lab-words').textContent);

export const { words, first } = brought; // the words by the language's code; the code where the address says none

export function said() {
  return words[document.documentElement.lang] || words[first];
}
