"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (id) => document.getElementById(id);
  const layers = ["reference", "prediction"];
  let viewer = null;
  let current = -1;
  let loading = 0;

  function say(text) {
    one("message").textContent = text;
    one("message").hidden = !text;
  }

  function pressed(id) {
    return one(id).getAttribute("aria-pressed") === "true";
  }

  function colourMap(role, { regions, lesions }) {
    const parts = data.colours[role].map((text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)));
    const map = { R: [0], G: [0], B: [0], A: [0], I: [0], labels: [""] };
    const add = (name, index, value) => {
      const [red, green, blue] = parts[index % parts.length];
      map.R.push(red); map.G.push(green); map.B.push(blue); map.A.push(255); map.I.push(value); map.labels.push(name);
    };
    regions.forEach((name, index) => add(`${name}, ${role}`, index, index + 1));
    if (role === "prediction") {  // each lesion has a value of its own behind the regions, so that it is named where one points
      const most = Math.max(0, ...lesions.map(([number]) => number));
      for (let number = 1; number <= most; number += 1) add(`lesion ${number}`, regions.length - 1, regions.length + number);
    }
    return map;
  }

  function legend({ regions, parts }) {
    one("legend").replaceChildren();
    for (const role of layers) {
      one(role).hidden = !parts.includes(role);
      if (one(role).hidden) continue;
      regions.forEach((name, index) => {
        const entry = document.createElement("span");
        const patch = document.createElement("i");
        patch.style.background = data.colours[role][index % data.colours[role].length];
        entry.append(patch, `${name}, ${role}`);
        one("legend").append(entry);
      });
    }
  }

  function lookAt(place) {
    viewer.scene.crosshairPos = viewer.mm2frac(place);
    viewer.createOnLocationChange();
    viewer.updateGLVolume();
  }

  function lesions(entry) {
    const box = one("lesions");
    box.replaceChildren(`Lesions of ${entry.listed}:`);
    box.hidden = !entry.lesions.length;
    for (const [number, place] of entry.lesions) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = String(number);
      button.title = `Go to lesion ${number}`;
      button.addEventListener("click", () => {
        for (const other of box.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
        if (viewer) lookAt(place);
      });
      box.append(button);
    }
  }

  function volume(number, part) {
    return one(`volume-${number}-${part}`).textContent;
  }

  async function show(number) {
    if (number < 0 || number >= data.cases.length) return;
    const ticket = ++loading;
    current = number;
    one("case").value = String(number);
    one("previous").disabled = number === 0;
    one("next").disabled = number === data.cases.length - 1;
    history.replaceState(null, "", `#case-${number + 1}`);
    const entry = data.cases[number];
    const { name, parts } = entry;
    one("correct").href = `correct.html#${encodeURIComponent(name)}`;
    legend(entry);
    lesions(entry);
    if (!viewer) return;
    while (viewer.volumes.length) viewer.removeVolume(viewer.volumes[0]);
    if (!parts.includes("image")) {
      say(`${name}: no file of this case could be read.`);
      return;
    }
    say("");
    const loaded = [await niivue.NVImage.loadFromBase64({ base64: volume(number, "image"), name: "image.nii.gz", colormap: "gray", cal_min: 0, cal_max: 255 })];
    for (const role of layers.filter((wanted) => parts.includes(wanted))) {
      const labels = await niivue.NVImage.loadFromBase64({ base64: volume(number, role), name: `${role}.nii.gz`, opacity: 0 });
      labels.setColormapLabel(colourMap(role, entry));
      loaded.push(labels);
    }
    if (ticket !== loading) return;  // another case was asked for meanwhile
    loaded.forEach((image) => viewer.addVolume(image));
    opacity();
    if (entry.first) lookAt(entry.first);
    document.body.dataset.shown = String(number);
  }

  function opacity() {
    if (!viewer) return;
    viewer.volumes.forEach((image, index) => {
      if (index === 0) return;
      const role = image.name.split(".")[0];
      viewer.setOpacity(index, pressed("overlay") && pressed(role) ? Number(one("opacity").value) : 0);
    });
  }

  function toggle(id) {
    one(id).setAttribute("aria-pressed", String(!pressed(id)));
    opacity();
  }

  function view() {
    const kinds = { multi: viewer.sliceTypeMultiplanar, axial: viewer.sliceTypeAxial, sagittal: viewer.sliceTypeSagittal, coronal: viewer.sliceTypeCoronal, render: viewer.sliceTypeRender };
    viewer.setSliceType(kinds[one("view").value]);
  }

  function supported() {
    try {
      return Boolean(document.createElement("canvas").getContext("webgl2"));
    } catch (error) {
      return false;
    }
  }

  async function start() {
    data.cases.forEach((entry, number) => one("case").append(new Option(entry.name, String(number))));
    const asked = Number((location.hash.match(/^#case-(\d+)$/) || [])[1]) - 1;
    const first = asked >= 0 && asked < data.cases.length ? asked : 0;
    if (!data.cases.length) return say("There is no case to show.");
    if (!supported()) {
      await show(first);
      return say("This browser cannot draw in three dimensions here (WebGL 2 is missing or switched off). The report itself shows every case without it; another browser, or hardware acceleration switched on in the settings, shows them here.");
    }
    viewer = new niivue.Niivue({
      backColor: [0, 0, 0, 1], isRadiologicalConvention: true, sagittalNoseLeft: true, show3Dcrosshair: true, dragAndDropEnabled: false,
      multiplanarShowRender: niivue.SHOW_RENDER.ALWAYS, crosshairWidth: 0.6, crosshairColor: [1, 1, 1, 0.6], logLevel: "error",
      viewModeHotKey: "", clipPlaneHotKey: "", cycleClipPlaneHotKey: "", loadingText: "",
    });
    viewer.onLocationChange = (place) => { one("location").textContent = place.string; };
    await viewer.attachToCanvas(one("canvas"));
    viewer.setInterpolation(false);
    viewer.setAtlasOutline(1);
    view();
    await show(first);
  }

  const keys = {
    o: () => toggle("overlay"), " ": () => toggle("overlay"), r: () => toggle("reference"), m: () => toggle("prediction"),
    j: () => show(current + 1), k: () => show(current - 1),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select, input")) return;
    if (event.key === " " && event.target.closest("button, a")) return;
    const key = event.key.toLowerCase();
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
  for (const id of ["overlay", "reference", "prediction"]) one(id).addEventListener("click", () => toggle(id));
  one("case").addEventListener("change", (event) => show(Number(event.target.value)));
  one("previous").addEventListener("click", () => show(current - 1));
  one("next").addEventListener("click", () => show(current + 1));
  one("opacity").addEventListener("input", opacity);
  one("view").addEventListener("change", () => { if (viewer) view(); });
  one("outline").addEventListener("change", (event) => { if (viewer) viewer.setAtlasOutline(event.target.checked ? 1 : 0); });
  window.addEventListener("hashchange", () => {
    const asked = Number((location.hash.match(/^#case-(\d+)$/) || [])[1]) - 1;
    if (asked >= 0 && asked !== current) show(asked);
  });
  start().catch((error) => say(`The viewer could not start: ${error.message}`));
})();
