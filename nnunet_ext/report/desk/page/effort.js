"use strict";
globalThis.desk ??= {};
// What a case costs its rater: seconds, of which no pause counts for more than twenty, clicks, strokes and tools.
desk.effort = (() => {
  const PAUSE = 20;

  function make(before) {
    const kept = { seconds: before.seconds, clicks: before.clicks, strokes: before.strokes, tools: { ...before.tools } };
    let last = null;
    return {
      // `now` in milliseconds.
      touch(now) {
        if (last !== null) kept.seconds += Math.min(PAUSE, Math.max(0, (now - last) / 1000));
        last = now;
      },
      click() { kept.clicks += 1; },
      used(tool) {
        kept.tools[tool] = (kept.tools[tool] || 0) + 1;
        if (["brush", "erase", "outline"].includes(tool)) kept.strokes += 1;
      },
      get: () => ({ ...kept, seconds: Math.round(kept.seconds * 10) / 10, tools: { ...kept.tools } }),
    };
  }

  return { make };
})();
