"use strict";
globalThis.desk ??= {};
// Connected parts of a mask: voxels that share a face, an edge or a corner.
desk.components = (() => {
  const SEEN = 128;

  // Calls `visit` with each of the up to 26 neighbours of a voxel.
  function around({ shape, strides }, at, visit) {
    const i = at % shape[0];
    const j = Math.floor(at / shape[0]) % shape[1];
    const k = Math.floor(at / strides[2]);
    for (let dk = k > 0 ? -1 : 0; dk <= (k < shape[2] - 1 ? 1 : 0); dk += 1) {
      for (let dj = j > 0 ? -1 : 0; dj <= (j < shape[1] - 1 ? 1 : 0); dj += 1) {
        for (let di = i > 0 ? -1 : 0; di <= (i < shape[0] - 1 ? 1 : 0); di += 1) {
          if (di || dj || dk) visit(at + di + dj * strides[1] + dk * strides[2]);
        }
      }
    }
  }

  function gather(mask, grid, seed, bit) {
    const part = [seed];
    mask[seed] |= SEEN;
    const visit = (next) => {
      if (mask[next] & bit && !(mask[next] & SEEN)) {
        mask[next] |= SEEN;
        part.push(next);
      }
    };
    for (let n = 0; n < part.length; n += 1) around(grid, part[n], visit);
    return part;
  }

  function forget(mask, part) {
    for (const at of part) mask[at] &= ~SEEN;
  }

  // The part that a voxel belongs to; empty where it belongs to none. Bit 1: as drawn, bit 2: as given.
  function connected(mask, grid, seed, bit = 1) {
    if (!(mask[seed] & bit)) return [];
    const part = gather(mask, grid, seed, bit);
    forget(mask, part);
    return part;
  }

  // All parts, the largest first.
  function parts(mask, grid, bit = 1) {
    const found = [];
    for (let at = 0; at < mask.length; at += 1) {
      if (mask[at] & bit && !(mask[at] & SEEN)) found.push(gather(mask, grid, at, bit));
    }
    found.forEach((part) => forget(mask, part));
    return found.sort((one, other) => other.length - one.length || one[0] - other[0]);
  }

  // The voxel of a part that lies nearest to its middle, which a bent part may not hold.
  function middle(part, grid) {
    const voxels = part.map(grid.voxel);
    const mean = [0, 1, 2].map((axis) => voxels.reduce((sum, voxel) => sum + voxel[axis], 0) / voxels.length);
    const far = (voxel) => voxel.reduce((sum, at, axis) => sum + ((at - mean[axis]) * grid.spacing[axis]) ** 2, 0);
    let best = null;
    voxels.forEach((voxel) => {
      const distance = far(voxel);
      if (!best || distance < best.distance) best = { voxel, distance };
    });
    return best.voxel;
  }

  return { around, connected, parts, middle };
})();
