"use strict";
globalThis.desk ??= {};
// Single-file NIfTI-1, as far as the desk needs it: three axes, whole numbers or floats.
desk.nifti = (() => {
  const HEADER = 352;
  const KINDS = { 2: Uint8Array, 4: Int16Array, 8: Int32Array, 16: Float32Array, 64: Float64Array, 256: Int8Array, 512: Uint16Array };

  function read(buffer) {
    const view = new DataView(buffer);
    const little = view.getInt32(0, true) === 348;
    if (!little && view.getInt32(0, false) !== 348) throw new Error("the image is no NIfTI-1 file");
    const shape = [0, 1, 2].map((axis) => Math.max(1, view.getInt16(42 + 2 * axis, little)));
    const Kind = KINDS[view.getInt16(70, little)];
    if (!Kind || (!little && Kind.BYTES_PER_ELEMENT > 1)) throw new Error("the image has numbers of a kind that the page cannot read");
    const start = Math.max(HEADER, view.getFloat32(108, little));
    const length = shape[0] * shape[1] * shape[2];
    if (buffer.byteLength < start + length * Kind.BYTES_PER_ELEMENT) throw new Error("the image is shorter than its header says");
    const data = start % Kind.BYTES_PER_ELEMENT ? new Kind(buffer.slice(start, start + length * Kind.BYTES_PER_ELEMENT)) : new Kind(buffer, start, length);
    const affine = [0, 1, 2].map((row) => [0, 1, 2, 3].map((column) => view.getFloat32(280 + 16 * row + 4 * column, little)));
    return { shape, data, affine: [...affine, [0, 0, 0, 1]], slope: view.getFloat32(112, little) || 1, intercept: view.getFloat32(116, little) };
  }

  // Bytes of a volume of whole numbers 0 to 255 with an affine; nothing else stands in the header.
  function write(data, { shape, affine, spacing }) {
    const bytes = new Uint8Array(HEADER + data.length);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, 348, true);
    [3, ...shape, 1, 1, 1, 1].forEach((count, n) => view.setInt16(40 + 2 * n, count, true));
    view.setInt16(70, 2, true);
    view.setInt16(72, 8, true);
    [1, ...spacing].forEach((size, n) => view.setFloat32(76 + 4 * n, size, true));
    view.setFloat32(108, HEADER, true);
    view.setFloat32(112, 1, true);
    view.setUint8(123, 2);
    view.setInt16(254, 2, true);
    affine.slice(0, 3).forEach((row, r) => row.forEach((value, column) => view.setFloat32(280 + 16 * r + 4 * column, value, true)));
    bytes.set([0x6e, 0x2b, 0x31], 344);
    bytes.set(data, HEADER);
    return bytes;
  }

  return { read, write };
})();
