/* The picture with boxes over it, on which a box can be dragged. */
import {draw, make} from './elements.js';

const SMALLEST_PX = 8;

export class Stage {
  /** dropped(file); dragged(box): a box in pixels of the picture. */
  constructor(dropped, dragged, hint) {
    this.dragged = dragged;
    this.hint = hint;
    this.boxes = [];
    this.svg = draw('svg', {role: 'img', 'aria-label': 'Boxes of what was found'});
    this.element = make('div', {className: 'stage', 'aria-label': 'Picture', role: 'group'}, hint);
    this.element.addEventListener('dragover', (event) => {
      event.preventDefault();
      this.element.classList.add('over');
    });
    this.element.addEventListener('dragleave', () => this.element.classList.remove('over'));
    this.element.addEventListener('drop', (event) => {
      event.preventDefault();
      this.element.classList.remove('over');
      const [file] = event.dataTransfer.files;
      if (file) dropped(file);
    });
    this.listen();
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  /** Shows a picture or a video, of a size in pixels. */
  show(picture, width, height) {
    picture.classList.add('picture');
    this.picture = picture;
    this.width = width;
    this.height = height;
    this.boxes = [];
    this.element.replaceChildren(picture, this.svg);
    this.element.classList.add('full');
    this.svg.classList.toggle('through', picture.tagName === 'VIDEO');
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.fit();
    this.paint();
  }

  clear() {
    this.picture = null;
    this.boxes = [];
    this.element.classList.remove('full');
    this.element.replaceChildren(this.hint);
  }

  /** Lays the boxes over the picture. */
  fit() {
    if (!this.picture) return;
    const picture = this.picture.getBoundingClientRect();
    const stage = this.element.getBoundingClientRect();
    Object.assign(this.svg.style, {left: `${picture.left - stage.left - this.element.clientLeft}px`,
      top: `${picture.top - stage.top - this.element.clientTop}px`, width: `${picture.width}px`, height: `${picture.height}px`});
    this.scale = picture.width / this.width || 1;
    this.paint();
  }

  /** Draws what was found: [{label, score, box}]. */
  set(boxes) {
    this.boxes = boxes;
    this.paint();
  }

  paint() {
    const unit = 1 / (this.scale || 1);
    const parts = this.boxes.map(({label, score, box}) => {
      const text = `${label.name} ${score.toFixed(2)}`;
      const size = 13 * unit;
      const top = box.ymin - 1.45 * size < 0 ? box.ymin : box.ymin - 1.45 * size;
      const width = text.length * size * 0.6 + 8 * unit;
      const left = Math.max(0, Math.min(box.xmin, this.width - width)); /* all of it is to be read */
      return draw('g', {}, draw('rect', {x: box.xmin, y: box.ymin, width: box.xmax - box.xmin, height: box.ymax - box.ymin,
        fill: 'none', stroke: label.colour, 'stroke-width': 3 * unit}),
      draw('rect', {x: left, y: top, width, height: 1.45 * size, fill: label.colour}),
      draw('text', {x: left + 4 * unit, y: top + 1.08 * size, 'font-size': size, fill: '#111'}, text));
    });
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute('aria-label', this.boxes.length ? `${this.boxes.length} found` : 'Nothing found');
  }

  /** Where a pointer is, in pixels of the picture. */
  place(event) {
    const area = this.svg.getBoundingClientRect();
    return {x: Math.min(Math.max((event.clientX - area.left) / area.width, 0), 1) * this.width,
      y: Math.min(Math.max((event.clientY - area.top) / area.height, 0), 1) * this.height};
  }

  listen() {
    let from = null;
    let shown = null;
    const boxTo = (to) => ({xmin: Math.min(from.x, to.x), ymin: Math.min(from.y, to.y),
      xmax: Math.max(from.x, to.x), ymax: Math.max(from.y, to.y)});
    this.svg.addEventListener('pointerdown', (event) => {
      /* A finger scrolls, unless a thing is to be marked. */
      const touch = event.pointerType === 'touch' && !this.svg.classList.contains('marking');
      if (event.button !== 0 || touch) return;
      event.preventDefault();
      this.svg.setPointerCapture(event.pointerId);
      from = this.place(event);
      shown = draw('rect', {fill: 'none', stroke: '#fff', 'stroke-width': 2 / this.scale, 'stroke-dasharray': `${6 / this.scale}`});
      this.svg.append(shown);
    });
    this.svg.addEventListener('pointermove', (event) => {
      if (!from) return;
      const box = boxTo(this.place(event));
      for (const [name, value] of [['x', box.xmin], ['y', box.ymin], ['width', box.xmax - box.xmin],
        ['height', box.ymax - box.ymin]]) shown.setAttribute(name, value);
    });
    const end = (event) => {
      if (!from) return;
      const box = boxTo(this.place(event));
      from = null;
      shown.remove();
      const large = (box.xmax - box.xmin) * this.scale >= SMALLEST_PX && (box.ymax - box.ymin) * this.scale >= SMALLEST_PX;
      if (event.type === 'pointerup' && large) this.dragged(box);
    };
    this.svg.addEventListener('pointerup', end);
    this.svg.addEventListener('pointercancel', end);
  }

  /** Begins a box in the middle, which keys move and size. */
  mark() {
    if (!this.picture) return;
    let box = {xmin: this.width * 0.35, ymin: this.height * 0.35, xmax: this.width * 0.65, ymax: this.height * 0.65};
    const shown = draw('rect', {fill: 'none', stroke: '#fff', 'stroke-width': 2 / this.scale, 'stroke-dasharray': `${6 / this.scale}`});
    const place = () => {
      for (const [name, value] of [['x', box.xmin], ['y', box.ymin], ['width', box.xmax - box.xmin],
        ['height', box.ymax - box.ymin]]) shown.setAttribute(name, value);
    };
    const press = (event) => {
      const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
      if (way) {
        event.preventDefault();
        box = this.moved(box, way, event.shiftKey);
        place();
      } else if (event.key === 'Enter' || event.key === 'Escape') {
        event.preventDefault();
        end();
        if (event.key === 'Enter') this.dragged(box);
      }
    };
    const end = () => {
      shown.remove();
      this.svg.classList.remove('marking');
      this.svg.removeEventListener('keydown', press);
      this.svg.removeEventListener('blur', end);
      this.svg.removeEventListener('pointerdown', end);
    };
    place();
    this.svg.append(shown);
    this.svg.classList.add('marking');
    this.svg.addEventListener('keydown', press);
    this.svg.addEventListener('blur', end);
    this.svg.addEventListener('pointerdown', end);
    this.svg.setAttribute('tabindex', '-1');
    this.svg.focus();
  }

  /* A box a step further, or its right bottom corner; as it is at the border. */
  moved(box, [x, y], sized) {
    const [dx, dy] = [x * this.width / 50, y * this.height / 50];
    const next = {xmin: box.xmin + (sized ? 0 : dx), ymin: box.ymin + (sized ? 0 : dy), xmax: box.xmax + dx, ymax: box.ymax + dy};
    const fits = next.xmin >= 0 && next.ymin >= 0 && next.xmax <= this.width && next.ymax <= this.height
      && next.xmax - next.xmin > this.width / 60 && next.ymax - next.ymin > this.height / 60;
    return fits ? next : box;
  }

  /** The picture with its boxes, as PNG. */
  async image() {
    const canvas = make('canvas', {width: this.width, height: this.height});
    const to = canvas.getContext('2d');
    to.drawImage(this.picture, 0, 0, this.width, this.height);
    const line = Math.max(2, Math.round(Math.max(this.width, this.height) / 400));
    to.lineWidth = line;
    to.font = `600 ${6 * line}px system-ui, sans-serif`;
    for (const {label, score, box} of this.boxes) {
      const text = `${label.name} ${score.toFixed(2)}`;
      const top = box.ymin - 8 * line < 0 ? box.ymin : box.ymin - 8 * line;
      to.strokeStyle = to.fillStyle = label.colour;
      to.strokeRect(box.xmin, box.ymin, box.xmax - box.xmin, box.ymax - box.ymin);
      to.fillRect(box.xmin - line / 2, top, to.measureText(text).width + 4 * line, 8 * line);
      to.fillStyle = '#111';
      to.fillText(text, box.xmin + 1.5 * line, top + 6 * line);
    }
    return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
  }
}
