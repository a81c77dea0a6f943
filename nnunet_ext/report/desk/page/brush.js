"use strict";
globalThis.desk ??= {};
// The voxels under a round brush that was pulled from one place to another.
desk.brush = (() => {
  // Places are in the file's axes, whole numbers at voxels' centres. `through`: the axis across which it paints one slice,
  // or -1 for a ball. A voxel belongs to the stroke if its centre lies within the radius (mm) of the line; those that
  // the line itself runs through always do, however small the brush.
  function stroke(grid, from, to, { radius, through }) {
    const { shape, spacing } = grid;
    const flat = (axis) => axis === through;
    const low = [0, 1, 2].map((axis) => (flat(axis) ? Math.round(to[axis]) : Math.max(0, Math.floor(Math.min(from[axis], to[axis]) - radius / spacing[axis]))));
    const high = [0, 1, 2].map((axis) => (flat(axis) ? Math.round(to[axis]) : Math.min(shape[axis] - 1, Math.ceil(Math.max(from[axis], to[axis]) + radius / spacing[axis]))));
    const sizes = spacing.map((size, axis) => (flat(axis) ? 0 : size));
    const way = to.map((at, axis) => (at - from[axis]) * sizes[axis]);
    const length = way.reduce((sum, part) => sum + part * part, 0);
    const voxels = new Set(line(grid, from, to, through));
    for (let k = low[2]; k <= high[2]; k += 1) {
      for (let j = low[1]; j <= high[1]; j += 1) {
        for (let i = low[0]; i <= high[0]; i += 1) {
          const [x, y, z] = [(i - from[0]) * sizes[0], (j - from[1]) * sizes[1], (k - from[2]) * sizes[2]];
          const along = length ? Math.max(0, Math.min(1, (x * way[0] + y * way[1] + z * way[2]) / length)) : 0;
          const apart = (x - along * way[0]) ** 2 + (y - along * way[1]) ** 2 + (z - along * way[2]) ** 2;
          if (apart <= radius * radius) voxels.add(i + shape[0] * (j + shape[1] * k));
        }
      }
    }
    return voxels;
  }

  function line(grid, from, to, through) {
    const steps = Math.max(1, Math.ceil(4 * Math.max(...from.map((at, axis) => Math.abs(to[axis] - at)))));
    const voxels = [];
    for (let step = 0; step <= steps; step += 1) {
      const voxel = from.map((at, axis) => Math.round(axis === through ? to[axis] : at + ((to[axis] - at) * step) / steps));
      if (grid.holds(voxel)) voxels.push(grid.index(voxel));
    }
    return voxels;
  }

  // The threshold that best parts values in two (Otsu 1979, eq. 18: the largest variance between the two classes).
  function otsu(values) {
    const sorted = Float64Array.from(values).sort();
    const total = sorted.reduce((sum, value) => sum + value, 0);
    let [best, sum] = [{ at: sorted[0], spread: -1 }, 0];
    for (let n = 1; n < sorted.length; n += 1) {
      sum += sorted[n - 1];
      if (sorted[n] === sorted[n - 1]) continue;
      const spread = n * (sorted.length - n) * (sum / n - (total - sum) / (sorted.length - n)) ** 2;
      if (spread > best.spread) best = { at: (sorted[n] + sorted[n - 1]) / 2, spread };
    }
    return best.at;
  }

  return { stroke, otsu };
})();
