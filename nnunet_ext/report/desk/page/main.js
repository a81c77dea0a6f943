"use strict";
globalThis.desk ??= {};
// The desk: holds its parts together.
desk.main = (() => {
  const SOLID_MS = 250;
  const one = (id) => document.getElementById(id);

  function defaults() {
    return {
      tool: "click", radius: 1, ball: false, holdCord: true, holdGrey: "", most: 2000, sigma: 0.7, level: 128,
      masks: true, hidden: [], filled: false, heat: false, smooth: false, solid: false, big: "axial",
    };
  }

  function tabName() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function start() {
    const colours = document.body.dataset.colours.split(" ");
    const app = { settings: defaults(), glass: one("glass"), work: null, effort: desk.effort.make({ seconds: 0, clicks: 0, strokes: 0, tools: {} }), hovered: null, labels: {}, scaling: { slope: 1, intercept: 0 }, spaceHeld: false };
    let queue = null;
    let current = null;
    let parts = [];
    let opening = 0;
    let timer = null;
    const actions = desk.actions.make(app);
    const byName = Object.fromEntries(actions.map((action) => [action.name, action]));
    const panel = desk.panel.make(app, actions, colours);
    const say = (text, kind) => panel.say(text, kind);
    const server = desk.server.make({ tab: tabName(), lost: (gone) => { one("lost").hidden = !gone; } });
    const solid = desk.solid.make({ canvas: one("solid-canvas"), source: document.body.dataset.niivue, colours, say });
    app.view = desk.view.make({ picture: one("picture"), glass: app.glass, solid: one("solid"), settings: app.settings, colours, moved: (voxel) => panel.place(voxel) });
    const sitting = desk.sitting.make({
      server,
      payload: () => ({ masks: app.work.masks(), said: app.work.said, effort: app.effort.get() }),
      kept(what, error) {
        if (what === "draft") one("saved").textContent = `draft kept ${new Date().toLocaleTimeString("en-GB")}`;
        if (what === "refused") say(error.message, "bad");
        return true;
      },
    });

    // ---- what changed
    function listParts() {
      const kept = new Set(parts.filter((part) => part.kept).map((part) => part.key));
      parts = app.work.parts().map((voxels) => {
        const mask = app.work.layers.masks[app.work.region];
        const key = Math.min(...voxels.slice(0, 1e5));
        return { voxels, key, added: voxels.every((at) => !(mask[at] & 2)), kept: kept.has(key) };
      });
      markPart();
      panel.parts(parts);
    }

    function markPart() {
      const here = app.work.grid.index(app.view.cursor);
      parts.forEach((part) => { part.current = part.voxels.includes(here); });
    }

    function changed() {
      sitting.touch();
      refresh();
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (!app.work) return;
        listParts();
        if (app.settings.solid) solid.show(app.work, app.view.window);
      }, SOLID_MS);
    }

    function refresh() {
      panel.refresh();
      app.view.changed();
    }

    app.done = (entry, place = null) => {
      if (entry) {
        app.effort.used(entry.tool);
        changed();
      }
      if (place) app.view.moveTo(place);
      refresh();
      return entry;
    };

    app.set = (some) => {
      Object.assign(app.settings, some);
      if (some.solid && app.work) { app.view.draw(); solid.show(app.work, app.view.window); }
      if (some.big && app.work) say(`Large: ${some.big}.`);
      if ("holdGrey" in some) say(some.holdGrey ? `The brush takes only the ${some.holdGrey} voxels of where a stroke begins.` : "The brush takes voxels of any brightness.");
      refresh();
    };

    app.act = (action) => {
      if (!app.work && !action.free) return;
      action.run();
      if (app.work) refresh();
    };

    // ---- tools that need a place
    const inside = (place) => {
      const voxel = place.map(Math.round);
      return app.work.grid.holds(voxel) ? voxel : null;
    };
    app.onceAt = (place) => {
      const voxel = inside(place);
      if (voxel) app.done(app.work.click(app.work.grid.index(voxel)), voxel);
    };
    app.fillAt = (place, through) => (inside(place) ? app.work.fill(inside(place), through) : null);
    app.addHere = () => {
      const voxel = (app.hovered && inside(app.hovered)) || app.view.cursor;
      app.done(app.work.grow(app.work.grid.index(voxel)), voxel);
    };
    app.removeHere = () => {
      const at = parts.findIndex((part) => part.current);
      const entry = app.done(app.work.remove(app.work.grid.index(app.view.cursor)));
      if (!entry || at < 0) return;
      listParts();
      if (parts.length) app.toPart(Math.min(at, parts.length - 1));
    };
    app.level = (step) => {
      const growing = app.work.growing();
      if (growing) {
        app.work.setLevel(growing.level + step);
        return changed();
      }
      app.set({ level: Math.max(1, Math.min(255, app.settings.level + step)) });
    };
    app.region = (region) => {
      app.work.region = region;
      listParts();
      say(`Working on: ${app.labels[region] || region}.`);
      refresh();
    };
    app.toggleLayer = (n) => {
      const region = app.work.given.regions[n];
      if (!region) return say(`There is no layer ${n + 1}.`);
      const { hidden } = app.settings;
      app.set({ hidden: hidden.includes(region) ? hidden.filter((name) => name !== region) : [...hidden, region] });
    };
    app.toPart = (n) => {
      app.view.moveTo(desk.components.middle(parts[n].voxels, app.work.grid));
      parts.forEach((part, other) => { part.current = other === n; });
      panel.parts(parts);
    };
    app.part = (way, keep = false) => {
      if (!parts.length) return say("Nothing of this region is drawn.");
      const at = parts.findIndex((part) => part.current);
      if (keep && at >= 0) { parts[at].kept = true; app.effort.used("keep"); }
      app.toPart((at + way + parts.length) % parts.length);
      say(`Part ${parts.findIndex((part) => part.current) + 1} of ${parts.length}${keep ? ", the one before kept" : ""}.`);
    };

    // ---- cases
    async function load() {
      queue = await server.queue();
      app.labels = Object.fromEntries(queue.regions.map(({ name, label }) => [name, label || name]));
      panel.queue(queue, current);
    }

    function cover(text, failed = false) {
      one("cover-text").textContent = text;
      one("cover").hidden = !text;
      one("again").hidden = !failed;
    }

    async function open(id) {
      const ticket = (opening += 1);
      const entry = queue.cases.find((one) => one.id === id);
      app.work = null;
      current = id;
      app.view.close();
      panel.queue(queue, current);
      panel.parts([]);
      cover("Opening …");
      one("case-name").textContent = entry.name;
      one("case-reason").textContent = [entry.reason, entry.score].filter(Boolean).join(" · ");
      try {
        const given = await server.open(id);
        const [file, ...known] = await Promise.all([server.image(id), ...given.probabilities.map((region) => server.probability(id, region))]);
        if (ticket !== opening) return;
        const image = desk.nifti.read(file);
        app.scaling = image;
        app.effort = desk.effort.make(given.effort);
        app.effort.touch(Date.now());
        const inner = Object.fromEntries(queue.regions.map(({ name, inside: outer }) => [name, outer]));
        const work = desk.work.make({
          given, inside: inner, image: image.data, settings: app.settings, say,
          probability: Object.fromEntries(given.probabilities.map((region, n) => [region, new Uint8Array(known[n])])),
        });
        if (image.data.length !== work.grid.length) throw new Error("the image and its masks have different numbers of voxels");
        app.work = work;
        sitting.open(id);
        show(work, given);
      } catch (error) {
        if (ticket !== opening) return;
        app.work = null;
        cover(`${entry.name} cannot be opened.\n${error.message}`, true);
        if (error.status === 409) await load();
        document.body.dataset.failed = id;
      }
    }

    function show(work, given) {
      solid.forget();
      parts = work.parts().map((voxels) => ({ voxels, key: voxels[0], added: false, kept: false }));
      const start = parts.length ? parts[0].voxels : desk.components.parts(work.layers.masks[given.regions[0]], work.grid)[0] || [];
      app.settings.big = desk.tiles.finest(work.grid);
      app.view.open(work, start.length ? desk.components.middle(start, work.grid) : work.grid.shape.map((count) => count >> 1));
      one("comment").value = given.said.comment;
      one("saved").textContent = given.draft ? "draft of before" : "";
      listParts();
      cover("");
      say(given.draft ? "You go on where you stopped." : "");
      refresh();
      app.view.draw();
      document.body.dataset.open = given.id;
      if (app.settings.solid) solid.show(work, app.view.window);
    }

    async function finish(action) {
      try {
        const answer = await sitting.save(action);
        one("saved").textContent = `saved ${new Date().toLocaleTimeString("en-GB")}`;
        await load();
        say([...answer.notes, `${queue.cases.find((entry) => entry.id === current).name}: saved (${answer.action}).`].join(" "), "good");
        return answer;
      } catch (error) {
        say(error.message, "bad");
        return null;
      }
    }

    app.decide = async (what) => {
      const action = what === "save" ? (app.work.layers.changed() ? "edit" : "accept") : what;
      const answer = await finish(action);
      if (!answer) return;
      const next = answer.next ?? (queue.cases.find((entry) => entry.state !== "saved" && !entry.held_by) || {}).id;
      if (next !== undefined && next !== null) return open(next);
      app.work = null;
      current = null;
      panel.queue(queue, current);
      one("all-done").showModal();
    };

    // A case that was changed is saved when it is left; where the mask is refused it stays a draft.
    app.go = async (id) => {
      if (id === current && app.work) return;
      if (app.work) {
        const changedHere = sitting.touched && app.work.layers.changed();
        if (!changedHere || !(await finish("edit"))) await sitting.leave();
        await load();
      }
      await open(id);
    };
    app.step = (way) => {
      const at = queue.cases.findIndex((entry) => entry.id === current);
      const next = queue.cases[at + way];
      if (next) return app.go(next.id);
      say("There is no further case this way.");
    };
    app.comment = () => one("comment").focus();
    app.help = () => one("help").showModal();

    // ---- fields
    one("comment").addEventListener("input", () => { if (app.work) { app.work.comment(one("comment").value); sitting.touch(); } });
    one("size").addEventListener("input", () => app.set({ radius: Number(one("size").value) / 2 }));
    one("grey").addEventListener("change", () => app.set({ holdGrey: one("grey").value }));
    one("most").addEventListener("change", () => app.set({ most: Math.max(1, Number(one("most").value) || 2000) }));
    one("level").addEventListener("input", () => {
      const level = Number(one("level").value);
      if (app.work && app.work.growing()) app.done(app.work.setLevel(level));
      else app.set({ level });
    });
    one("level").addEventListener("change", () => one("level").blur());
    one("again").addEventListener("click", () => (current ? open(current) : load()));
    one("end").addEventListener("click", async () => { await server.end(); cover("The desk is closed. This tab can be closed too."); one("all-done").close(); });
    for (const kind of ["pointerdown", "pointermove", "wheel", "keydown"]) {
      document.addEventListener(kind, () => app.effort.touch(Date.now()), { capture: true, passive: true });
    }
    new ResizeObserver(() => app.view.changed()).observe(app.glass);
    setInterval(() => { if (!one("lost").hidden) server.beat().catch(() => {}); }, 2000);
    desk.keys.attach(app, actions);
    desk.keys.list(actions, one("keys"));
    panel.refresh();

    (async () => {
      await load();
      const first = queue.cases.find((entry) => entry.state !== "saved" && !entry.held_by) || queue.cases[0];
      if (first) await open(first.id);
      else cover("There is no case to correct.");
    })().catch((error) => cover(`The desk could not start.\n${error.message}`));
    return { app, sitting, solid, actions, byName, get parts() { return parts; }, get current() { return current; } };
  }

  return { start };
})();
desk.here = desk.main.start();
