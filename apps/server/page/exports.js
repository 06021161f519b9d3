/* What was found, in formats that other tools open. */

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
  return found.map(({index, box}) => `${ [index, ...[(box.xmin + box.xmax) / 2 / width, (box.ymin + box.ymax) / 2 / height,
    (box.xmax - box.xmin) / width, (box.ymax - box.ymin) / height].map((x) => x.toFixed(6))].join(' ')}\n`).join('');
}
