"use strict";
globalThis.desk ??= {};
// In place of a server, for a page opened from a file: cases stand in the page, drafts stay in the browser, and saving is
// a download of the whole image's grid, of which the page shows a cut-out.
desk.offline = (() => {
  const one = (id) => document.getElementById(id);
  const START = "nnunet_ext-desk-";

  async function piped(bytes, stream) {
    return new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer();
  }

  function store(key, content) {
    try {
      if (content === undefined) return JSON.parse(window.localStorage.getItem(START + key));
      window.localStorage.setItem(START + key, JSON.stringify(content));
    } catch (error) {
      return null;  // a browser that keeps nothing: the work is in the tab alone
    }
    return null;
  }

  // The cut-out's mask in the whole image, in the image's own order.
  function whole(runs, { shape }, { shape: full, offset }) {
    const mask = new Uint8Array(full[0] * full[1] * full[2]);
    desk.runs.decode(runs, new Uint8Array(shape[0] * shape[1] * shape[2])).forEach((value, at) => {
      if (!value) return;
      const [i, j, k] = [at % shape[0], Math.floor(at / shape[0]) % shape[1], Math.floor(at / (shape[0] * shape[1]))];
      mask[i + offset[0] + full[0] * (j + offset[1] + full[1] * (k + offset[2]))] = 1;
    });
    return mask;
  }

  function hand(bytes, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes], { type: "application/gzip" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function make() {
    const data = JSON.parse(one("data").textContent);
    const entry = (id) => data.cases[id - 1];
    const key = (id) => `${entry(id).sha256.slice(0, 12)}-${entry(id).name}`;

    async function save(id, content) {
      const { name, sha256, regions, runs, cut, full } = entry(id);
      const same = (region) => JSON.stringify(runs[region]) === JSON.stringify(content.masks[region].runs);
      const files = [];
      for (const region of content.action === "edit" ? regions.filter((one) => !same(one)) : []) {
        const spacing = desk.grid.make(full).spacing;
        const bytes = desk.nifti.write(whole(content.masks[region].runs, cut, full), { ...full, spacing });
        files.push(`${name}_label-${region}_seg__${sha256.slice(0, 12)}.nii.gz`);
        hand(await piped(bytes, new CompressionStream("gzip")), files[files.length - 1]);
      }
      store(key(id), { ...content, state: "saved" });
      const next = data.cases.findIndex((_, n) => (store(key(n + 1)) || {}).state !== "saved");
      const notes = [files.length ? `Downloaded ${files.join(" and ")}: give it back with the round's other masks.` : "Nothing to download."];
      const words = content.action === "edit" ? content.said.absent.map((region) => `no ${region}`).join(", ") : `the action ${content.action}`;
      if (words) notes.push(`A page without a server cannot hand on "${words}": write it into marks.tsv.`);
      return { state: "saved", action: content.action, files, notes, next: next < 0 ? null : next + 1 };
    }

    return {
      async queue() {
        const cases = data.cases.map(({ name }, n) => {
          const kept = store(key(n + 1)) || { state: "open", action: "" };
          return { id: n + 1, name, reason: "", score: "", state: kept.state, action: kept.action || "", held_by: "" };
        });
        return { title: data.title, rater: "", blind: false, regions: data.regions, cases };
      },
      async open(id) {
        const { name, cut, regions, runs } = entry(id);
        const given = Object.fromEntries(regions.map((region) => [region, { runs: runs[region] }]));
        const kept = store(key(id)) || { masks: given, said: { absent: [], comment: "" }, effort: { seconds: 0, clicks: 0, strokes: 0, tools: {} } };
        return { id, name, ...cut, regions, probabilities: [], given, ...kept, draft: kept.state === "draft", notes: [] };
      },
      image: (id) => piped(Uint8Array.from(atob(one(`image-${id}`).textContent), (char) => char.charCodeAt(0)), new DecompressionStream("gzip")),
      async draft(id, content) { store(key(id), { ...content, state: "draft" }); },
      save,
      async release() {},
      async beat() {},
      async end() {},
      leave(id, content) { store(key(id), { ...content, state: "draft" }); return true; },
    };
  }

  return { make };
})();
