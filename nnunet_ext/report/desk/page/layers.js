"use strict";
globalThis.desk ??= {};
// The masks of a case, one a region, with all that was done to them. Of each voxel the lowest bit says whether it is
// drawn, the next one whether it was in the mask as given.
desk.layers = (() => {
  function make(length, regions, given, drawn) {
    const masks = {};
    const off = {};
    const count = {};
    for (const region of regions) {
      const mask = new Uint8Array(length);
      desk.runs.decode(given[region].runs, mask, 2);
      desk.runs.decode(drawn[region].runs, mask, 1);
      masks[region] = mask;
      off[region] = 0;
      count[region] = 0;
      for (let at = 0; at < length; at += 1) {
        if (mask[at] === 1 || mask[at] === 2) off[region] += 1;
        if (mask[at] & 1) count[region] += 1;
      }
    }
    const done = [];
    const undone = [];

    function toggle(region, voxels) {
      const mask = masks[region];
      for (const at of voxels) {
        mask[at] ^= 1;
        off[region] += mask[at] === 1 || mask[at] === 2 ? 1 : -1;
        count[region] += mask[at] & 1 ? 1 : -1;
      }
    }

    function turn(entry) {
      for (const { region, voxels } of entry.parts) toggle(region, voxels);
    }

    // `parts`: {region, voxels}, each voxel once: those that change. Nothing that changes nothing is kept.
    function apply(tool, parts, more = {}) {
      const kept = parts.filter(({ voxels }) => voxels.length).map(({ region, voxels }) => ({ region, voxels: Uint32Array.from(voxels) }));
      if (!kept.length && !more.said) return null;
      const entry = { tool, parts: kept, ...more };
      turn(entry);
      done.push(entry);
      undone.length = 0;
      return entry;
    }

    // Adds to the last entry what a stroke went on to change.
    function extend(entry, region, voxels) {
      if (!voxels.length) return;
      toggle(region, voxels);
      const part = entry.parts.find((one) => one.region === region);
      if (!part) entry.parts.push({ region, voxels: Uint32Array.from(voxels) });
      else {
        const joined = new Uint32Array(part.voxels.length + voxels.length);
        joined.set(part.voxels);
        joined.set(voxels, part.voxels.length);
        part.voxels = joined;
      }
    }

    function move(from, to) {
      const entry = from.pop();
      if (!entry) return null;
      turn(entry);
      to.push(entry);
      return entry;
    }

    // Takes the last entry away as if it had never been, so that another level of it can take its place.
    function withdraw(entry) {
      if (done[done.length - 1] !== entry) return false;
      turn(done.pop());
      return true;
    }

    return {
      masks, off, count, done, undone, apply, extend, withdraw,
      undo: () => move(done, undone),
      redo: () => move(undone, done),
      changed: () => Object.values(off).some((count) => count > 0),
    };
  }

  return { make };
})();
