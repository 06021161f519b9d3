/* A video as the network sees it: what it is of, and its frames made again beside the original. */
import {attempt, fileButton, make, say} from './elements.js';
import {ask, base64} from './server.js';
import {bars} from './classes.js';

export class Clip {
  constructor(model) {
    this.model = model;
    this.out = make('div');
    this.element = make('section', {className: 'sheet'}, make('h2', {textContent: 'A video, made again by the network'}),
      make('p', {className: 'row'}, fileButton('Choose a video', 'video/*', (file) => this.open(file))), this.out);
  }

  open(file) {
    return attempt(async () => {
      say('Looking …');
      const made = await ask('POST', '/v1/autoencode', {video: await base64(file), model: this.model.name});
      const picture = (data, name) => make('img', {src: `data:image/png;base64,${data}`, alt: name});
      const slider = make('input', {type: 'range', id: 'frame', min: 0, max: made.frames.length - 1, value: 0});
      const pair = make('div', {className: 'pair'});
      const show = () => {
        const i = Number(slider.value);
        pair.replaceChildren(...[['Original', made.frames[i].original], ['Made again', made.frames[i].made]].map(([name, data]) =>
          make('figure', {}, picture(data, `${name}, frame ${i + 1}`), make('figcaption', {textContent: name}))));
      };
      slider.addEventListener('input', show);
      show();
      this.out.replaceChildren(pair, make('label', {htmlFor: 'frame', textContent: 'Frame'}), slider, bars(made.classes));
      say(`${made.classes[0].label}, ${made.classes[0].score.toFixed(2)}`);
    });
  }

  close() {}
}
