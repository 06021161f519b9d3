/* Looking for things in a photo, the camera or a video. */
import {attempt, button, count, download, fileButton, make, say} from './elements.js';
import {ask, base64} from './server.js';
import {Labels} from './labels.js';
import {Stage} from './stage.js';
import {follow, frameOf, openCamera, openVideo} from './moving.js';
import * as commands from './commands.js';
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
      this.tell();
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
    this.kept = button('Keep this picture', () => this.keep(), {hidden: true});
    this.marker = button('Mark a thing', () => this.mark(), {hidden: true});
    const row = make('p', {className: 'row'}, fileButton('Choose a photo or video', 'image/*,video/*', (file) => this.open(file)), this.camera,
      this.kept, this.marker);
    return row;
  }

  side() {
    const save = (name, what, type) => button(name, () => attempt(async () => {
      if (!this.photo) throw new Error('There is nothing to save yet: choose a photo first.');
      download(...await what(), type);
    }), {className: 'small'});
    const stem = () => this.photo.name.replace(/\.[^.]*$/, '');
    const copy = (name, what) => button(name, () => attempt(async () => {
      const text = what(this.photo?.name ?? 'photo.jpg', this.labels.ordered(), Number(this.slider.value), this.model.name);
      this.command.textContent = text;
      this.command.hidden = false;
      try {
        await navigator.clipboard.writeText(text);
        say(`Copied for ${name.replace('Copy as ', '')}.`);
      } catch {
        getSelection().selectAllChildren(this.command);
        say('The browser does not let this page copy: the text is selected below its button.');
      }
    }), {className: 'small'});
    this.command = make('pre', {className: 'command', hidden: true, tabIndex: 0, 'aria-label': 'Request'});
    return make('div', {},
      make('section', {className: 'sheet'}, this.labels.element),
      make('section', {className: 'sheet'}, make('div', {className: 'row'}, make('label', {htmlFor: 'threshold', textContent: 'Threshold'}), this.value),
        this.slider, make('h2', {textContent: 'Found'}), this.list),
      make('details', {className: 'sheet'}, make('summary', {textContent: 'Save or share'}), make('p', {className: 'row'},
        save('Picture', async () => [`${stem()}-found.png`, await this.stage.image()], 'image/png'),
        save('JSON', () => [`${stem()}.json`, exports.json(this.outcome())], 'application/json'),
        save('COCO', () => [`${stem()}-coco.json`, exports.coco(this.outcome(), this.labels.ordered())], 'application/json'),
        save('YOLO', () => [`${stem()}.txt`, exports.yolo(this.outcome())], 'text/plain')),
      make('p', {className: 'row'}, copy('Copy as curl', commands.curl), copy('Copy as Python', commands.python)), this.command));
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
    this.marker.hidden = false;
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

  /** Looks in what() describes: {photo} or {image}. What the server has dropped meanwhile is sent again. */
  async detect(what) {
    const ordered = this.labels.ordered();
    const once = async () => ask('POST', '/v1/detect', {...what(), model: this.model.name, vocabulary: await this.vocabularyId(),
      threshold: LOWEST, top_k: MOST});
    const reply = await once().catch(async (error) => {
      if (error.status !== 404) throw error;
      await this.restore();
      return once();
    });
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
    const results = await this.detect(() => ({photo: this.photo.id}));
    if (turn !== this.turn) return;
    this.results = results;
    this.show();
    this.tell();
  }

  /** Sends the photo and those of the examples again. */
  async restore() {
    const sent = new Map();
    const id = async (file) => {
      if (!sent.has(file)) sent.set(file, (await this.send(file)).id);
      return sent.get(file);
    };
    this.vocabulary = null;
    if (this.photo?.file) this.photo.id = await id(this.photo.file);
    for (const label of this.labels.list.filter((one) => one.example)) label.example.photo = await id(label.file);
  }

  /** Says how many things are shown. */
  tell() {
    if (!this.photo || !this.labels.list.length) return;
    say(this.shown.length ? `${count(this.shown.length, 'thing')} found.`
      : this.results.length ? 'Nothing above the threshold: move it to the left to see more.' : 'Nothing found.');
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
      say('A moving picture has no examples: keep a picture first.', true);
      return;
    }
    const n = this.labels.list.filter((label) => label.example).length + 1;
    this.labels.add({name: `example ${n}`, example: {photo: this.photo.id, box}, file: this.photo.file});
    this.look();
  }

  /** Lets a box be drawn by keys. */
  mark() {
    this.stage.mark();
    say('Drag a box, or: arrows move it, Shift with arrows sizes it, Enter looks for what is in it, Escape leaves.');
  }

  /** The frame that is shown becomes the photo. */
  keep() {
    return attempt(async () => {
      const {blob} = await frameOf(this.stage.picture, make('canvas'), Infinity);
      const name = this.photo.name.replace(/\.[^.]*$/, '') + '.jpg';
      this.endMoving();
      await this.openPhoto(new File([blob], name, {type: blob.type}));
    });
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
    const turn = ++this.turn;
    this.photo = {name, width: video.videoWidth, height: video.videoHeight};
    this.results = [];
    this.stage.show(video, video.videoWidth, video.videoHeight);
    this.kept.hidden = false;
    this.marker.hidden = true;
    this.camera.textContent = 'Stop';
    this.camera.setAttribute('aria-pressed', 'true');
    say(this.labels.list.length ? '' : 'Say what to look for: type a name and press Enter.');
    this.moving = follow(video, async (blob, scale) => {
      if (!this.labels.list.length) return;
      const image = await base64(blob);
      const found = await this.detect(() => ({image}));
      if (this.turn !== turn || !this.moving) return;
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
    this.kept.hidden = true;
    this.camera.textContent = 'Camera';
    this.camera.setAttribute('aria-pressed', 'false');
  }

  close() {
    this.endMoving();
    document.removeEventListener('paste', this.paste);
  }
}
