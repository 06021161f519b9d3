/* What was found, in formats that other tools open, and the same request for other programs. */

const round = (x) => Math.round(x * 100) / 100;

/** As `tyto detect --format json` has it. */
export function json({name, width, height, threshold, found}) {
  return JSON.stringify({image: name, width, height, threshold,
    detections: found.map(({label, index, score, box}) => ({label: label.name, label_index: index, score, box}))}, null, 2);
}

/** COCO's annotations of one image. */
export function coco({name, width, height, found}, labels) {
  return JSON.stringify({
    images: [{id: 1, file_name: name, width, height}],
    categories: labels.map((label, i) => ({id: i + 1, name: label.name})),
    annotations: found.map(({index, score, box}, i) => {
      const [w, h] = [box.xmax - box.xmin, box.ymax - box.ymin];
      return {id: i + 1, image_id: 1, category_id: index + 1, bbox: [box.xmin, box.ymin, w, h].map(round), area: round(w * h),
        iscrowd: 0, score};
    }),
  }, null, 2);
}

/** A line for each: class, middle and size as shares of the picture. */
export function yolo({width, height, found}) {
  return found.map(({index, box}) => [index, ...[(box.xmin + box.xmax) / 2 / width, (box.ymin + box.ymax) / 2 / height,
    (box.xmax - box.xmin) / width, (box.ymax - box.ymin) / height].map((x) => x.toFixed(6))].join(' ')).join('\n') + '\n';
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function request(labels, threshold, model) {
  return {labels: labels.filter((label) => !label.example).map((label) => label.name), threshold, model};
}

/** The request in a shell. */
export function curl(name, labels, threshold, model) {
  const rest = JSON.stringify(request(labels, threshold, model)).slice(1);
  return `printf '{"image": "%s", %s' "$(base64 -w0 ${quoted(name)})" ${quoted(rest)} |
  curl -s ${location.origin}/v1/detect -H 'Content-Type: application/json' --data-binary @-`;
}

/** The request in Python, with nothing but what comes with it. */
export function python(name, labels, threshold, model) {
  const wanted = request(labels, threshold, model);
  return `import base64, json, urllib.request

with open(${JSON.stringify(name)}, "rb") as photo:
    image = base64.b64encode(photo.read()).decode()
body = {"image": image, "labels": ${JSON.stringify(wanted.labels)}, "threshold": ${threshold}, "model": ${JSON.stringify(model)}}
request = urllib.request.Request("${location.origin}/v1/detect", json.dumps(body).encode(),
                                 {"Content-Type": "application/json"})
for found in json.load(urllib.request.urlopen(request))["detections"]:
    print(found["label"], found["score"], found["box"])
`;
}
