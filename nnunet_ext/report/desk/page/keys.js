"use strict";
globalThis.desk ??= {};
// The keyboard, and the list of keys.
desk.keys = (() => {
  function attach(app, actions) {
    const byKey = new Map();
    for (const action of actions) for (const key of [action.key, ...action.also]) byKey.set(key, action);

    document.addEventListener("keydown", (event) => {
      const typing = event.target.closest("input:not([type=range]), textarea, select");
      if (typing) {
        if (event.key === "Escape" || event.key === "Enter") { event.target.blur(); event.preventDefault(); }
        return;
      }
      const written = event.getModifierState("AltGraph");  // how some keyboards write a bracket, with Alt and Control
      if ((event.altKey && !written) || document.querySelector("dialog[open]")) return;
      if (event.key === " " && event.target.closest("button")) event.target.blur();
      if (event.key === "Enter" && event.target.closest("button, a, summary")) return;
      if (event.key === "Escape") return app.view.carry(null);
      const key = event.getModifierState("CapsLock") && /^[a-z]$/i.test(event.key) ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
      const action = byKey.get((event.ctrlKey || event.metaKey) && !written ? `ctrl+${key}` : key);
      if (event.key === " ") { app.spaceHeld = true; app.spaceUsed = false; }
      if (!action || (event.repeat && event.key === " ")) return;
      event.preventDefault();
      if (event.key === " ") return;
      app.act(action);
    });
    // The space bar also moves the slice together with the pointer: it switches the masks only if it did not.
    document.addEventListener("keyup", (event) => {
      if (event.key !== " " || !app.spaceHeld) return;
      app.spaceHeld = false;
      if (!app.spaceUsed) app.act(byKey.get(" "));
    });
    window.addEventListener("blur", () => { app.spaceHeld = false; });
  }

  function list(actions, into) {
    for (const group of [...new Set(actions.map((action) => action.group))]) {
      const body = document.createElement("section");
      const title = document.createElement("h3");
      title.textContent = group;
      const table = document.createElement("table");
      for (const action of actions.filter((one) => one.group === group)) {
        const row = table.insertRow();
        row.dataset.key = action.key;
        row.dataset.action = action.name;
        const key = document.createElement("kbd");
        key.textContent = /^[A-Z]$/.test(action.key) ? `Shift ${action.key}` : action.shown;
        row.insertCell().append(key);
        row.insertCell().textContent = action.words;
      }
      body.append(title, table);
      into.append(body);
    }
  }

  return { attach, list };
})();
