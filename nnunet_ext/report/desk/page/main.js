"use strict";
globalThis.desk ??= {};
// The desk: holds its parts together.
desk.main = (() => {
  const SOLID_MS = 250;
  const STEPS = 16;
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
    const app = { settings: defaults(), glass: one("glass"), work: null, effort: desk.effort.make({ seconds: 0, clicks: 0, strokes: 0, tools: {} }), hovered: null, labels: {}, scaling: { slope: 1, intercept: 0 }, spaceHeld: false, busy: false };
    let parts = [];
    let timer = null;
    const actions = desk.actions.make(app);
    const panel = desk.panel.make(app, actions, colours);
    const say = (text, kind) => panel.say(text, kind);
    const server = (desk.offline || desk.server).make({ tab: tabName(), lost: (gone) => { one("lost").hidden = !gone; } });
    const solid = desk.solid.make({ canvas: one("solid-canvas"), source: document.body.dataset.niivue, colours, say });
    app.view = desk.view.make({ picture: one("picture"), glass: app.glass, solid: one("solid"), settings: app.settings, colours, moved: (voxel) => { panel.place(voxel); markPart(); } });
    const sitting = desk.sitting.make({
      server,
      payload: () => ({ masks: app.work.masks(), said: app.work.said, effort: app.effort.get() }),
      kept(what, error) {
        if (what === "draft") one("saved").textContent = `draft kept ${new Date().toLocaleTimeString("en-GB")}`;
        if (what === "refused") say(error.message, "bad");
      },
    });

    // ---- what changed
    function listParts(anew = false) {
      const kept = new Set((anew ? [] : parts).filter((part) => part.kept).map((part) => part.key));
      parts = app.work.parts().map((voxels) => {
        const mask = app.work.layers.masks[app.work.region];
        const key = Math.min(...voxels.slice(0, 1e5));
        return { voxels, key, added: voxels.every((at) => !(mask[at] & 2)), kept: kept.has(key) };
      });
      markPart(true);
    }

    function markPart(anew = false) {
      const here = app.work.grid.index(app.view.cursor);
      const at = parts.findIndex((part) => part.voxels.includes(here));
      if (!anew && at === parts.findIndex((part) => part.current)) return;
      parts.forEach((part, n) => { part.current = n === at; });
      panel.parts(parts);
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

    app.done = (entry, place = null, tool = entry && entry.tool) => {
      if (entry) {
        app.effort.used(tool);
        changed();
      }
      if (place) app.view.moveTo(place);
      refresh();
      return entry;
    };

    app.set = (some) => {
      if (some.solid && !document.body.dataset.niivue) return say("The viewer shows this case in three dimensions.");
      Object.assign(app.settings, some);
      if (some.solid && app.work) { app.view.draw(); solid.show(app.work, app.view.window); }
      if (some.big && app.work) say(`Large: ${some.big}.`);
      if ("holdGrey" in some) say(some.holdGrey ? `The brush takes only the ${some.holdGrey} voxels of where a stroke begins.` : "The brush takes voxels of any brightness.");
      refresh();
    };

    app.act = (action) => {
      if (app.busy || (!app.work && !action.free)) return;
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
    app.fitHere = () => {
      const drawn = (voxel) => voxel && app.work.layers.masks[app.work.region][app.work.grid.index(voxel)] & 1;
      const under = app.hovered && inside(app.hovered);
      const voxel = drawn(under) ? under : app.view.cursor;
      app.done(app.work.fit(app.work.grid.index(voxel)), voxel);
    };
    app.removeHere = () => {
      const at = parts.findIndex((part) => part.current);
      const entry = app.done(app.work.remove(app.work.grid.index(app.view.cursor)));
      if (!entry || at < 0) return;
      listParts();
      if (parts.length) app.toPart(Math.min(at, parts.length - 1));
    };
    // A step is a sixteenth of the way: of the top of what grows, else of everything.
    app.level = (way) => {
      const growing = app.work.growing();
      if (growing) {
        app.work.setLevel(growing.level + way * Math.max(1, Math.round(growing.top / STEPS)));
        return changed();
      }
      app.set({ level: Math.max(1, Math.min(255, app.settings.level + way * Math.round(255 / STEPS))) });
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
    };
    app.part = (way, keep = false) => {
      if (!parts.length) return say("Nothing of this region is drawn.");
      const at = parts.findIndex((part) => part.current);
      if (keep && at >= 0) { parts[at].kept = true; app.effort.used("keep"); }
      app.toPart((at + way + parts.length) % parts.length);
      say(`Part ${parts.findIndex((part) => part.current) + 1} of ${parts.length}${keep ? ", the one before kept" : ""}.`);
    };

    // ---- cases
    const cases = desk.cases.make({ app, server, sitting, panel, solid, say, listParts });
    app.comment = () => one("comment").focus();
    app.help = () => one("help").showModal();

    // ---- fields
    one("comment").addEventListener("input", () => { if (app.work) { app.work.comment(one("comment").value); sitting.touch(); } });
    one("size").addEventListener("input", () => app.set({ radius: Number(one("size").value) / 2 }));
    one("grey").addEventListener("change", () => { app.set({ holdGrey: one("grey").value }); one("grey").blur(); });
    one("most").addEventListener("change", () => app.set({ most: Math.max(1, Number(one("most").value) || 2000) }));
    one("level").addEventListener("input", () => {
      const level = Number(one("level").value);
      if (app.work && app.work.growing()) app.done(app.work.setLevel(level));
      else app.set({ level });
    });
    one("level").addEventListener("change", () => one("level").blur());
    // A button that was clicked is not the one that the next Enter means.
    document.addEventListener("click", (event) => { if (event.detail && event.target.closest("button")) event.target.closest("button").blur(); });
    one("again").addEventListener("click", () => cases.again());
    one("end").addEventListener("click", () => cases.end());
    for (const kind of ["pointerdown", "pointermove", "wheel", "keydown"]) {
      document.addEventListener(kind, () => app.effort.touch(Date.now()), { capture: true, passive: true });
    }
    new ResizeObserver(() => app.view.changed()).observe(app.glass);
    setInterval(() => { if (!one("lost").hidden) server.beat().catch(() => {}); }, 2000);
    desk.pointer.attach(app);
    desk.keys.attach(app, actions);
    desk.keys.list(actions, one("keys"));
    panel.refresh();

    cases.start();
    return { app, sitting, solid, actions, get parts() { return parts; }, get current() { return cases.current; } };
  }

  return { start };
})();
desk.here = desk.main.start();
