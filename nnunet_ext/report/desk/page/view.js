"use strict";
globalThis.desk ??= {};
// The slices of an open case on a canvas, each voxel where it is, with the masks over them; a second canvas above holds
// what follows the pointer. Lengths are in pixels of the device.
desk.view = (() => {
  const MARGIN_MM = 18;
  const FONT = "12px system-ui, sans-serif";

  function make({ picture, glass, solid, settings, colours, moved }) {
    // Kept by the processor: with a graphics card that is only played, Chromium leaves traces of what was cleared.
    const above = glass.getContext("2d", { willReadFrequently: true });
    const paper = picture.getContext("2d", { alpha: false });
    let work = null;
    let cursor = [0, 0, 0];
    let frames = {};
    let tiles = {};
    let grey = { low: 0, high: 1, first: [0, 1] };
    let framed = true;
    let asked = false;
    const kept = {};

    const ratio = () => window.devicePixelRatio || 1;

    // ---- where things are
    function layOut() {
      const [width, height] = [Math.max(1, Math.round(glass.clientWidth * ratio())), Math.max(1, Math.round(glass.clientHeight * ratio()))];
      for (const canvas of [picture, glass]) if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      const places = desk.tiles.arrange(width, height, settings.big, settings.solid);
      tiles = {};
      for (const name of Object.keys(work.grid.planes)) {
        const plane = work.grid.planes[name];
        const { centre, part, zoom } = frames[name];
        tiles[name] = desk.tiles.make(places[name], plane, { centre, scale: zoom * desk.tiles.fit(places[name], plane, part) });
      }
      solid.hidden = !settings.solid;
      if (!settings.solid) return;
      const { x, y, width: wide, height: high } = places.solid;
      for (const [name, value] of Object.entries({ left: x, top: y, width: wide, height: high })) solid.style[name] = `${value / ratio()}px`;
    }

    const bounds = () => desk.extent.around([work.layers.masks[work.given.regions[0]]], work.grid);

    function frame(box) {
      for (const [name, plane] of Object.entries(work.grid.planes)) {
        if (!box) {
          frames[name] = { centre: [plane.h.count / 2, plane.v.count / 2], part: null, zoom: 1 };
          continue;
        }
        const [one, other] = [desk.grid.spot(plane, box.low), desk.grid.spot(plane, box.high)];
        const wide = [plane.h.size, plane.v.size];
        const edge = [0, 1].map((axis) => [Math.min(one[axis], other[axis]) - MARGIN_MM / wide[axis], Math.max(one[axis], other[axis]) + MARGIN_MM / wide[axis]]);
        frames[name] = { centre: edge.map(([low, high]) => (low + high) / 2), part: { left: edge[0][0], right: edge[0][1], top: edge[1][0], bottom: edge[1][1] }, zoom: 1 };
      }
    }

    // ---- drawing
    function sliceOf(name, kind, key, paint) {
      const plane = work.grid.planes[name];
      const slot = `${name} ${kind}`;
      if (kept[slot] && key !== null && kept[slot].key === key) return kept[slot].canvas;
      const canvas = kept[slot] ? kept[slot].canvas : document.createElement("canvas");
      if (canvas.width !== plane.h.count || canvas.height !== plane.v.count) Object.assign(canvas, { width: plane.h.count, height: plane.v.count });
      const data = new ImageData(plane.h.count, plane.v.count);
      const pixels = new Uint32Array(data.data.buffer);
      const start = cursor[plane.through] * work.grid.strides[plane.through];
      let n = 0;
      for (let row = 0; row < plane.v.count; row += 1) {
        const down = start + (plane.v.reversed ? plane.v.count - 1 - row : row) * plane.v.stride;
        const [first, step] = plane.h.reversed ? [down + (plane.h.count - 1) * plane.h.stride, -plane.h.stride] : [down, plane.h.stride];
        for (let column = 0, at = first; column < plane.h.count; column += 1, at += step, n += 1) pixels[n] = paint(at);
      }
      canvas.getContext("2d").putImageData(data, 0, 0);
      kept[slot] = { canvas, key };
      return canvas;
    }

    function put(tile, canvas, smooth) {
      paper.imageSmoothingEnabled = smooth;
      paper.drawImage(canvas, tile.x0, tile.y0, tile.wide * canvas.width, tile.high * canvas.height);
    }

    const abgr = (colour, alpha) => ((Math.round(alpha * 255) << 24) | (parseInt(colour.slice(5, 7), 16) << 16) | (parseInt(colour.slice(3, 5), 16) << 8) | parseInt(colour.slice(1, 3), 16)) >>> 0;

    // Lines along the voxels' own edges.
    function rim(tile, mask, colour, strong) {
      const { plane } = tile;
      const start = cursor[plane.through] * work.grid.strides[plane.through];
      const set = (column, row) => column >= 0 && row >= 0 && column < plane.h.count && row < plane.v.count
        && mask[start + (plane.h.reversed ? plane.h.count - 1 - column : column) * plane.h.stride + (plane.v.reversed ? plane.v.count - 1 - row : row) * plane.v.stride] & 1;
      const [left, top] = tile.fromScreen(tile.place.x, tile.place.y).map((at) => Math.max(0, Math.floor(at) - 1));
      const [right, bottom] = tile.fromScreen(tile.place.x + tile.place.width, tile.place.y + tile.place.height).map((at, axis) => Math.min((axis ? plane.v : plane.h).count, Math.ceil(at) + 1));
      paper.beginPath();
      for (let row = top; row < bottom; row += 1) {
        for (let column = left; column < right; column += 1) {
          if (!set(column, row)) continue;
          const [x, y] = tile.toScreen(column, row);
          const [x2, y2] = tile.toScreen(column + 1, row + 1);
          if (!set(column, row - 1)) { paper.moveTo(x, y); paper.lineTo(x2, y); }
          if (!set(column, row + 1)) { paper.moveTo(x, y2); paper.lineTo(x2, y2); }
          if (!set(column - 1, row)) { paper.moveTo(x, y); paper.lineTo(x, y2); }
          if (!set(column + 1, row)) { paper.moveTo(x2, y); paper.lineTo(x2, y2); }
        }
      }
      paper.lineWidth = (strong ? 2 : 1.4) * ratio();
      paper.strokeStyle = colour;
      paper.stroke();
    }

    function masks(tile, name) {
      work.given.regions.forEach((region, n) => {
        if (!settings.masks || settings.hidden.includes(region)) return;
        const mask = work.layers.masks[region];
        const colour = colours[n % colours.length];
        if (settings.filled) {
          const paint = abgr(colour, n ? 0.42 : 0.22);
          put(tile, sliceOf(name, region, null, (at) => (mask[at] & 1 ? paint : 0)), false);
        }
        rim(tile, mask, colour, region === work.region);
      });
    }

    function heat(tile, name) {
      const probability = settings.heat && work.probability[work.region];
      if (!probability) return;
      put(tile, sliceOf(name, "heat", null, (at) => (probability[at] < 3 ? 0 : ((Math.min(200, 40 + probability[at]) << 24) | (probability[at] << 16) | (90 << 8) | 230) >>> 0)), false);
    }

    function marks(tile) {
      const { place, plane } = tile;
      const [x, y] = tile.toScreen(...desk.grid.spot(plane, cursor)).map((at) => Math.round(at) + 0.5);
      const gap = Math.max(10 * ratio(), 1.5 * Math.max(tile.wide, tile.high));
      paper.strokeStyle = "rgba(255, 255, 255, 0.55)";
      paper.lineWidth = ratio();
      paper.beginPath();
      for (const [from, to] of [[place.x, x - gap], [x + gap, place.x + place.width]]) if (to > from) { paper.moveTo(from, y); paper.lineTo(to, y); }
      for (const [from, to] of [[place.y, y - gap], [y + gap, place.y + place.height]]) if (to > from) { paper.moveTo(x, from); paper.lineTo(x, to); }
      paper.stroke();
      paper.font = FONT.replace("12", String(Math.round(12 * ratio())));
      paper.fillStyle = "#c9d3db";
      paper.textBaseline = "middle";
      paper.strokeStyle = "#000";
      paper.lineWidth = 3 * ratio();
      paper.lineJoin = "round";
      const write = (...text) => { paper.strokeText(...text); paper.fillText(...text); };
      const [left, right, top, bottom] = plane.letters;
      const inset = 9 * ratio();
      paper.textAlign = "center";
      write(left, place.x + inset, place.y + place.height / 2);
      write(right, place.x + place.width - inset, place.y + place.height / 2);
      write(top, place.x + place.width / 2, place.y + inset);
      write(bottom, place.x + place.width / 2, place.y + place.height - inset);
      paper.textAlign = "left";
      write(`${plane.name} ${cursor[plane.through]} of ${plane.count - 1}`, place.x + 0.6 * inset, place.y + 1.1 * inset);
    }

    function draw() {
      asked = false;
      if (!work) return;
      layOut();
      paper.fillStyle = "#2a343d";
      paper.fillRect(0, 0, picture.width, picture.height);
      const [low, wide] = [grey.low, 255 / Math.max(1e-9, grey.high - grey.low)];
      for (const [name, tile] of Object.entries(tiles)) {
        const { x, y, width, height } = tile.place;
        paper.save();
        paper.beginPath();
        paper.rect(x, y, width, height);
        paper.clip();
        paper.fillStyle = "#000";
        paper.fillRect(x, y, width, height);
        const key = `${work.given.id} ${cursor[tile.plane.through]} ${grey.low} ${grey.high}`;
        put(tile, sliceOf(name, "grey", key, (at) => {
          const value = (work.image[at] - low) * wide;
          const level = value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
          return (0xff000000 | (level << 16) | (level << 8) | level) >>> 0;
        }), settings.smooth);
        heat(tile, name);
        masks(tile, name);
        marks(tile);
        paper.restore();
      }
      document.body.dataset.drawn = String(performance.now());
    }

    function changed() {
      if (asked) return;
      asked = true;
      requestAnimationFrame(draw);
    }

    // ---- what the pointer carries
    function carry(tile, x, y, { radius = 0, line = null } = {}) {
      above.clearRect(0, 0, glass.width, glass.height);
      if (!tile) return;
      above.save();
      above.beginPath();
      above.rect(tile.place.x, tile.place.y, tile.place.width, tile.place.height);
      above.clip();
      above.lineWidth = 1.5 * ratio();
      above.strokeStyle = "#fff";
      above.beginPath();
      if (radius) above.arc(x, y, Math.max(2, radius * tile.scale), 0, 2 * Math.PI);
      if (line) line.forEach(([px, py], n) => (n ? above.lineTo(px, py) : above.moveTo(px, py)));
      above.stroke();
      above.restore();
    }

    // ---- contrast
    function contrast(right, down) {
      const width = grey.first[1] - grey.first[0];
      const level = (grey.low + grey.high) / 2 + (down * width) / glass.height;
      const half = Math.max(width / 500, (grey.high - grey.low) / 2 + (right * width) / glass.width);
      Object.assign(grey, { low: level - half, high: level + half });
      changed();
    }

    function moveTo(voxel) {
      cursor = voxel.map((at, axis) => Math.max(0, Math.min(work.grid.shape[axis] - 1, Math.round(at))));
      moved(cursor);
      changed();
    }

    return {
      draw, changed, carry, contrast, moveTo,
      get cursor() { return cursor; },
      get window() { return [grey.low, grey.high]; },
      get tiles() { return tiles; },
      ratio,
      open(opened, start) {
        work = opened;
        const box = bounds();
        frame(box);
        framed = true;
        const first = desk.extent.contrast(work.image, desk.extent.wider(box, work.grid, MARGIN_MM), work.grid);
        grey = { low: first[0], high: first[1], first };
        moveTo(start);
      },
      close() {
        work = null;
        for (const context of [paper, above]) context.clearRect(0, 0, picture.width, picture.height);
      },
      tileAt: (x, y) => Object.values(tiles).find((tile) => tile.holds(x, y)) || null,
      // In the file's axes, at the slice that the tile shows.
      placeAt: (tile, x, y) => desk.grid.place(tile.plane, ...tile.fromScreen(x, y), cursor[tile.plane.through]),
      slice(plane, steps) {
        const voxel = [...cursor];
        voxel[plane.through] += plane.forward ? steps : -steps;
        moveTo(voxel);
      },
      zoom(tile, factor, x, y) {
        const shown = frames[tile.plane.name];
        const [column, row] = tile.fromScreen(x, y);
        const zoom = Math.max(0.2, Math.min(40, shown.zoom * factor));
        const real = zoom / shown.zoom;
        shown.centre = [column + (shown.centre[0] - column) / real, row + (shown.centre[1] - row) / real];
        shown.zoom = zoom;
        changed();
      },
      pan(tile, right, down) {
        const shown = frames[tile.plane.name];
        shown.centre = [shown.centre[0] - right / tile.wide, shown.centre[1] - down / tile.high];
        changed();
      },
      // Between the cord and the whole slices.
      reframe() {
        framed = !framed;
        frame(framed ? bounds() : null);
        changed();
      },
      resetContrast() {
        Object.assign(grey, { low: grey.first[0], high: grey.first[1] });
        changed();
      },
      get shown() { return JSON.stringify([frames, grey.low, grey.high, cursor]); },
    };
  }

  return { make };
})();
