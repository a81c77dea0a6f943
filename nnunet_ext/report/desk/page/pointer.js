"use strict";
globalThis.desk ??= {};
// Pointer and wheel over the slices. Left: the tool. Right: a click moves the crosshair, dragging sets the contrast. Middle,
// or left with the space bar held: moves the slice. Wheel: slices; with control: zoom; with shift, or over what was just
// grown while the button is down: level.
desk.pointer = (() => {
  const STILL = 4;

  function attach(app) {
    const { glass, settings } = app;
    let held = null;

    const at = (event) => {
      const box = glass.getBoundingClientRect();
      return [(event.clientX - box.left) * app.view.ratio(), (event.clientY - box.top) * app.view.ratio()];
    };
    const paints = () => ["brush", "erase"].includes(settings.tool);
    const erases = (event) => (settings.tool === "erase") !== event.shiftKey;

    function hover(x, y) {
      const tile = app.work ? app.view.tileAt(x, y) : null;
      app.view.carry(tile, x, y, { radius: paints() ? settings.radius : 0, line: held && held.line });
      app.hovered = tile ? app.view.placeAt(tile, x, y) : null;
    }

    function kindOf(event, tile) {
      if (event.button === 0 && app.spaceHeld) app.spaceUsed = true;
      if (event.button === 1 || (event.button === 0 && app.spaceHeld)) return "pan";
      if (event.button === 2) return "contrast";
      if (event.altKey) return "look";
      return event.button === 0 && tile ? settings.tool : "";
    }

    function down(event) {
      if (!app.work || held) return;
      const [x, y] = at(event);
      const tile = app.view.tileAt(x, y);
      const kind = tile ? kindOf(event, tile) : "";
      if (!kind) return;
      event.preventDefault();
      glass.setPointerCapture(event.pointerId);
      glass.focus({ preventScroll: true });
      const place = app.view.placeAt(tile, x, y);
      held = { kind, tile, x, y, from: [x, y], far: false, line: null, erase: erases(event) };
      app.effort.click();
      if (kind === "look") app.view.moveTo(place);
      if (kind === "click") app.onceAt(place);
      if (kind === "brush" || kind === "erase") app.work.begin(place, tile.plane.through, held.erase);
      if (kind === "outline") Object.assign(held, { line: [[x, y]], places: [place] });
      app.view.changed();
    }

    function move(event) {
      const [x, y] = at(event);
      if (!held) return hover(x, y);
      const steps = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
      for (const step of steps.length ? steps : [event]) drag(...at(step));
      hover(x, y);
    }

    function drag(x, y) {
      const { kind, tile } = held;
      const [right, down] = [x - held.x, y - held.y];
      held.far ||= Math.hypot(x - held.from[0], y - held.from[1]) > STILL * app.view.ratio();
      const place = app.view.placeAt(tile, x, y);
      if (kind === "pan") app.view.pan(tile, right, down);
      if (kind === "contrast" && held.far) app.view.contrast(right, down);
      if (kind === "look") app.view.moveTo(place);
      if (kind === "outline") { held.line.push([x, y]); held.places.push(place); }
      if (kind === "brush" || kind === "erase") { app.work.move(place); app.view.changed(); }
      Object.assign(held, { x, y });
    }

    function up(event) {
      if (!held) return;
      const { kind, far, tile, places, erase } = held;
      const [x, y] = at(event);
      const place = app.view.placeAt(tile, x, y);
      held = null;
      if (kind === "contrast" && !far) app.view.moveTo(place);
      if (kind === "brush" || kind === "erase") app.done(app.work.end(), place);
      if (kind === "outline") {
        app.done(far ? app.work.outline(places, tile.plane.through, erase) : app.fillAt(place, tile.plane.through), place);
      }
      hover(x, y);
    }

    function wheel(event) {
      if (!app.work) return;
      event.preventDefault();
      const [x, y] = at(event);
      const tile = app.view.tileAt(x, y);
      const way = Math.sign(event.deltaY || event.deltaX);
      if (!tile || !way) return;
      if (event.ctrlKey) app.view.zoom(tile, way < 0 ? 1.2 : 1 / 1.2, x, y);
      else if (event.shiftKey || (held && held.kind === "click")) app.level(way);
      else app.view.slice(tile.plane, -way);
      hover(x, y);
    }

    glass.addEventListener("pointerdown", down);
    glass.addEventListener("pointermove", move);
    glass.addEventListener("pointerup", up);
    glass.addEventListener("pointercancel", up);
    glass.addEventListener("pointerleave", () => { if (!held) { app.view.carry(null); app.hovered = null; } });
    glass.addEventListener("wheel", wheel, { passive: false });
    glass.addEventListener("contextmenu", (event) => event.preventDefault());
    glass.addEventListener("auxclick", (event) => event.preventDefault());
  }

  return { attach };
})();
