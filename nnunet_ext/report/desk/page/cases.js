"use strict";
globalThis.desk ??= {};
// The queue: which case is open, and how one is left for another.
desk.cases = (() => {
  const one = (id) => document.getElementById(id);

  function make({ app, server, sitting, panel, solid, say, listParts }) {
    let queue = null;
    let current = null;
    let opening = 0;
    let asked = null;

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

    // `told`: what happened to the case before, which stays in sight.
    async function open(id, told = "") {
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
        if (ticket !== opening) return id === current ? null : server.release(id).catch(() => null);
        const image = desk.nifti.read(file);
        app.scaling = image;
        app.effort = desk.effort.make(given.effort);
        const inner = Object.fromEntries(queue.regions.map(({ name, inside: outer }) => [name, outer]));
        const work = desk.work.make({
          given, inside: inner, image: image.data, settings: app.settings, say,
          probability: Object.fromEntries(given.probabilities.map((region, n) => [region, new Uint8Array(known[n])])),
        });
        if (image.data.length !== work.grid.length) throw new Error("the image and its masks have different numbers of voxels");
        app.work = work;
        sitting.open(id);
        app.effort.touch(Date.now());
        show(work, given, told);
      } catch (error) {
        if (ticket !== opening) return;
        app.work = null;
        cover(`${entry.name} cannot be opened.\n${error.message}`, true);
        if (error.status === 409) await load();
        document.body.dataset.failed = String(id);
      }
    }

    function show(work, given, told) {
      solid.forget();
      const start = work.parts()[0] || desk.components.parts(work.layers.masks[given.regions[0]], work.grid)[0] || [];
      app.settings.big = desk.tiles.finest(work.grid);
      app.view.open(work, start.length ? desk.components.middle(start, work.grid) : work.grid.shape.map((count) => count >> 1));
      one("comment").value = given.said.comment;
      one("saved").textContent = given.draft ? "draft of before" : "";
      listParts(true);
      cover("");
      say([told, given.draft ? "You go on where you stopped." : "", ...given.notes].filter(Boolean).join(" "), told ? "good" : "");
      panel.refresh();
      app.view.draw();
      document.body.dataset.open = String(given.id);
      if (app.settings.solid) solid.show(work, app.view.window);
    }

    async function finish(action) {
      app.busy = true;  // nothing is drawn that would not be saved
      one("stage").inert = true;
      try {
        const answer = await sitting.save(action);
        one("saved").textContent = `saved ${new Date().toLocaleTimeString("en-GB")}`;
        await load();
        const told = [...answer.notes, `${queue.cases.find((entry) => entry.id === current).name}: saved (${answer.action}).`].join(" ");
        say(told, "good");
        return { ...answer, told };
      } catch (error) {
        say(error.message, "bad");
        return null;
      } finally {
        app.busy = false;
        one("stage").inert = false;
      }
    }

    // An empty mask is a statement: it is asked for, once.
    function emptied() {
      const { layers, given, said } = app.work;
      return given.regions.filter((region) => layers.count[region] === 0 && layers.off[region] > 0 && !said.absent.includes(region));
    }

    function agreed() {
      const regions = emptied();
      const key = `${current} ${regions.join()} ${app.work.layers.done.length}`;
      if (regions.length && asked !== key) {
        asked = key;
        say(`Nothing is left of: ${regions.map((region) => app.labels[region]).join(", ")}. Save once more to say that there is none.`, "ask");
        return false;
      }
      regions.forEach((region) => app.work.none(region));
      return true;
    }

    app.decide = async (what) => {
      if (what === "save" && !agreed()) return;
      const action = what === "save" ? (app.work.layers.changed() ? "edit" : "accept") : what;
      const answer = await finish(action);
      if (!answer) return;
      const next = answer.next ?? (queue.cases.find((entry) => entry.state !== "saved" && !entry.held_by) || {}).id;
      if (next !== undefined && next !== null) return open(next, answer.told);
      app.work = null;
      current = null;
      panel.queue(queue, current);
      one("all-done").showModal();
    };

    // A case that was changed is saved when it is left; where the mask is refused it stays a draft.
    app.go = async (id) => {
      if (app.busy || (id === current && app.work)) return;
      if (app.work) {
        const changedHere = sitting.touched && app.work.layers.changed() && !emptied().length;
        const saved = changedHere ? await finish("edit") : null;
        app.busy = true;
        if (!saved) await sitting.leave();
        app.busy = false;
        await load();
        return open(id, saved ? saved.told : "");
      }
      await open(id);
    };
    app.step = (way) => {
      const at = queue.cases.findIndex((entry) => entry.id === current);
      const next = queue.cases[at + way];
      if (next) return app.go(next.id);
      say("There is no further case this way.");
    };
    return {
      get current() { return current; },
      again: () => (current === null ? load() : open(current)),
      async end() {
        await server.end();
        one("all-done").close();
        cover("The desk is closed. This tab can be closed too.");
      },
      async start() {
        try {
          await load();
          const named = decodeURIComponent(window.location.hash.slice(1));
          const first = queue.cases.find((entry) => entry.name === named) || queue.cases.find((entry) => entry.state !== "saved" && !entry.held_by) || queue.cases[0];
          if (first) await open(first.id);
          else cover("There is no case to correct.");
        } catch (error) {
          cover(`The desk could not start.\n${error.message}`);
        }
      },
    };
  }

  return { make };
})();
