"use strict";
(() => {
  const one = (id) => document.getElementById(id);
  const toggle = (layer) => {
    if (!one(layer)) return;  // no such mask
    const off = document.body.classList.toggle("no-" + layer);
    one(layer).setAttribute("aria-pressed", String(!off));
  };
  const follow = (id) => { if (one(id)) one(id).click(); };
  const keys = {
    o: () => toggle("overlay"), " ": () => toggle("overlay"), r: () => toggle("reference"), m: () => toggle("prediction"),
    ArrowLeft: () => follow("previous"), k: () => follow("previous"), ArrowRight: () => follow("next"), j: () => follow("next"),
  };
  for (const layer of ["overlay", "reference", "prediction"]) if (one(layer)) one(layer).addEventListener("click", () => toggle(layer));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button, a")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.hasOwn(keys, key)) return;
    event.preventDefault();
    keys[key]();
  });
})();
