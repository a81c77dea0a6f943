"use strict";
globalThis.desk ??= {};
// One case between server and page: opened, kept as a draft every few seconds, saved, left.
desk.sitting = (() => {
  const DRAFT_MS = 3000;
  const BEAT_MS = 15000;

  // `payload` gives what is drawn now, `kept` hears of drafts and of what went wrong.
  function make({ server, payload, kept }) {
    let id = null;
    let revision = 0;
    let safe = 0;
    let writing = null;
    let last = Date.now();
    let closing = false;

    async function draft() {
      if (id === null || revision === safe) return;
      const [here, wrote] = [id, revision];
      last = Date.now();
      try {
        await server.draft(here, payload());
        if (id === here) safe = Math.max(safe, wrote);
        kept("draft");
      } catch (error) {
        if (error.status) kept("refused", error);
      }
    }

    async function tick() {
      if (writing || closing || id === null) return;
      const due = revision !== safe && Date.now() - last >= DRAFT_MS;
      const beat = Date.now() - last >= BEAT_MS;
      if (!due && !beat) return;
      writing = due ? draft() : server.beat().catch(() => {});
      last = Date.now();
      await writing;
      writing = null;
    }

    async function alone() {
      closing = true;
      if (writing) await writing;
    }

    setInterval(tick, 500);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "hidden" || id === null || revision === safe) return;
      if (!server.leave(id, payload())) draft();
    });
    window.addEventListener("pagehide", () => { if (id !== null) server.release(id).catch(() => {}); });
    window.addEventListener("beforeunload", (event) => {
      if (id === null || revision === safe) return;
      draft();
      event.preventDefault();
    });
    // A page that the browser kept and shows again has let go of its case.
    window.addEventListener("pageshow", (event) => { if (event.persisted) window.location.reload(); });

    return {
      open(opened) { id = opened; revision = 0; safe = 0; last = Date.now(); },
      touch() { revision += 1; },
      get dirty() { return revision !== safe; },
      get touched() { return revision > 0; },
      draft,
      // Nothing else is sent meanwhile: a draft that comes after what was saved would be one again.
      async save(action) {
        await alone();
        try {
          const answer = await server.save(id, { ...payload(), action });
          id = null;
          return answer;
        } finally {
          closing = false;
        }
      },
      async leave() {
        if (id === null) return;
        await alone();
        await draft();
        const here = id;
        id = null;
        await server.release(here).catch(() => {});
        closing = false;
      },
    };
  }

  return { make };
})();
