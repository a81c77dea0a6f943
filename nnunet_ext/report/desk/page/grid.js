"use strict";
globalThis.desk ??= {};
// The voxels of a file: their numbers (first axis fastest), and which way they lie in the patient. Nothing else of the
// page knows about orientation.
desk.grid = (() => {
  const ORDERS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
  // Radiological: the patient's right is on the left of axial and coronal slices; the front is on the left of sagittal ones.
  const PLANES = [
    { name: "axial", through: 2, across: 0, down: 1, letters: ["R", "L", "A", "P"] },
    { name: "sagittal", through: 0, across: 1, down: 2, letters: ["A", "P", "S", "I"] },
    { name: "coronal", through: 1, across: 0, down: 2, letters: ["R", "L", "S", "I"] },
  ];

  // For right, front and top: the axis of the file that lies nearest, and whether it runs that way.
  function orient(affine) {
    const sizes = [0, 1, 2].map((axis) => Math.hypot(affine[0][axis], affine[1][axis], affine[2][axis]) || 1);
    const along = (world, axis) => affine[world][axis] / sizes[axis];
    let best = null;
    for (const order of ORDERS) {
      const fit = order.reduce((sum, axis, world) => sum + Math.abs(along(world, axis)), 0);
      if (!best || fit > best.fit + 1e-9) best = { order, fit };
    }
    return best.order.map((axis, world) => ({ axis, forward: along(world, axis) >= 0, size: sizes[axis] }));
  }

  function make({ shape, affine }) {
    const towards = orient(affine);
    const strides = [1, shape[0], shape[0] * shape[1]];
    const spacing = [0, 0, 0];
    for (const { axis, size } of towards) spacing[axis] = size;
    // Columns run to the left, back and right hand of the screen's viewer, rows down: against right, front and top.
    const edge = ({ axis, forward, size }) => ({ axis, reversed: forward, size, count: shape[axis], stride: strides[axis] });
    const planes = {};
    for (const { name, through, across, down, letters } of PLANES) {
      const { axis, forward, size } = towards[through];
      planes[name] = { name, through: axis, forward, size, count: shape[axis], h: edge(towards[across]), v: edge(towards[down]), letters };
    }
    return Object.freeze({
      shape, affine, strides, spacing, planes, towards,
      length: shape[0] * shape[1] * shape[2],
      volume: spacing[0] * spacing[1] * spacing[2],
      index: ([i, j, k]) => i + shape[0] * (j + shape[1] * k),
      voxel: (index) => [index % shape[0], Math.floor(index / shape[0]) % shape[1], Math.floor(index / strides[2])],
      holds: (voxel) => voxel.every((at, axis) => at >= 0 && at < shape[axis]),
      mm: (voxel) => [0, 1, 2].map((row) => affine[row][0] * voxel[0] + affine[row][1] * voxel[1] + affine[row][2] * voxel[2] + affine[row][3]),
    });
  }

  // From a place on a slice (columns and rows, whole numbers at voxels' edges) to the file's axes (at voxels' centres).
  function place(plane, column, row, slice) {
    const voxel = [0, 0, 0];
    voxel[plane.through] = slice;
    voxel[plane.h.axis] = (plane.h.reversed ? plane.h.count - column : column) - 0.5;
    voxel[plane.v.axis] = (plane.v.reversed ? plane.v.count - row : row) - 0.5;
    return voxel;
  }

  // Column and row of a voxel's centre on a slice.
  function spot(plane, voxel) {
    const [h, v] = [voxel[plane.h.axis] + 0.5, voxel[plane.v.axis] + 0.5];
    return [plane.h.reversed ? plane.h.count - h : h, plane.v.reversed ? plane.v.count - v : v];
  }

  return { make, place, spot };
})();
