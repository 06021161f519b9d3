/* The page's request as a command and as a program. Files are read where they run. */

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/* The names, and the examples with the files that they are in. */
function split(labels) {
  return {texts: labels.filter((label) => !label.example).map((label) => label.name),
    examples: labels.filter((label) => label.example).map((label) => ({file: label.file.name, rest: {label: label.name, box: label.example.box}}))};
}

/* Fields to follow others. */
const more = (fields) => `,${JSON.stringify(fields).slice(1)}`;

const post = (path) => `curl -s ${quoted(location.origin + path)} -H 'Content-Type: application/json' --data-binary @-`;

/** In a shell. */
export function curl(name, labels, threshold, model) {
  const {texts, examples} = split(labels);
  const bytes = (file) => `"$(base64 < ${quoted(file)} | tr -d '\\n')"`;
  if (!examples.length) return `printf '%s' '{"image":"' ${bytes(name)} ${quoted(`"${more({labels: texts, threshold, model})}`)} |\n  ${post('/v1/detect')}\n`;
  const list = examples.map(({file, rest}, i) => `${quoted(`${i ? ',' : ''}{"image":"`)} ${bytes(file)} ${quoted(`"${more(rest)}`)}`).join(' ');
  return `id=$(printf '%s' ${quoted(`${JSON.stringify({model, texts}).slice(0, -1)},"exemplars":[`)} ${list} ']}' |
  ${post('/v1/vocabularies')} | grep -oE '[0-9a-f]{32}')
printf '%s' '{"image":"' ${bytes(name)} '","vocabulary":"' "$id" ${quoted(`"${more({threshold, model})}`)} |
  ${post('/v1/detect')}
`;
}

/** In Python, with nothing but what comes with it. */
export function python(name, labels, threshold, model) {
  const text = (value) => JSON.stringify(value);
  const {texts, examples} = split(labels);
  const exemplars = examples.map(({file, rest}) => `{"image": read(${text(file)}), ${text(rest).slice(1)}`).join(',\n             ');
  const wanted = examples.length ? `vocabulary=held["id"]` : `labels=${text(texts)}`;
  return `import base64, json, urllib.request


def read(name):
    with open(name, "rb") as file:
        return base64.b64encode(file.read()).decode()


def ask(path, **body):
    request = urllib.request.Request(${text(location.origin)} + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))


${examples.length ? `exemplars = [${exemplars}]\nheld = ask("/v1/vocabularies", texts=${text(texts)}, exemplars=exemplars, model=${text(model)})\n` : ''}reply = ask("/v1/detect", image=read(${text(name)}), ${wanted}, threshold=${threshold}, model=${text(model)})
for found in reply["detections"]:
    print(found["label"], found["score"], found["box"])
`;
}
