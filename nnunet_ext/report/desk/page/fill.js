"use strict";
globalThis.desk ??= {};
// Filling outlines in one slice.
desk.fill = (() => {
  // Voxels whose centre lies inside a closed line (even-odd rule). Points are in voxels, whole numbers at centres.
  function polygon(points, width, height) {
    const inside = [];
    for (let y = 0; y < height; y += 1) {
      const crossings = [];
      points.forEach(([x1, y1], n) => {
        const [x2, y2] = points[(n + 1) % points.length];
        if ((y1 <= y) !== (y2 <= y)) crossings.push(x1 + ((y - y1) * (x2 - x1)) / (y2 - y1));
      });
      crossings.sort((one, other) => one - other);
      for (let n = 0; n + 1 < crossings.length; n += 2) {
        for (let x = Math.max(0, Math.ceil(crossings[n])); x <= Math.min(width - 1, Math.floor(crossings[n + 1])); x += 1) inside.push([x, y]);
      }
    }
    return inside;
  }

  // The hole around a pixel that a drawn outline closes in, over faces; null where it is open to the slice's edge.
  function hole(data, width, height, x, y) {
    if (data[x + y * width]) return [];
    const seen = new Uint8Array(data.length);
    const pixels = [[x, y]];
    seen[x + y * width] = 1;
    for (let n = 0; n < pixels.length; n += 1) {
      const [px, py] = pixels[n];
      if (px === 0 || py === 0 || px === width - 1 || py === height - 1) return null;
      for (const [nx, ny] of [[px - 1, py], [px + 1, py], [px, py - 1], [px, py + 1]]) {
        const at = nx + ny * width;
        if (seen[at] || data[at]) continue;
        seen[at] = 1;
        pixels.push([nx, ny]);
      }
    }
    return pixels;
  }

  return { polygon, hole };
})();
