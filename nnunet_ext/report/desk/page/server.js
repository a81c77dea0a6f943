"use strict";
globalThis.desk ??= {};
// The desk's server, at the address that the page came from.
desk.server = (() => {
  const LEAVING_BYTES = 60000;  // browsers let a page that goes away send 64 KiB

  // `lost(true)` once an answer failed to come, `lost(false)` when they come again.
  function make({ tab, lost }) {
    async function ask(path, { content, keepalive = false } = {}) {
      const options = content === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ tab, ...content }) };
      let answer;
      try {
        answer = await fetch(path, { ...options, cache: "no-store", credentials: "same-origin", keepalive });
      } catch (error) {
        lost(true);
        throw Object.assign(new Error("The server does not answer."), { status: 0, said: {} });
      }
      lost(false);
      if (answer.ok) return answer;
      const said = await answer.json().catch(() => ({}));
      const words = said.reasons ? said.reasons.join("\n") : said.held_by ? `Held by ${said.held_by}.` : said.error || `The server answered ${answer.status}.`;
      throw Object.assign(new Error(words), { status: answer.status, said });
    }

    const json = async (...asked) => (await ask(...asked)).json();
    const bytes = async (...asked) => (await ask(...asked)).arrayBuffer();
    const part = (id, name) => `case/${encodeURIComponent(id)}/${name}`;
    const mine = `?tab=${encodeURIComponent(tab)}`;
    return {
      queue: () => json(`queue${mine}`),
      open: (id) => json(part(id, "open"), { content: {} }),
      image: (id) => bytes(part(id, "image.nii") + mine),
      probability: (id, region) => bytes(part(id, `probability/${encodeURIComponent(region)}`) + mine),
      draft: (id, content) => json(part(id, "draft"), { content }),
      save: (id, content) => json(part(id, "save"), { content }),
      release: (id) => json(part(id, "release"), { content: {}, keepalive: true }),
      beat: () => json("beat", { content: {} }),
      end: () => json("end", { content: {} }),
      // The page goes away: whether the browser takes so much along.
      leave(id, content) {
        const small = JSON.stringify(content).length < LEAVING_BYTES;
        if (small) ask(part(id, "draft"), { content, keepalive: true }).catch(() => {});
        return small;
      },
    };
  }

  return { make };
})();
