"use strict";
globalThis.desk ??= {};
// A smoother outline of a region in one slice, of about the same area.
desk.smooth = (() => {
  function kernel(sigma, size) {
    const reach = Math.max(1, Math.ceil((2.5 * sigma) / size));
    const weights = Array.from({ length: 2 * reach + 1 }, (_, n) => Math.exp(-0.5 * (((n - reach) * size) / sigma) ** 2));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { reach, weights: weights.map((weight) => weight / total) };
  }

  function blur(field, width, height, { reach, weights }, along) {
    const [count, step] = along === 0 ? [width, 1] : [height, width];
    return field.map((_, n) => {
      const at = along === 0 ? n % width : Math.floor(n / width);
      let sum = 0;
      for (let off = -reach; off <= reach; off += 1) if (at + off >= 0 && at + off < count) sum += weights[off + reach] * field[n + off * step];
      return sum;
    });
  }

  // Gaussian of `sigma` mm, cut where as many pixels are left as there were: a rank, not a level. Pixels of equal height
  // stand or fall together, so a symmetric outline stays one.
  function outline({ data, width, height, sizes, count }, sigma) {
    if (!count) return Uint8Array.from(data);
    let field = Float64Array.from(data);
    [0, 1].forEach((along) => { field = blur(field, width, height, kernel(sigma, sizes[along]), along); });
    const heights = Float64Array.from(field).sort();
    const level = heights[heights.length - count];
    return Uint8Array.from(field, (value) => (value >= level - 1e-9 && value > 1e-6 ? 1 : 0));
  }

  return { outline };
})();
