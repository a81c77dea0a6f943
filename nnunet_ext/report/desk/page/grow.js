"use strict";
globalThis.desk ??= {};
// What a click adds: the connected part of a map above a level. The map is the model's probability, 0 to 255; where there
// is none, how far a voxel's brightness has gone from the middle of the cord to that of the voxel clicked.
desk.grow = (() => {
  const REACH_MM = 3;
  const LEAST = 13;  // a probability of 0.05

  // The highest voxel within 3 mm of the click: people do not hit the very top.
  function summit({ grid, value, allowed }, seed) {
    const [from, top] = [grid.voxel(seed), { at: seed, value: allowed(seed) ? value(seed) : -1 }];
    const reach = grid.spacing.map((size) => Math.floor(REACH_MM / size));
    for (let k = Math.max(0, from[2] - reach[2]); k <= Math.min(grid.shape[2] - 1, from[2] + reach[2]); k += 1) {
      for (let j = Math.max(0, from[1] - reach[1]); j <= Math.min(grid.shape[1] - 1, from[1] + reach[1]); j += 1) {
        for (let i = Math.max(0, from[0] - reach[0]); i <= Math.min(grid.shape[0] - 1, from[0] + reach[0]); i += 1) {
          const apart = Math.hypot((i - from[0]) * grid.spacing[0], (j - from[1]) * grid.spacing[1], (k - from[2]) * grid.spacing[2]);
          const at = grid.index([i, j, k]);
          if (apart <= REACH_MM && allowed(at) && value(at) > top.value) Object.assign(top, { at, value: value(at) });
        }
      }
    }
    return top;
  }

  // Half of the top: the width at half height. A level in 1 to 255, or 0 where there is nothing to grow into.
  function startLevel(top) {
    return top.value < LEAST ? 0 : Math.max(1, Math.round(top.value / 2));
  }

  // Takes the highest voxel of the rim again and again, so that a bound on the size leaves the most likely ones.
  function part({ grid, value, allowed }, seed, level, most) {
    const rim = Array.from({ length: 256 }, () => []);
    const seen = new Set([seed]);
    const voxels = [];
    let highest = value(seed);
    if (!allowed(seed) || highest < level) return { voxels, cut: false };
    rim[highest].push(seed);
    const visit = (next) => {
      if (seen.has(next)) return;
      seen.add(next);
      const height = value(next);
      if (height < level || !allowed(next)) return;
      rim[height].push(next);
      if (height > highest) highest = height;
    };
    while (highest >= level) {
      if (!rim[highest].length) { highest -= 1; continue; }
      if (voxels.length >= most) return { voxels, cut: true };
      const at = rim[highest].pop();
      voxels.push(at);
      desk.components.around(grid, at, visit);
    }
    return { voxels, cut: false };
  }

  // How bright a voxel is, 0 at the usual value of the cord and 255 at the clicked one and beyond, bright or dark.
  function byBrightness({ grid, image, within }, seed) {
    const values = [];
    const step = Math.max(1, Math.floor(grid.length / 4e6));
    for (let at = 0; at < grid.length; at += step) if (within(at)) values.push(image[at]);
    values.sort((one, other) => one - other);
    const usual = values.length ? values[values.length >> 1] : 0;
    let [sum, count] = [image[seed], 1];
    desk.components.around(grid, seed, (next) => { if (within(next)) { sum += image[next]; count += 1; } });
    const rise = Math.abs(image[seed] - usual) > Math.abs(sum / count - usual) ? image[seed] - usual : sum / count - usual;
    return (at) => (rise === 0 ? 0 : Math.max(0, Math.min(255, Math.round((255 * (image[at] - usual)) / rise))));
  }

  // The whole region anew: every voxel at or above a level, inside what holds it.
  function above(probability, level, allowed) {
    const voxels = [];
    for (let at = 0; at < probability.length; at += 1) if (probability[at] >= level && allowed(at)) voxels.push(at);
    return voxels;
  }

  return { summit, startLevel, part, byBrightness, above };
})();
