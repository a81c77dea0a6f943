"use strict";
globalThis.desk ??= {};
// One slice of a volume across an axis of the file, as a small picture of its own.
desk.slices = (() => {
  // `a` and `b` are the other two axes in the file's order; `index(x, y)` is the voxel's number in the volume.
  function frame(grid, axis, slice) {
    const [a, b] = [0, 1, 2].filter((other) => other !== axis);
    const [width, height] = [grid.shape[a], grid.shape[b]];
    const [start, right, down] = [slice * grid.strides[axis], grid.strides[a], grid.strides[b]];
    return {
      axis, slice, a, b, width, height, sizes: [grid.spacing[a], grid.spacing[b]],
      index: (x, y) => start + x * right + y * down,
    };
  }

  function take(mask, grid, axis, slice) {
    const of = frame(grid, axis, slice);
    const data = new Uint8Array(of.width * of.height);
    let count = 0;
    for (let y = 0, n = 0; y < of.height; y += 1) {
      for (let x = 0; x < of.width; x += 1, n += 1) {
        data[n] = mask[of.index(x, y)] & 1;
        count += data[n];
      }
    }
    return { ...of, data, count };
  }

  // Voxels in which the volume's slice differs from the picture.
  function differing(mask, of, data) {
    const voxels = [];
    for (let y = 0, n = 0; y < of.height; y += 1) {
      for (let x = 0; x < of.width; x += 1, n += 1) {
        const index = of.index(x, y);
        if ((mask[index] & 1) !== data[n]) voxels.push(index);
      }
    }
    return voxels;
  }

  return { frame, take, differing };
})();
