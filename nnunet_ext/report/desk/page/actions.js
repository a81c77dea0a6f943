"use strict";
globalThis.desk ??= {};
// All that can be done, with its key: the buttons, the keyboard and the list behind `?` are made of this one table.
desk.actions = (() => {
  const SIZES = [0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 15, 20];
  const FAR = 5;

  function make(app) {
    const { settings } = app;
    const tool = (name) => () => app.set({ tool: name });
    const flip = (name) => () => app.set({ [name]: !settings[name] });
    const resize = (way) => () => {
      const sizes = way > 0 ? SIZES : [...SIZES].reverse();
      app.set({ radius: (sizes.find((size) => way * (size - 2 * settings.radius) > 1e-9) || 2 * settings.radius) / 2 });
    };
    const next = (values, value) => values[(values.indexOf(value) + 1) % values.length];
    const scroll = (steps) => () => app.view.slice(app.work.grid.planes[settings.big], steps);
    const change = (run) => () => app.done(run(app.work));
    const through = () => app.work.grid.planes[settings.big].through;
    const list = [
      ["Tools", "click", "q", "One click: remove a part, or add what the model nearly found", tool("click"), { tool: "click", short: "One click" }],
      ["Tools", "brush", "b", "Brush (with Shift: eraser)", tool("brush"), { tool: "brush", short: "Brush" }],
      ["Tools", "erase", "e", "Eraser (with Shift: brush)", tool("erase"), { tool: "erase", short: "Eraser" }],
      ["Tools", "outline", "f", "Draw an outline that is filled (Shift: emptied); a click fills a closed one", tool("outline"), { tool: "outline", short: "Outline" }],
      ["Tools", "interpolate", "i", "Draw the slices between two drawn ones", change((work) => work.interpolate(through(), work.grid && app.view.cursor[through()])), { short: "Between" }],
      ["Tools", "smooth", "s", "Smooth the region's outline in each slice", change((work) => work.smooth(through())), { short: "Smooth" }],
      ["Tools", "threshold", "t", "Draw the whole region anew at the level of the slider", () => app.done(app.work.setLevel(settings.level)), { short: "At level" }],
      ["Tools", "higher", "+", "Higher level: less is added", () => app.level(1)],
      ["Tools", "lower", "-", "Lower level: more is added", () => app.level(-1)],
      ["Brush", "smaller", "[", "Smaller brush", resize(-1)],
      ["Brush", "larger", "]", "Larger brush", resize(1)],
      ["Brush", "ball", "o", "Brush as a ball or in one slice", flip("ball"), { short: "Ball" }],
      ["Brush", "hold", "h", "Hold to the cord or let go", flip("holdCord"), { short: "Hold to cord" }],
      ["Brush", "hold-grey", "g", "Hold to brighter voxels, to darker ones, or to neither", () => app.set({ holdGrey: next(["", "brighter", "darker"], settings.holdGrey) })],
      ["Change", "undo", "u", "Undo (also Ctrl Z)", () => app.done(app.work.undo(), null, "undo"), { short: "Undo", also: ["ctrl+z"] }],
      ["Change", "redo", "U", "Do again (also Ctrl Y)", () => app.done(app.work.redo(), null, "redo"), { short: "Redo", also: ["ctrl+y", "ctrl+Z"] }],
      ["Parts", "following", ".", "Next part of the region", () => app.part(1), { short: "Next part" }],
      ["Parts", "preceding", ",", "Previous part", () => app.part(-1), { short: "Previous part" }],
      ["Parts", "keep", "y", "Keep this part and go to the next", () => app.part(1, true), { short: "Keep" }],
      ["Parts", "remove", "x", "Remove the part at the crosshair", () => app.removeHere(), { short: "Remove", also: ["Delete"] }],
      ["Parts", "add", "a", "Add what the model nearly found at the pointer or the crosshair", () => app.addHere(), { short: "Add" }],
      ["Parts", "fit", "F", "Fit the part's outline to the picture, at the pointer or the crosshair", () => app.fitHere(), { short: "Fit" }],
      ["View", "region", "r", "Work on the other region", () => app.region(next(app.work.given.regions, app.work.region))],
      ["View", "masks", " ", "Masks on or off", flip("masks"), { shown: "Space", short: "Masks" }],
      ...[1, 2, 3, 4].map((n) => ["View", `layer-${n}`, String(n), `Layer ${n} on or off`, () => app.toggleLayer(n - 1), { layer: n - 1 }]),
      ["View", "filled", "w", "Outlines alone, or filled", flip("filled"), { short: "Filled" }],
      ["View", "heat", "p", "The model's probability on or off", flip("heat"), { short: "Model" }],
      ["View", "smooth-grey", "m", "Smooth the picture, or show its voxels", flip("smooth"), { short: "Soft" }],
      ["View", "solid", "d", "Three dimensions on or off", flip("solid"), { short: "3-D" }],
      ["View", "big", "v", "Another plane large", () => app.set({ big: next(["axial", "sagittal", "coronal"], settings.big) }), { short: "Plane" }],
      ["View", "frame", "z", "The cord large, or all of the image", () => app.view.reframe(), { short: "Zoom" }],
      ["View", "up", "ArrowUp", "Next slice up", scroll(1), { shown: "↑" }],
      ["View", "down", "ArrowDown", "Next slice down", scroll(-1), { shown: "↓" }],
      ["View", "far-up", "PageUp", "Five slices up", scroll(FAR), { shown: "Page ↑" }],
      ["View", "far-down", "PageDown", "Five slices down", scroll(-FAR), { shown: "Page ↓" }],
      ["View", "go", "c", "Crosshair to the pointer", () => app.hovered && app.view.moveTo(app.hovered)],
      ["View", "contrast", "0", "The first contrast again", () => app.view.resetContrast()],
      ["Case", "none", "n", "No lesion: empties the region and says so", change((work) => work.clear()), { short: "No lesion" }],
      ["Case", "save", "Enter", "Accept, or save what was corrected, and go on", () => app.decide("save"), { short: "Accept" }],
      ["Case", "reject", "R", "Reject: the image is of no use", () => app.decide("reject"), { short: "Reject" }],
      ["Case", "later", "l", "Later: leave it open and go on", () => app.decide("defer"), { short: "Later" }],
      ["Case", "comment", "/", "Write a comment", () => app.comment()],
      ["Case", "next", "j", "Next case", () => app.step(1)],
      ["Case", "previous", "k", "Previous case", () => app.step(-1)],
      ["Case", "help", "?", "This list", () => app.help(), { free: true }],
    ];
    return list.map(([group, name, key, words, run, more = {}]) => ({ group, name, key, words, run, shown: more.shown || key, also: [], ...more }));
  }

  return { make };
})();
