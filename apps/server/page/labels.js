/* What is looked for: names that were typed and examples that were drawn, each a chip. */
import {button, make} from './elements.js';
import {colour} from './colours.js';

export class Labels {
  /** changed(): something else is looked for; filtered(): the same, by other thresholds. */
  constructor(changed, filtered) {
    this.changed = changed;
    this.filtered = filtered;
    this.list = [];
    this.made = 0;
    this.input = make('input', {type: 'text', id: 'label', placeholder: 'a cat', autocomplete: 'off', enterKeyHint: 'done'});
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) {
        event.preventDefault();
        this.take();
      }
    });
    this.chips = make('ul', {className: 'chips', 'aria-label': 'What is looked for'});
    this.element = make('div', {}, make('h2', {}, make('label', {htmlFor: 'label'}, 'Look for')),
      make('div', {className: 'row'}, this.input, button('Add', () => this.take())), this.chips);
  }

  /** Adds what was typed: several names at once are told apart by commas. */
  take() {
    const names = this.input.value.split(',').map((name) => name.trim()).filter(Boolean);
    const known = new Set(this.list.filter((label) => !label.example).map((label) => label.name));
    const fresh = [...new Set(names)].filter((name) => !known.has(name));
    this.input.value = '';
    for (const name of fresh) this.add({name});
    if (fresh.length) this.changed();
  }

  /** Adds one; example: {photo, box} instead of a text, and the photo's file. */
  add({name, example, file}) {
    const label = {name, example, file, colour: colour(this.made++), own: null};
    label.counter = make('span', {className: 'count', textContent: '0'});
    const dot = make('span', {className: 'dot'});
    dot.style.background = label.colour;
    const own = make('input', {type: 'number', min: 0, max: 1, step: 0.05, placeholder: 'same',
      'aria-label': `Threshold of ${name}`, title: 'Its own threshold; empty: the common one'});
    own.addEventListener('input', () => {
      const value = Number(own.value);
      label.own = own.value !== '' && value >= 0 && value <= 1 ? value : null;
      this.filtered();
    });
    label.chip = make('li', {className: 'chip'}, dot, make('span', {className: 'name', textContent: name}), label.counter, own,
      button('×', () => this.remove(label), {title: 'Remove', 'aria-label': `Remove ${name}`}));
    this.list.push(label);
    this.chips.append(label.chip);
    return label;
  }

  remove(label) {
    this.list = this.list.filter((other) => other !== label);
    label.chip.remove();
    this.input.focus();
    this.changed();
  }

  /** Those in the order that the server knows them by: texts, then examples. */
  ordered() {
    return [...this.list.filter((label) => !label.example), ...this.list.filter((label) => label.example)];
  }

  /** Shows how many were found of each. */
  counted(found) {
    for (const label of this.list) {
      const n = found.filter((thing) => thing.label === label).length;
      label.counter.textContent = n;
      label.counter.title = `${n} found`;
    }
  }
}
