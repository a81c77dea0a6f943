"use strict";
globalThis.desk ??= {};
// What stands around the picture: queue, tools, parts and words.
desk.panel = (() => {
  const STATES = { accept: ["✓", "accepted"], edit: ["✎", "corrected"], reject: ["✕", "rejected"], defer: ["⏲", "later"], draft: ["…", "begun"], held: ["⊘", "held by another"], "": ["", "open"] };
  const PARTS = 60;
  const one = (id) => document.getElementById(id);

  function element(tag, text = "", className = "") {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function make(app, actions, colours) {
    const buttons = [];

    function button(action) {
      const made = element("button", action.short);
      made.type = "button";
      made.title = `${action.words} (${action.shown})`;
      made.dataset.action = action.name;
      made.append(" ", element("kbd", /^[A-Z]$/.test(action.key) ? `⇧${action.key}` : action.shown === "Enter" ? "⏎" : action.shown));
      made.addEventListener("click", () => { app.effort.click(); app.act(action); });
      buttons.push({ made, action });
      return made;
    }

    for (const place of document.querySelectorAll("[data-actions]")) {
      place.append(...place.dataset.actions.split(" ").map((name) => button(actions.find((action) => action.name === name))));
    }

    function queue({ cases, title, rater, blind }, current) {
      one("title").textContent = title;
      document.title = `Desk: ${title}`;
      one("rater").textContent = `${rater}${blind ? " (blind)" : ""}`;
      const done = cases.filter((entry) => entry.state === "saved").length;
      one("progress").textContent = `${done} of ${cases.length} done`;
      one("progress-bar").max = cases.length;
      one("progress-bar").value = done;
      one("list").replaceChildren(...cases.map((entry) => {
        const item = element("li");
        const made = element("button");
        made.type = "button";
        made.dataset.id = String(entry.id);
        const [sign, words] = STATES[entry.held_by ? "held" : entry.state === "saved" ? entry.action : entry.state === "draft" ? "draft" : ""];
        const badge = element("span", sign, "badge");
        badge.title = entry.held_by ? `Held by ${entry.held_by}` : words;
        made.append(badge, element("span", entry.name, "name"), element("span", entry.score, "score"), element("span", entry.reason, "reason"));
        made.dataset.state = entry.held_by ? "held" : entry.state === "saved" ? entry.action : entry.state;
        made.title = entry.name;
        if (entry.id === current) made.setAttribute("aria-current", "true");
        made.addEventListener("click", () => app.go(entry.id));
        item.append(made);
        return item;
      }));
      const here = document.querySelector("#list [aria-current]");
      if (here) here.scrollIntoView({ block: "nearest" });
    }

    function regions() {
      one("regions").replaceChildren(...app.work.given.regions.map((region, n) => {
        const row = element("div", "", "region");
        const pick = element("button");
        pick.type = "button";
        pick.setAttribute("aria-pressed", String(region === app.work.region));
        const patch = element("i");
        patch.style.background = colours[n % colours.length];
        pick.append(patch, app.labels[region] || region);
        pick.addEventListener("click", () => { app.effort.click(); app.region(region); });
        const eye = element("button", app.settings.hidden.includes(region) ? "off" : "on");
        eye.type = "button";
        eye.title = `Layer ${n + 1} on or off (${n + 1})`;
        eye.setAttribute("aria-pressed", String(!app.settings.hidden.includes(region)));
        eye.append(" ", element("kbd", String(n + 1)));
        eye.addEventListener("click", () => app.toggleLayer(n));
        row.append(pick, eye);
        return row;
      }));
    }

    function parts(found) {
      if (!app.work) return one("parts").replaceChildren();
      const { grid } = app.work;
      one("parts-title").textContent = `Parts: ${app.labels[app.work.region] || app.work.region} (${found.length})`;
      one("parts").replaceChildren(...found.slice(0, PARTS).map((part, n) => {
        const made = element("button");
        made.type = "button";
        const known = app.work.probability[app.work.region];
        const mean = known ? part.voxels.reduce((sum, at) => sum + known[at], 0) / part.voxels.length / 255 : null;
        made.append(element("span", String(n + 1)), element("span", `${(part.voxels.length * grid.volume).toFixed(part.voxels.length * grid.volume < 10 ? 1 : 0)} mm³`), element("span", mean === null ? "" : `p ${mean.toFixed(2)}`), element("span", part.kept ? "kept" : part.added ? "new" : "", "kept"));
        made.title = "Go there";
        if (part.current) made.setAttribute("aria-current", "true");
        made.addEventListener("click", () => { app.effort.click(); app.toPart(n); });
        return made;
      }));
    }

    function refresh() {
      const { settings, work } = app;
      document.body.dataset.tool = settings.tool;
      for (const { made, action } of buttons) {
        made.disabled = !work && !action.free;
        const states = { ball: settings.ball, hold: settings.holdCord, masks: settings.masks, filled: settings.filled, heat: settings.heat, "smooth-grey": settings.smooth, solid: settings.solid };
        if (action.tool) made.setAttribute("aria-pressed", String(action.tool === settings.tool));
        else if (action.name in states) made.setAttribute("aria-pressed", String(states[action.name]));
      }
      one("size").value = String(2 * settings.radius);
      one("size-text").textContent = `${2 * settings.radius} mm`;
      one("grey").value = settings.holdGrey;
      one("most").value = String(settings.most);
      const growing = work && work.growing();
      const level = growing ? growing.level : settings.level;
      one("level").value = String(level);
      one("level-text").textContent = (level / 255).toFixed(2);
      one("level-of").textContent = growing ? "of what was added" : "of the whole region";
      if (!work) return;
      regions();
      const save = buttons.find(({ action }) => action.name === "save").made;
      save.firstChild.textContent = work.layers.changed() ? "Save correction" : "Accept as it is";
      buttons.find(({ action }) => action.name === "undo").made.disabled = !work.layers.done.length;
      buttons.find(({ action }) => action.name === "redo").made.disabled = !work.layers.undone.length;
      buttons.find(({ action }) => action.name === "heat").made.disabled = !work.probability[work.region];
      one("absent").textContent = work.said.absent.length ? `Said: no ${work.said.absent.map((name) => app.labels[name] || name).join(", no ")}` : "";
      const { seconds } = app.effort.get();
      one("time").textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")} · ${work.layers.done.length} ${work.layers.done.length === 1 ? "change" : "changes"}`;
    }

    function place(voxel) {
      const { work } = app;
      const at = work.grid.index(voxel);
      const mm = work.grid.mm(voxel).map((value) => value.toFixed(1)).join(", ");
      const known = work.probability[work.region];
      const value = work.image[at] * app.scaling.slope + app.scaling.intercept;
      one("place").textContent = `voxel ${voxel.join(", ")} · ${mm} mm · value ${Number(value.toPrecision(5))}${known ? ` · probability ${(known[at] / 255).toFixed(2)}` : ""}`;
    }

    function say(text, kind = "") {
      one("notice").textContent = text;
      one("notice").dataset.kind = kind;
    }

    return { queue, parts, refresh, place, say, one };
  }

  return { make };
})();
