/* A text with gaps, and what may stand in them. */
import {attempt, button, make, say} from './elements.js';
import {ask} from './server.js';
import {bars} from './classes.js';

export class MaskedWords {
  constructor(model) {
    this.path = `/models/${encodeURIComponent(model.name)}/pipeline/fill-mask`;
    this.mask = '[MASK]';
    this.text = make('textarea', {id: 'text', rows: 4, value: `This is an incomplete sentence where some words are${this.mask.repeat(9)}.`});
    this.out = make('div');
    this.element = make('section', {className: 'sheet'}, make('h2', {}, make('label', {htmlFor: 'text', textContent: 'A text with gaps'})),
      this.text, make('p', {className: 'row'}, button('Add a gap', () => this.gap()), button('Fill in', () => this.run(), {className: 'main'})),
      make('p', {className: 'quiet', textContent: `A gap is one byte of the text, written ${this.mask}.`}), this.out);
  }

  /** A gap where the cursor is, or in place of what is selected. */
  gap() {
    const chosen = this.text.value.slice(this.text.selectionStart, this.text.selectionEnd);
    const gaps = Math.max(1, new TextEncoder().encode(chosen).length);
    this.text.setRangeText(this.mask.repeat(gaps), this.text.selectionStart, this.text.selectionEnd, 'end');
    this.text.focus();
  }

  run() {
    return attempt(async () => {
      say('Filling in …');
      const reply = await ask('POST', this.path, {inputs: this.text.value, parameters: {top_k: 5}});
      const gaps = Array.isArray(reply[0]) ? reply : [reply];
      const parts = this.text.value.split(this.mask);
      const whole = parts.slice(1).flatMap((part, i) => [make('mark', {textContent: gaps[i]?.[0].token_str ?? this.mask}), part]);
      this.out.replaceChildren(make('p', {}, parts[0], ...whole), ...gaps.map((candidates, i) => make('details', {},
        make('summary', {textContent: `Gap ${i + 1}: ${candidates[0].token_str}`}),
        bars(candidates.map(({token_str, score}) => ({label: token_str, score}))))));
      say('Filled in.');
    });
  }

  close() {}
}
