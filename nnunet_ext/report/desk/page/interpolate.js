"use strict";
globalThis.desk ??= {};
// The slices between two drawn ones (shape-based interpolation: Raya and Udupa 1990), their middles moved onto each
// other first, so that a thin structure that runs aslant does not vanish in between.
desk.interpolate = (() => {
  const FAR = 1e10;

  // Squared distances along a line with steps of `size` (Felzenszwalb and Huttenlocher 2012, algorithm 1).
  function along(values, size) {
    const count = values.length;
    const [roots, edges] = [[0], [-Infinity]];
    for (let q = 1; q < count; q += 1) {
      const meet = (p) => (values[q] - values[p] + size * size * (q * q - p * p)) / (2 * size * size * (q - p));
      while (roots.length > 1 && meet(roots[roots.length - 1]) <= edges[edges.length - 1]) { roots.pop(); edges.pop(); }
      roots.push(q);
      edges.push(meet(roots[roots.length - 2]));
    }
    return values.map((_, q) => {
      let n = roots.length - 1;
      while (n > 0 && edges[n] > q) n -= 1;
      return values[roots[n]] + (size * (q - roots[n])) ** 2;
    });
  }

  function squared(inside, width, height, sizes) {
    const field = Float64Array.from({ length: width * height }, (_, n) => (inside(n) ? 0 : FAR));
    for (let y = 0; y < height; y += 1) field.set(along(Array.from(field.subarray(y * width, (y + 1) * width)), sizes[0]), y * width);
    for (let x = 0; x < width; x += 1) {
      const column = along(Array.from({ length: height }, (_, y) => field[x + y * width]), sizes[1]);
      column.forEach((value, y) => { field[x + y * width] = value; });
    }
    return field;
  }

  // Signed distance in mm to the outline: below zero inside.
  function signed(data, width, height, sizes) {
    const outer = squared((n) => data[n] === 1, width, height, sizes);
    const inner = squared((n) => data[n] === 0, width, height, sizes);
    return outer.map((value, n) => (data[n] ? -(Math.sqrt(inner[n]) - 0.5 * Math.min(...sizes)) : Math.sqrt(value) - 0.5 * Math.min(...sizes)));
  }

  function box({ data, width }) {
    const edge = { left: Infinity, right: -1, top: Infinity, bottom: -1, x: 0, y: 0, count: 0 };
    data.forEach((value, n) => {
      if (!value) return;
      const [x, y] = [n % width, Math.floor(n / width)];
      edge.left = Math.min(edge.left, x); edge.right = Math.max(edge.right, x);
      edge.top = Math.min(edge.top, y); edge.bottom = Math.max(edge.bottom, y);
      edge.x += x; edge.y += y; edge.count += 1;
    });
    return { ...edge, x: Math.round(edge.x / edge.count), y: Math.round(edge.y / edge.count) };
  }

  // Both shapes in a frame around their middles, as distances.
  function centred(of, edge, half) {
    const [width, height] = [2 * half[0] + 1, 2 * half[1] + 1];
    const data = new Uint8Array(width * height);
    for (let y = edge.top; y <= edge.bottom; y += 1) {
      for (let x = edge.left; x <= edge.right; x += 1) data[x - edge.x + half[0] + (y - edge.y + half[1]) * width] = of.data[x + y * of.width];
    }
    return signed(data, width, height, of.sizes);
  }

  // Slices strictly between two taken ones (see `slices.take`): slice number to picture.
  function between(one, other) {
    const edges = [box(one), box(other)];
    const half = [0, 1].map((axis) => 1 + Math.max(...edges.flatMap((edge) => (axis === 0 ? [edge.x - edge.left, edge.right - edge.x] : [edge.y - edge.top, edge.bottom - edge.y]))));
    const fields = [centred(one, edges[0], half), centred(other, edges[1], half)];
    const made = new Map();
    for (let slice = one.slice + 1; slice < other.slice; slice += 1) {
      const part = (slice - one.slice) / (other.slice - one.slice);
      const middle = [Math.round(edges[0].x + part * (edges[1].x - edges[0].x)), Math.round(edges[0].y + part * (edges[1].y - edges[0].y))];
      const data = new Uint8Array(one.data.length);
      fields[0].forEach((value, n) => {
        const x = (n % (2 * half[0] + 1)) - half[0] + middle[0];
        const y = Math.floor(n / (2 * half[0] + 1)) - half[1] + middle[1];
        if ((1 - part) * value + part * fields[1][n] <= 0 && x >= 0 && y >= 0 && x < one.width && y < one.height) data[x + y * one.width] = 1;
      });
      made.set(slice, data);
    }
    return made;
  }

  return { between };
})();
