/* How far everything moved from one photo to the next, as colours. */
import {attempt, button, fileButton, make, say} from './elements.js';
import {ask, base64} from './server.js';

/* The longest side of what is compared. */
const SIDE_PX = 512;

export class Pair {
  constructor(model) {
    this.model = model;
    this.files = [null, null];
    this.figures = ['First', 'Second'].map((name, i) => make('figure', {}, make('figcaption', {className: 'row'},
      fileButton(`${name} photo`, 'image/*', (file) => this.take(i, file)))));
    this.go = button('Show what moved', () => this.run(), {className: 'main', disabled: true});
    this.out = make('div');
    this.element = make('section', {className: 'sheet'}, make('h2', {textContent: 'What moved between two photos'}),
      make('div', {className: 'pair'}, ...this.figures), make('p', {className: 'row'}, this.go), this.out);
  }

  take(i, file) {
    this.files[i] = file;
    this.figures[i].querySelector('img')?.remove();
    this.figures[i].append(make('img', {src: URL.createObjectURL(file), alt: `The photo ${file.name}`}));
    this.go.disabled = !this.files.every(Boolean);
  }

  /* Both at the size of the first, which is one that takes seconds: flow is of frames of one size. */
  async frames() {
    const pictures = await Promise.all(this.files.map((file) => createImageBitmap(file).catch(() => {
      throw new Error(`${file.name}: this browser can not show it.`);
    })));
    const shrink = Math.min(1, SIDE_PX / Math.max(pictures[0].width, pictures[0].height));
    return Promise.all(pictures.map(async (picture) => {
      const canvas = make('canvas', {width: Math.round(pictures[0].width * shrink), height: Math.round(pictures[0].height * shrink)});
      canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height);
      return base64(await new Promise((resolve) => { canvas.toBlob(resolve, 'image/png'); }));
    }));
  }

  run() {
    return attempt(async () => {
      say('Comparing …');
      this.go.disabled = true;
      try {
        const [first, second] = await this.frames();
        const flow = await ask('POST', '/v1/flow', {first, second, model: this.model.name});
        this.out.replaceChildren(make('div', {className: 'pair'},
          make('figure', {}, make('img', {src: `data:image/png;base64,${flow.image}`, alt: 'The flow as colours'})),
          make('figure', {}, make('img', {className: 'key', src: `data:image/png;base64,${flow.key}`,
            alt: 'The colour of each direction, from the middle of the disc'}), make('figcaption', {textContent:
            `A colour is a direction, as the disc has them from its middle; the stronger, the further: ${flow.longest_px.toFixed(1)} pixels at full colour, ${flow.mean_px.toFixed(1)} on average.`}))));
        say(`Moved by ${flow.mean_px.toFixed(1)} pixels on average.`);
      } finally {
        this.go.disabled = false;
      }
    });
  }

  close() {}
}
