"use strict";
globalThis.desk ??= {};
// Boxes of voxels, and how bright the picture is within them.
desk.extent = (() => {
  const SAMPLES = 50000;
  const DARK = 0.005;
  const BRIGHT = 0.985;

  // The box of all voxels that a mask holds or held, in the file's axes; null without one.
  function around(masks, { shape }) {
    const [low, high] = [[...shape], [-1, -1, -1]];
    for (const mask of masks) {
      for (let k = 0, at = 0; k < shape[2]; k += 1) {
        for (let j = 0; j < shape[1]; j += 1) {
          for (let i = 0; i < shape[0]; i += 1, at += 1) {
            if (!mask[at]) continue;
            if (i < low[0]) low[0] = i;
            if (i > high[0]) high[0] = i;
            if (j < low[1]) low[1] = j;
            if (j > high[1]) high[1] = j;
            if (k < low[2]) low[2] = k;
            if (k > high[2]) high[2] = k;
          }
        }
      }
    }
    return high[0] < 0 ? null : { low, high };
  }

  // A box some millimetres wider on each side, inside the volume; all of it without a box.
  function wider(box, { shape, spacing }, margin) {
    if (!box) return { low: [0, 0, 0], high: shape.map((count) => count - 1) };
    return {
      low: box.low.map((at, axis) => Math.max(0, at - Math.ceil(margin / spacing[axis]))),
      high: box.high.map((at, axis) => Math.min(shape[axis] - 1, at + Math.ceil(margin / spacing[axis]))),
    };
  }

  // Values that are shown black and white at first: of a sample of the box, so that what lies elsewhere counts nothing.
  function contrast(image, { low, high }, grid) {
    const sides = low.map((at, axis) => high[axis] - at + 1);
    const count = sides[0] * sides[1] * sides[2];
    const step = Math.max(1, Math.floor(count / SAMPLES) | 1);
    const values = [];
    for (let n = 0; n < count; n += step) {
      values.push(image[grid.index([low[0] + (n % sides[0]), low[1] + (Math.floor(n / sides[0]) % sides[1]), low[2] + Math.floor(n / (sides[0] * sides[1]))])]);
    }
    values.sort((one, other) => one - other);
    const [dark, bright] = [DARK, BRIGHT].map((part) => values[Math.floor(part * (values.length - 1))]);
    return [dark, bright > dark ? bright : dark + 1];
  }

  return { around, wider, contrast };
})();
