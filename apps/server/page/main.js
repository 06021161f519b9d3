/* The page: which models there are, and a panel for what the chosen one does. */
import {attempt, make, say} from './elements.js';
import {ask} from './server.js';
import {Search} from './search.js';
import {Pair} from './pair.js';
import {MaskedWords} from './words.js';
import {PhotoClasses, TextClasses} from './classes.js';
import {Clip} from './clip.js';

/** What shows a model, by the first of these that it offers. */
const panels = [
  ['search', Search],
  ['flow', Pair],
  ['fill-mask', MaskedWords],
  ['autoencode', Clip],
  ['classify photos', PhotoClasses],
  ['classify texts', TextClasses],
];

let panel = null;

function show(model) {
  panel?.close();
  const [, Panel] = panels.find(([task]) => model.tasks.includes(task)) ?? [];
  const note = document.getElementById('note');
  note.textContent = model.note ? `${model.name}: ${model.note}` : '';
  note.hidden = !model.note;
  panel = Panel ? new Panel(model) : null;
  document.getElementById('panel').replaceChildren(panel ? panel.element
    : make('p', {textContent: `${model.name} is for programs: it has no picture or text to show here.`}));
  say('');
}

attempt(async () => {
  const {models} = await ask('GET', '/v1/models');
  if (!models.length) throw new Error('No model is served.');
  models[0].first = true;
  const choice = document.getElementById('model');
  choice.replaceChildren(...models.map((model, i) => make('option', {value: i, textContent: model.name})));
  choice.addEventListener('change', () => show(models[choice.value]));
  document.getElementById('model-choice').hidden = models.length < 2;
  show(models[0]);
});
