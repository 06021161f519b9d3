/* Colours of labels: far from each other, and light enough for dark words on them. */

const hues = [204, 28, 128, 338, 52, 264, 176, 8, 88, 300];

/** The colour of the i-th label. */
export function colour(i) {
  const round = Math.floor(i / hues.length);
  return `hsl(${(hues[i % hues.length] + 14 * round) % 360} 85% ${round % 2 ? 78 : 66}%)`;
}
