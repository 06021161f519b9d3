/* Requests to the server that the page came from. */

/** What the server refused, in its words. */
class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** The key, which lasts as long as the tab. */
const key = {
  get: () => sessionStorage.getItem('key'),
  set: (value) => sessionStorage.setItem('key', value),
};

/** Asks the person for a key. */
function askForKey() {
  const form = document.getElementById('key-form');
  form.hidden = false;
  document.getElementById('key').focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      key.set(document.getElementById('key').value);
      form.hidden = true;
      resolve();
    };
  });
}

function options(method, body, type, signal) {
  const headers = {};
  if (key.get()) headers.Authorization = `Bearer ${key.get()}`;
  if (body !== undefined) headers['Content-Type'] = type;
  return {method, headers, signal, body: body === undefined || body instanceof Blob ? body : JSON.stringify(body)};
}

/** The JSON of a reply. A body that isn't a Blob is sent as JSON. Throws Refusal. */
export async function ask(method, path, body, {signal} = {}) {
  const type = body instanceof Blob ? body.type || 'application/octet-stream' : 'application/json';
  let reply;
  try {
    reply = await fetch(path, options(method, body, type, signal));
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, 'The server does not answer. Is it still running?');
  }
  if (reply.status === 401) {
    await askForKey();
    return ask(method, path, body, {signal});
  }
  const text = await reply.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = null;
  }
  if (!reply.ok) throw new Refusal(reply.status, value?.error ?? `The server answered ${reply.status}.`);
  return value;
}

/** A file's bytes as base64. */
export function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(new Refusal(0, 'The file can not be read.'));
    reader.readAsDataURL(blob);
  });
}
