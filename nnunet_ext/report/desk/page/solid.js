"use strict";
globalThis.desk ??= {};
// The masks in three dimensions, drawn by NiiVue: a cut-out around them, so that a large image costs nothing. NiiVue is
// loaded when it is asked for the first time.
desk.solid = (() => {
  const MARGIN_MM = 12;

  function make({ canvas, source, colours, say }) {
    let viewer = null;
    let loading = null;
    let box = null;
    let shown = null;

    function load() {
      loading ??= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = source;
        script.addEventListener("load", resolve);
        script.addEventListener("error", () => reject(new Error("NiiVue could not be loaded")));
        document.head.append(script);
      });
      return loading;
    }

    async function start() {
      if (!document.createElement("canvas").getContext("webgl2")) throw new Error("this browser cannot draw in three dimensions (WebGL 2 is missing or switched off)");
      await load();
      viewer = new niivue.Niivue({
        backColor: [0, 0, 0, 1], dragAndDropEnabled: false, logLevel: "error", loadingText: "", viewModeHotKey: "", clipPlaneHotKey: "",
        cycleClipPlaneHotKey: "", show3Dcrosshair: false, crosshairWidth: 0, isResizeCanvas: true, sliceType: 4,
      });
      await viewer.attachToCanvas(canvas);
      const parts = colours.map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
      const of = (channel) => [0, ...parts.map((part) => part[channel])];
      viewer.setDrawColormap({ R: of(0), G: of(1), B: of(2), A: [0, ...parts.map((_, n) => (n ? 255 : 28))], labels: ["", ...parts.map((_, n) => String(n + 1))] });
      viewer.setDrawOpacity(1);
    }

    function cut(work) {
      const { grid, layers, given } = work;
      const box = desk.extent.around(given.regions.map((region) => layers.masks[region]), grid);
      const { low: first, high: last } = desk.extent.wider(box, grid, MARGIN_MM);
      const shape = first.map((value, axis) => last[axis] - value + 1);
      const affine = grid.affine.slice(0, 3).map((row, r) => [row[0], row[1], row[2], grid.mm(first)[r]]);
      return { first, shape, affine };
    }

    function copy(work, paint) {
      const { first, shape } = box;
      const data = new Uint8Array(shape[0] * shape[1] * shape[2]);
      let n = 0;
      for (let k = 0; k < shape[2]; k += 1) {
        for (let j = 0; j < shape[1]; j += 1) {
          let at = work.grid.index([first[0], first[1] + j, first[2] + k]);
          for (let i = 0; i < shape[0]; i += 1, at += 1, n += 1) data[n] = paint(at);
        }
      }
      return data;
    }

    // NiiVue's drawing lies in its own turned order.
    function turned(data, { dimsRAS, img2RASstart, img2RASstep }) {
      const out = new Uint8Array(data.length);
      let n = 0;
      for (let z = 0; z < dimsRAS[3]; z += 1) {
        for (let y = 0; y < dimsRAS[2]; y += 1) {
          let at = img2RASstart[0] + img2RASstart[1] + img2RASstart[2] + y * img2RASstep[1] + z * img2RASstep[2];
          for (let x = 0; x < dimsRAS[1]; x += 1, at += img2RASstep[0], n += 1) out[n] = data[at];
        }
      }
      return out;
    }

    function masks(work) {
      const layers = work.given.regions.map((region) => work.layers.masks[region]);
      viewer.drawBitmap = turned(copy(work, (at) => layers.reduce((value, mask, n) => (mask[at] & 1 ? n + 1 : value), 0)), viewer.volumes[0]);
      viewer.refreshDrawing(true);
    }

    async function open(work, [low, high]) {
      if (!viewer) await start();
      while (viewer.volumes.length) viewer.removeVolume(viewer.volumes[0]);
      box = cut(work);
      const grey = copy(work, (at) => Math.max(0, Math.min(255, (255 * (work.image[at] - low)) / (high - low))));
      const bytes = desk.nifti.write(grey, { shape: box.shape, affine: box.affine, spacing: work.grid.spacing });
      const image = await niivue.NVImage.loadFromUrl({ url: bytes.buffer, name: "cut.nii", colormap: "gray", opacity: 0 });
      viewer.addVolume(image);
      viewer.createEmptyDrawing();
      masks(work);
      shown = work;
      document.body.dataset.solid = String(performance.now());
    }

    return {
      // Draws the case anew where it is another one, else its masks.
      async show(work, window) {
        try {
          if (shown === work) masks(work);
          else await open(work, window);
        } catch (error) {
          say(`No view in three dimensions: ${error.message}`);
        }
      },
      forget() { shown = null; },
      get drawing() { return viewer && viewer.drawBitmap; },
      get volume() { return viewer && viewer.volumes[0]; },
    };
  }

  return { make };
})();
