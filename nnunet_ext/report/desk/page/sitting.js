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
      if (writing) return;
      const due = revision !== safe && Date.now() - last >= DRAFT_MS;
      const beat = Date.now() - last >= BEAT_MS;
      if (!due && !beat) return;
      writing = due ? draft() : server.beat().catch(() => {});
      last = Date.now();
      await writing;
      writing = null;
    }

    setInterval(tick, 500);
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "hidden" || id === null || revision === safe) return;
      if (!server.leave(id, payload())) draft();
    });
    window.addEventListener("pagehide", () => { if (id !== null) server.release(id).catch(() => {}); });
    window.addEventListener("beforeunload", (event) => { if (id !== null && revision !== safe && kept("lost?")) event.preventDefault(); });

    return {
      open(opened) { id = opened; revision = 0; safe = 0; last = Date.now(); },
      touch() { revision += 1; },
      get dirty() { return revision !== safe; },
      get touched() { return revision > 0; },
      draft,
      async save(action) {
        if (writing) await writing;
        const answer = await server.save(id, { ...payload(), action });
        id = null;
        return answer;
      },
      async leave() {
        if (id === null) return;
        if (writing) await writing;
        await draft();
        const here = id;
        id = null;
        await server.release(here).catch(() => {});
      },
    };
  }

  return { make };
})();
