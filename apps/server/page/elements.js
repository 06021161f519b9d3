/* Elements of the page, and what is said to the person. */

/** An element with properties and children; "aria-" and "data-" words are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-')) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** An element of a drawing. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A button. */
export function button(text, click, properties = {}) {
  return make('button', {type: 'button', textContent: text, onclick: click, ...properties});
}

/** A real input for files that looks like a button. take(file) gets each that was chosen. */
export function fileButton(text, accept, take, properties = {}) {
  const input = make('input', {type: 'file', accept, 'aria-label': text, ...properties});
  input.addEventListener('change', () => {
    const [file] = input.files;
    input.value = '';
    if (file) take(file);
  });
  return make('span', {className: 'button main file'}, text, input);
}

/** Says something on the line that screen readers read too. */
export function say(text, bad = false) {
  const line = document.getElementById('status');
  line.textContent = text;
  line.classList.toggle('bad', bad);
}

/** Does something that may fail, and says what went wrong. */
export async function attempt(what) {
  try {
    return await what();
  } catch (error) {
    if (error.name !== 'AbortError') say(error.message, true);
    return undefined;
  }
}

/** Gives a file to the person. */
export function download(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], {type}));
  make('a', {href: url, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** "1 thing", "2 things". */
export function count(n, thing) {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}
