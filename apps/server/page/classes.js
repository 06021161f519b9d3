/* Classes of a photo or a text, as bars. */
import {attempt, button, fileButton, make, say} from './elements.js';
import {ask, base64} from './server.js';

/** Bars of [{label, score}]. */
export function bars(list) {
  return make('ol', {className: 'bars', 'aria-label': 'Scores'}, ...list.map(({label, score}) => make('li', {},
    make('span', {className: 'name', textContent: label}), make('meter', {min: 0, max: 1, value: score, 'aria-label': label}),
    make('span', {className: 'count', textContent: score.toFixed(3)}))));
}

export class PhotoClasses {
  constructor(model) {
    this.path = `/models/${encodeURIComponent(model.name)}/pipeline/image-classification`;
    this.out = make('div');
    this.picture = make('div');
    this.element = make('section', {className: 'sheet'}, make('h2', {textContent: 'What is in a photo'}),
      make('p', {className: 'row'}, fileButton('Choose a photo', 'image/*', (file) => this.open(file))), this.picture, this.out);
    this.element.addEventListener('dragover', (event) => event.preventDefault());
    this.element.addEventListener('drop', (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.open(event.dataTransfer.files[0]);
    });
  }

  open(file) {
    return attempt(async () => {
      say('Looking …');
      const found = await ask('POST', this.path, {inputs: await base64(file), parameters: {top_k: 10}});
      this.picture.replaceChildren(make('img', {className: 'picture', src: URL.createObjectURL(file), alt: `The photo ${file.name}`}));
      this.picture.className = 'stage full';
      this.out.replaceChildren(bars(found));
      say(`${found[0].label}, ${found[0].score.toFixed(2)}`);
    });
  }

  close() {}
}

export class TextClasses {
  constructor(model) {
    this.path = `/models/${encodeURIComponent(model.name)}/pipeline/text-classification`;
    this.text = make('textarea', {id: 'text', rows: 4});
    this.out = make('div');
    this.element = make('section', {className: 'sheet'}, make('h2', {}, make('label', {htmlFor: 'text', textContent: 'What is this text?'})),
      this.text, make('p', {className: 'row'}, button('Classify', () => this.run(), {className: 'main'})), this.out);
  }

  run() {
    return attempt(async () => {
      say('Reading …');
      const found = (await ask('POST', this.path, {inputs: this.text.value, parameters: {top_k: 10}})).flat();
      this.out.replaceChildren(bars(found));
      say(`${found[0].label}, ${found[0].score.toFixed(2)}`);
    });
  }

  close() {}
}
