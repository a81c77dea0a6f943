"use strict";
globalThis.desk ??= {};
// A mask as start and length of each run of set voxels, first axis fastest: [start, length, start, length, ...].
desk.runs = (() => {
  function encode(mask) {
    const runs = [];
    let at = 0;
    while (at < mask.length) {
      if (!(mask[at] & 1)) { at += 1; continue; }
      const start = at;
      while (at < mask.length && mask[at] & 1) at += 1;
      runs.push(start, at - start);
    }
    return runs;
  }

  // Sets `bit` in each voxel of the runs. Runs that do not grow strictly, or leave the volume, are an error.
  function decode(runs, mask, bit = 1) {
    let end = -1;
    for (let n = 0; n < runs.length; n += 2) {
      const [start, length] = [runs[n], runs[n + 1]];
      if (!Number.isInteger(start) || !Number.isInteger(length) || start <= end || length < 1 || start + length > mask.length) {
        throw new Error(`run ${n / 2} (${start}, ${length}) does not follow the last one inside ${mask.length} voxels`);
      }
      end = start + length;
      for (let at = start; at < end; at += 1) mask[at] |= bit;
    }
    return mask;
  }

  return { encode, decode };
})();
