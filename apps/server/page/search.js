/* Looking for things in a photo, the camera or a video. */
import {attempt, button, count, download, fileButton, make, say} from './elements.js';
import {ask, base64} from './server.js';
import {Labels} from './labels.js';
import {Stage} from './stage.js';
import {follow, openCamera, openVideo} from './moving.js';
import * as exports from './exports.js';

/** What is asked for: all above it is filtered here, without asking again. */
const LOWEST = 0.05;
const MOST = 500;

export class Search {
  constructor(model) {
    this.model = model;
    this.results = [];
    this.turn = 0;
    this.labels = new Labels(() => this.look(), () => this.show());
    const hint = make('div', {className: 'hint'}, make('strong', {textContent: 'Drop a photo here'}),
      'or paste one, choose a file, or use the camera. Then say what to look for, in words; or drag a box around a thing to look for more of its kind.');
    this.stage = new Stage((file) => this.open(file), (box) => this.exemplify(box), hint);
    this.slider = make('input', {type: 'range', id: 'threshold', min: LOWEST, max: 1, step: 0.01, value: model.threshold});
    this.value = make('span', {textContent: Number(model.threshold).toFixed(2), 'aria-hidden': 'true'});
    this.slider.addEventListener('input', () => {
      this.value.textContent = Number(this.slider.value).toFixed(2);
      this.show();
    });
    this.list = make('ol', {className: 'found', 'aria-label': 'Found', tabIndex: 0});
    this.paste = (event) => {
      const file = [...event.clipboardData?.files ?? []][0];
      if (file) this.open(file);
    };
    document.addEventListener('paste', this.paste);
    this.element = make('div', {className: 'detect'}, make('div', {}, this.stage.element, this.sources()), this.side());
  }

  sources() {
    this.camera = button('Camera', () => attempt(() => this.toggleCamera()), {'aria-pressed': 'false'});
    const row = make('p', {className: 'row'}, fileButton('Choose a photo or video', 'image/*,video/*', (file) => this.open(file)), this.camera);
    return row;
  }

  side() {
    const save = (name, what, type) => button(name, () => attempt(async () => {
      if (!this.photo) throw new Error('There is nothing to save yet: choose a photo first.');
      download(...await what(), type);
    }), {className: 'small'});
    const stem = () => this.photo.name.replace(/\.[^.]*$/, '');
    const copy = (name, what) => button(name, () => attempt(async () => {
      await navigator.clipboard.writeText(what(this.photo?.name ?? 'photo.jpg', this.labels.ordered(), Number(this.slider.value), this.model.name));
      say(`Copied for ${name.replace('Copy as ', '')}.`);
    }), {className: 'small'});
    return make('div', {},
      make('section', {className: 'sheet'}, this.labels.element),
      make('section', {className: 'sheet'}, make('div', {className: 'row'}, make('label', {htmlFor: 'threshold', textContent: 'Threshold'}), this.value),
        this.slider, make('h2', {textContent: 'Found'}), this.list),
      make('details', {className: 'sheet'}, make('summary', {textContent: 'Save or share'}), make('p', {className: 'row'},
        save('Picture', async () => [`${stem()}-found.png`, await this.stage.image()], 'image/png'),
        save('JSON', () => [`${stem()}.json`, exports.json(this.outcome())], 'application/json'),
        save('COCO', () => [`${stem()}-coco.json`, exports.coco(this.outcome(), this.labels.ordered())], 'application/json'),
        save('YOLO', () => [`${stem()}.txt`, exports.yolo(this.outcome())], 'text/plain')),
      make('p', {className: 'row'}, copy('Copy as curl', exports.curl), copy('Copy as Python', exports.python))));
  }

  outcome() {
    return {...this.photo, threshold: Number(this.slider.value), found: this.shown};
  }

  /** Opens a file that was dropped, pasted or chosen. */
  open(file) {
    return attempt(async () => {
      this.endMoving();
      if (file.type.startsWith('video/')) {
        await this.move(await openVideo(file), file.name);
      } else {
        await this.openPhoto(file);
      }
    });
  }

  async openPhoto(file) {
    say(`Reading ${file.name} …`);
    const turn = ++this.turn;
    const picture = make('img', {alt: `The photo ${file.name}`, src: URL.createObjectURL(file)});
    const seen = picture.decode().then(() => true, () => false);
    const held = await this.send(file);
    if (turn !== this.turn) return;
    if (!await seen) throw new Error(`${file.name}: this browser can not show pictures of its kind.`);
    this.photo = {name: file.name, file, id: held.id, width: held.width, height: held.height};
    this.results = [];
    this.stage.show(picture, held.width, held.height);
    this.show();
    await this.find();
  }

  /** Lets the server encode and hold a photo. */
  async send(file) {
    try {
      const body = this.model.first ? file : {image: await base64(file), model: this.model.name};
      return await ask('POST', '/v1/photos', body);
    } catch (error) {
      throw new Error(`${file.name}: ${error.message}`);
    }
  }

  /** Looks again: other labels, the same photo. */
  look() {
    this.vocabulary = null;
    if (this.moving) return undefined;
    return attempt(() => this.find());
  }

  /** The id of what is looked for. */
  async vocabularyId() {
    if (!this.vocabulary) {
      const ordered = this.labels.ordered();
      const texts = ordered.filter((label) => !label.example).map((label) => label.name);
      const exemplars = ordered.filter((label) => label.example).map((label) => ({...label.example, label: label.name}));
      this.vocabulary = ask('POST', '/v1/vocabularies', {model: this.model.name, ...(texts.length && {texts}),
        ...(exemplars.length && {exemplars})}).then((held) => held.id);
      this.vocabulary.catch(() => { this.vocabulary = null; });
    }
    return this.vocabulary;
  }

  async detect(what) {
    const ordered = this.labels.ordered();
    const reply = await ask('POST', '/v1/detect', {...what, model: this.model.name, vocabulary: await this.vocabularyId(),
      threshold: LOWEST, top_k: MOST});
    return reply.detections.map(({label_index, score, box}) => ({label: ordered[label_index], index: label_index, score, box}));
  }

  async find() {
    if (!this.photo) return;
    if (!this.labels.list.length) {
      this.results = [];
      this.show();
      say('Say what to look for: type a name and press Enter, or drag a box around a thing.');
      this.labels.input.focus({preventScroll: true});
      return;
    }
    say('Looking …');
    const turn = ++this.turn;
    let results;
    try {
      results = await this.detect({photo: this.photo.id});
    } catch (error) {
      if (error.status !== 404) throw error;
      /* What the server held was dropped: it is sent again. */
      this.photo.id = (await this.send(this.photo.file)).id;
      this.vocabulary = null;
      results = await this.detect({photo: this.photo.id});
    }
    if (turn !== this.turn) return;
    this.results = results;
    this.show();
    say(this.shown.length ? `${count(this.shown.length, 'thing')} found.`
      : results.length ? 'Nothing above the threshold: move it to the left to see more.' : 'Nothing found.');
  }

  /** Shows what passes the thresholds. */
  show() {
    const common = Number(this.slider.value);
    this.shown = this.results.filter(({label, score}) => label && score >= (label.own ?? common)).sort((a, b) => b.score - a.score);
    this.stage.set(this.shown);
    this.labels.counted(this.shown);
    this.list.replaceChildren(...this.shown.slice(0, 100).map((thing) => {
      const dot = make('span', {className: 'dot'});
      dot.style.background = thing.label.colour;
      return make('li', {}, dot, make('span', {className: 'name', textContent: `${thing.label.name} ${thing.score.toFixed(2)}`}),
        this.moving ? '' : button('More like it', () => this.exemplify(thing.box), {className: 'small'}));
    }));
  }

  /** A box becomes an example of what to look for. */
  exemplify(box) {
    if (this.moving) {
      say('A moving picture has no examples: take a photo first.', true);
      return;
    }
    const n = this.labels.list.filter((label) => label.example).length + 1;
    this.labels.add({name: `example ${n}`, example: {photo: this.photo.id, box}});
    this.look();
  }

  async toggleCamera() {
    if (this.moving) {
      this.endMoving();
      this.stage.clear();
      say('');
    } else {
      await this.move(await openCamera(), 'camera.jpg');
    }
  }

  async move(video, name) {
    this.turn++;
    this.photo = {name, width: video.videoWidth, height: video.videoHeight};
    this.results = [];
    this.stage.show(video, video.videoWidth, video.videoHeight);
    this.camera.textContent = 'Stop';
    this.camera.setAttribute('aria-pressed', 'true');
    say(this.labels.list.length ? '' : 'Say what to look for: type a name and press Enter.');
    this.moving = follow(video, async (blob, scale) => {
      if (!this.labels.list.length) return;
      const found = await this.detect({image: await base64(blob)});
      if (!this.moving) return;
      this.results = found.map((thing) => ({...thing, box: Object.fromEntries(Object.entries(thing.box).map(([side, at]) => [side, at / scale]))}));
      this.show();
      say(`${count(this.shown.length, 'thing')} found.`);
    });
  }

  endMoving() {
    if (!this.moving) return;
    this.moving();
    this.moving = null;
    this.photo = null;
    this.results = [];
    this.show();
    this.camera.textContent = 'Camera';
    this.camera.setAttribute('aria-pressed', 'false');
  }

  close() {
    this.endMoving();
    document.removeEventListener('paste', this.paste);
  }
}
