"use strict";
globalThis.desk ??= {};
// Where the three slices stand on the screen, and how their voxels lie in them.
desk.tiles = (() => {
  const GAP = 2;
  const BIG = 0.62;

  // The plane with the finest voxels first: across the axis with the widest steps.
  function finest({ planes }) {
    return ["axial", "sagittal", "coronal"].reduce((best, name) => (planes[name].size > 1.2 * planes[best].size ? name : best), "axial");
  }

  function arrange(width, height, big, solid) {
    const others = ["sagittal", "axial", "coronal"].filter((name) => name !== big);
    const small = solid ? [...others, "solid"] : others;
    const left = Math.round(BIG * width);
    const places = { [big]: { x: 0, y: 0, width: left - GAP, height } };
    small.forEach((name, n) => {
      const top = Math.round((n * height) / small.length);
      places[name] = { x: left, y: top, width: width - left, height: Math.round(((n + 1) * height) / small.length) - top - (n + 1 < small.length ? GAP : 0) };
    });
    return places;
  }

  // Pixels a millimetre at which the whole slice, or a part of it in columns and rows, fits.
  function fit({ width, height }, plane, part = null) {
    const [columns, rows] = part ? [part.right - part.left, part.bottom - part.top] : [plane.h.count, plane.v.count];
    return Math.min(width / (columns * plane.h.size), height / (rows * plane.v.size));
  }

  // A slice in its place: columns and rows to pixels and back.
  function make(place, plane, { centre, scale }) {
    const [wide, high] = [scale * plane.h.size, scale * plane.v.size];
    const [x0, y0] = [place.x + place.width / 2 - centre[0] * wide, place.y + place.height / 2 - centre[1] * high];
    return {
      place, plane, scale, wide, high, x0, y0,
      holds: (x, y) => x >= place.x && x < place.x + place.width && y >= place.y && y < place.y + place.height,
      toScreen: (column, row) => [x0 + column * wide, y0 + row * high],
      fromScreen: (x, y) => [(x - x0) / wide, (y - y0) / high],
    };
  }

  return { arrange, finest, fit, make };
})();
