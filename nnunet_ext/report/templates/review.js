"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const byCase = (selector) => {
    const found = [];
    all(selector).forEach((element) => { found[Number(element.dataset.case)] = element; });
    return found;
  };
  const articles = byCase("article.case");
  const items = byCase("#list > li");
  const rows = byCase("#table tbody tr");
  const titles = Object.fromEntries(data.marks.map((mark) => [mark.value, mark.title]));
  const signs = Object.fromEntries(data.marks.map((mark) => [mark.value, mark.sign]));
  const isLesion = (region) => region !== "sc";
  const storageKey = "nnunet_ext-qc-" + data.digest;

  // ---- marks: one entry a case, kept by the browser under a digest of this very report
  let marks = data.cases.map(() => blank());
  let remembers = true;

  function blank() {
    return { mark: "", regions: null, rank: null, comment: "", lesions: {} };
  }

  function load() {
    try {
      const text = window.localStorage.getItem(storageKey);
      if (text) JSON.parse(text).forEach((entry, index) => { if (index < marks.length) marks[index] = clean(entry); });
      window.localStorage.setItem(storageKey + "-try", "1");
      window.localStorage.removeItem(storageKey + "-try");
    } catch (error) {
      forget();
    }
  }

  function forget() {
    remembers = false;
    one("#storage-note").hidden = false;
  }

  function keep() {
    if (!remembers) return;
    try {
      window.localStorage.setItem(storageKey, JSON.stringify(marks));
    } catch (error) {
      forget();
    }
  }

  function clean(entry) {
    const kept = blank();
    if (entry === null || typeof entry !== "object") return kept;
    if (entry.mark in titles) kept.mark = entry.mark;
    if (Array.isArray(entry.regions)) kept.regions = entry.regions.filter((name) => typeof name === "string");
    if (Number.isInteger(entry.rank) && entry.rank >= 0 && entry.rank <= 9) kept.rank = entry.rank;
    if (typeof entry.comment === "string") kept.comment = entry.comment.slice(0, 2000);
    if (entry.lesions && typeof entry.lesions === "object") {
      for (const [number, rating] of Object.entries(entry.lesions)) {
        if (/^\d+$/.test(number) && ["right", "border", "false"].includes(rating)) kept.lesions[number] = rating;
      }
    }
    return kept;
  }

  function regionsOf(index) {
    return marks[index].regions || data.cases[index].regions;
  }

  // ---- order and filters
  let current = -1;
  let shown = [];
  let sorting = { key: "", descending: false };
  const columns = new Map(data.columns.map((column) => [column.key, column]));
  const worstFirst = (key) => columns.has(key) && columns.get(key).descending;

  function valueOf(index, key) {
    const given = data.cases[index];
    if (key === "case" || key === "site" || key === "contrast") return given[key];
    if (key === "mark") return marks[index].mark;
    if (key === "rank") return marks[index].rank;
    const value = given.values[key];
    return value === undefined ? null : value;
  }

  function compare(first, second) {
    if (!sorting.key) return first - second;
    const [a, b] = [valueOf(first, sorting.key), valueOf(second, sorting.key)];
    const [lacksA, lacksB] = [a === null || a === "", b === null || b === ""];
    if (lacksA || lacksB) return lacksA - lacksB || first - second;  // a missing value stands last either way
    const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
    return (sorting.descending ? -order : order) || first - second;
  }

  function passes(index) {
    const given = data.cases[index];
    const wanted = (id) => one(id).value;
    const mark = wanted("#filter-mark");
    return (!wanted("#filter-site") || given.site === wanted("#filter-site"))
      && (!wanted("#filter-contrast") || given.contrast === wanted("#filter-contrast"))
      && (!mark || (mark === "none" ? !marks[index].mark : mark === "refused" ? given.status === "refused" : marks[index].mark === mark))
      && given.case.toLowerCase().includes(one("#find").value.trim().toLowerCase());
  }

  function arrange() {
    const order = data.cases.map((_, index) => index).sort(compare);
    shown = order.filter(passes);
    const visible = new Set(shown);
    const [list, body] = [one("#list"), one("#table tbody")];
    const stage = one(".stage");
    for (const index of order) {
      list.append(items[index]);
      body.append(rows[index]);
      stage.append(articles[index]);
      items[index].hidden = rows[index].hidden = !visible.has(index);
      articles[index].classList.toggle("filtered", !visible.has(index));
      const value = sorting.key && columns.has(sorting.key) ? valueOf(index, sorting.key) : null;
      const digits = sorting.key && columns.has(sorting.key) ? columns.get(sorting.key).digits : 0;
      const text = value === null ? data.cases[index].lead : value.toFixed(digits);
      one(".sorted", items[index]).textContent = data.cases[index].status === "refused" && value === null ? "refused" : text;
    }
    for (const head of all("#table thead th")) {
      const here = head.dataset.key === sorting.key;
      head.setAttribute("aria-sort", here ? (sorting.descending ? "descending" : "ascending") : "none");
    }
    one("#none").hidden = shown.length > 0;
    if (!visible.has(current) && shown.length) select(shown[0], false);
    else place();
  }

  function sortBy(key, descending) {
    sorting = { key, descending };
    one("#sort").value = key;
    arrange();
  }

  function nextSorting() {
    const keys = data.cycle;
    const next = keys[(keys.indexOf(sorting.key) + 1) % keys.length];
    sortBy(next, worstFirst(next));
    if (shown.length) select(shown[0]);
  }

  // ---- the case that is shown
  function select(index, moves = true) {
    if (index === undefined || !articles[index]) return;
    if (current >= 0) {
      articles[current].classList.remove("current");
      one("button", items[current]).removeAttribute("aria-current");
      rows[current].classList.remove("current");
    }
    current = index;
    articles[index].classList.add("current");
    one("button", items[index]).setAttribute("aria-current", "true");
    rows[index].classList.add("current");
    if (moves) {
      const list = one("#list");
      const [top, height] = [items[index].offsetTop - list.offsetTop, items[index].offsetHeight];
      if (top < list.scrollTop || top + height > list.scrollTop + list.clientHeight) list.scrollTop = top - list.clientHeight / 3;
      history.replaceState(null, "", "#" + articles[index].id);
    }
    place();
    controls();
  }

  function place() {
    const position = shown.indexOf(current);
    one("#position").textContent = shown.length ? `${position + 1} of ${shown.length}` : "none";
    one("#previous").disabled = position <= 0;
    one("#next").disabled = position < 0 || position >= shown.length - 1;
    progress();
  }

  function step(by) {
    const position = shown.indexOf(current) + by;
    if (position >= 0 && position < shown.length) select(shown[position]);
    const desk = one(".desk").getBoundingClientRect();
    if (desk.top > window.innerHeight / 3 || desk.bottom < window.innerHeight / 3) one("#review").scrollIntoView();
  }

  function progress() {
    const count = (mark) => marks.filter((entry) => entry.mark === mark).length;
    const done = marks.length - count("");
    one("#progress").textContent =
      `${done} of ${marks.length} marked: ` + data.marks.map((mark) => `${count(mark.value)} ${mark.title}`).join(", ");
  }

  function controls() {
    const entry = marks[current];
    for (const button of all("button.mark")) button.setAttribute("aria-pressed", String(button.dataset.mark !== "" && button.dataset.mark === entry.mark));
    for (const role of ["reference", "prediction"]) {
      if (one("#" + role)) one("#" + role).hidden = !data.cases[current].roles.includes(role);
    }
    one("#overlay").hidden = !data.cases[current].roles.length;
    one("#rank").value = entry.rank === null ? "" : String(entry.rank);
    if (one("#comment").value !== entry.comment) one("#comment").value = entry.comment;
    const box = one("#regions");
    box.replaceChildren();
    const marked = entry.mark !== "" && entry.mark !== "pass";
    for (const region of marked ? data.cases[current].regions : []) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = data.region_names[region] || region;
      button.dataset.region = region;
      button.setAttribute("aria-pressed", String(regionsOf(current).includes(region)));
      button.addEventListener("click", () => toggleRegion(region));
      box.append(button);
    }
  }

  function draw(index) {
    const entry = marks[index];
    const badge = one(".badge", items[index]);
    badge.textContent = signs[entry.mark] || "";
    items[index].dataset.mark = entry.mark;
    const words = [];
    if (entry.mark) {
      const chosen = regionsOf(index);
      const part = entry.mark === "pass" || chosen.length === data.cases[index].regions.length ? "" : ` (${chosen.map((name) => data.region_names[name] || name).join(", ")})`;
      words.push(signs[entry.mark] + " " + titles[entry.mark] + part);
    }
    if (entry.rank !== null) words.push(`rank ${entry.rank}`);
    one(".mark-cell", rows[index]).textContent = words.join(", ");
    if (entry.comment) words.push(`“${entry.comment}”`);
    one(".verdict", articles[index]).textContent = words.join(", ");
    one(".verdict", articles[index]).dataset.mark = entry.mark;
    for (const choice of all("select[data-lesion]", articles[index])) choice.value = entry.lesions[choice.dataset.lesion] || "";
    one("button", items[index]).setAttribute("aria-label", `${data.cases[index].case}${words.length ? ", " + words.join(", ") : ""}`);
  }

  function change(index, alter) {
    if (index < 0) return;
    alter(marks[index]);
    draw(index);
    if (index === current) controls();
    progress();
    keep();
  }

  function setMark(mark) {
    change(current, (entry) => {
      entry.mark = mark;
      if (mark === "" || mark === "pass") entry.regions = null;
    });
  }

  function toggleRegion(region) {
    change(current, (entry) => {
      const chosen = new Set(regionsOf(current));
      if (chosen.has(region)) chosen.delete(region); else chosen.add(region);
      if (chosen.size) entry.regions = data.cases[current].regions.filter((name) => chosen.has(name));
    });
    one(`#regions [data-region="${CSS.escape(region)}"]`).focus();
  }

  // ---- layers
  function toggle(layer) {
    if (!one("#" + layer) || one("#" + layer).hidden) return;  // this case has no such mask
    const off = document.body.classList.toggle("no-" + layer);
    one("#" + layer).setAttribute("aria-pressed", String(!off));
  }

  // ---- export
  function quoted(text) {
    if (/^[A-Za-z][\w./-]*$/.test(text) && text.includes(".")) return text;
    const escaped = JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
      (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0"));
    return escaped.replace(/\\u(d[89a-f][0-9a-f]{2})/gi, "\\ufffd");  // half of a pair is no letter, and YAML refuses it
  }

  function lists(mark, name) {
    const found = { FILES_SEG: [], FILES_LESION: [] };
    data.cases.forEach((given, index) => {
      if (marks[index].mark !== mark) return;
      const regions = given.regions.length ? regionsOf(index) : ["sc", "lesion"];
      if (regions.some((region) => !isLesion(region))) found.FILES_SEG.push(name(given));
      if (regions.some(isLesion)) found.FILES_LESION.push(name(given));
    });
    return found;
  }

  function yaml(found) {
    const lines = [];
    for (const [key, names] of Object.entries(found)) {
      if (names.length) lines.push(key + ":", ...[...new Set(names)].sort().map((text) => "- " + quoted(text)));
    }
    return (lines.length ? lines.join("\n") : "{}") + "\n";
  }

  // manual-correction starts from an empty mask where it finds none under the image's name and these suffixes.
  function aboutCorrection() {
    const { flags, found } = data.correction;
    return [
      "Fits masks named by: nnunet_ext predict -i IMAGES -o OUT --naming neuropoly (sub-01_T2w_label-SC_seg.nii.gz).",
      "It does not fit the default names (sub-01_label-SC_desc-T2w_mask.nii.gz) nor those of --naming nnunet.",
      found ? "The masks of this report lie under their images' names, and are found with these flags."
        : "The masks of this report are not named so: predict again with --naming neuropoly, or all masks start empty.",
      `python manual_correction.py -config manual_correction.yml -path-img IMAGES ${flags}`,
    ].map((line) => `# ${line}\n`).join("");
  }

  function everything() {
    const cases = data.cases.map((given, index) => ({
      case: given.case, image: given.file, site: given.site, contrast: given.contrast, status: given.status,
      mark: marks[index].mark || null, regions: marks[index].mark && marks[index].mark !== "pass" ? regionsOf(index) : [],
      rank: marks[index].rank, comment: marks[index].comment, lesions: marks[index].lesions, lesions_of: given.lesions_of, values: given.values,
    }));
    return JSON.stringify({ GeneratedBy: data.generated_by, report: data.title, digest: data.digest, cases }, null, 2) + "\n";
  }

  const exports = {
    fail: () => ["qc_fail.yml", yaml(lists("fail", (given) => given.file))],
    artifact: () => ["qc_artifact.yml", yaml(lists("artifact", (given) => given.file))],
    correct: () => ["manual_correction.yml", aboutCorrection() + yaml(lists("fail", (given) => given.file.split("/").pop()))],
    json: () => ["qc.json", everything()],
  };

  function save(kind) {
    const [name, text] = exports[kind]();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind === "json" ? "application/json" : "text/yaml" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  async function take(file) {
    let told;
    try {
      const given = JSON.parse(await file.text());
      const known = new Map(data.cases.map((entry, index) => [entry.case, index]));
      let taken = 0;
      for (const entry of given.cases) {
        const index = known.get(entry.case);
        if (index === undefined) continue;
        marks[index] = clean({ ...entry, regions: Array.isArray(entry.regions) && entry.regions.length ? entry.regions : null });
        draw(index);
        taken += 1;
      }
      keep();
      arrange();
      controls();
      told = `${taken} of ${given.cases.length} cases taken from ${file.name}`
        + (given.digest === data.digest ? "" : ", which was made with another report");
    } catch (error) {
      told = `${file.name} is no qc.json of this page: ${error.message}`;
    }
    one("#progress").textContent = told;
  }

  // ---- keys: none of them while somebody writes
  const keys = {
    ArrowLeft: () => step(-1), ArrowRight: () => step(1), k: () => step(-1), j: () => step(1),
    o: () => toggle("overlay"), " ": () => toggle("overlay"), r: () => toggle("reference"), m: () => toggle("prediction"),
    u: () => setMark(""), ...Object.fromEntries(data.marks.map((mark) => [mark.key, () => setMark(mark.value)])),
    c: () => one("#comment").focus(), s: nextSorting, "?": () => one("#help").showModal(),
  };
  for (let rank = 0; rank <= 9; rank += 1) keys[String(rank)] = () => change(current, (entry) => { entry.rank = rank; });

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (target.id === "comment" && (event.key === "Escape" || event.key === "Enter")) {
      target.blur();
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || one("#help").open) return;
    if (target.closest("input:not([type=checkbox]), textarea, select")) return;
    if (event.key === " " && target.closest("button, summary, a, input")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!Object.hasOwn(keys, key) || current < 0) return;
    event.preventDefault();
    keys[key]();
  });

  // ---- wiring
  function options(select, entries) {
    for (const [value, text] of entries) select.append(new Option(text, value));
  }

  function distinct(field) {
    return [...new Set(data.cases.map((given) => given[field]).filter(Boolean))].sort().map((text) => [text, text]);
  }

  options(one("#sort"), [["", data.default_title], ["case", "name"], ["site", "site"], ["contrast", "contrast"], ["mark", "mark"], ["rank", "rank"],
    ...data.columns.map((column) => [column.key, column.title])]);
  options(one("#filter-site"), [["", "all"], ...distinct("site")]);
  options(one("#filter-contrast"), [["", "all"], ...distinct("contrast")]);
  options(one("#filter-mark"), [["", "all"], ["none", "not marked"], ...data.marks.map((mark) => [mark.value, mark.title]), ["refused", "refused"]]);
  options(one("#rank"), [["", "–"], ...Array.from({ length: 10 }, (_, rank) => [String(rank), String(rank)])]);
  one("#sort").addEventListener("change", (event) => sortBy(event.target.value, worstFirst(event.target.value)));
  for (const id of ["#filter-site", "#filter-contrast", "#filter-mark"]) one(id).addEventListener("change", arrange);
  one("#find").addEventListener("input", arrange);
  all("#table thead th").forEach((head) => one("button", head).addEventListener("click", () => {
    const key = head.dataset.key;
    sortBy(key, sorting.key === key ? !sorting.descending : worstFirst(key));
  }));
  items.forEach((item, index) => one("button", item).addEventListener("click", () => select(index)));
  rows.forEach((row, index) => one("a", row).addEventListener("click", (event) => {
    event.preventDefault();
    select(index);
    one("#review").scrollIntoView();
  }));
  all("button.mark").forEach((button) => button.addEventListener("click", () => setMark(button.dataset.mark)));
  all("[data-save]").forEach((button) => button.addEventListener("click", () => { save(button.dataset.save); one("#save").open = false; }));
  all("select[data-lesion]").forEach((choice) => choice.addEventListener("change", () => {
    const index = Number(choice.closest("article").dataset.case);
    change(index, (entry) => {
      if (choice.value) entry.lesions[choice.dataset.lesion] = choice.value; else delete entry.lesions[choice.dataset.lesion];
    });
  }));
  one("#load").addEventListener("change", (event) => { if (event.target.files.length) take(event.target.files[0]); event.target.value = ""; });
  one("#previous").addEventListener("click", () => step(-1));
  one("#next").addEventListener("click", () => step(1));
  for (const layer of ["overlay", "reference", "prediction"]) {
    if (one("#" + layer)) one("#" + layer).addEventListener("click", () => toggle(layer));
  }
  one("#help-open").addEventListener("click", () => one("#help").showModal());
  one("#rank").addEventListener("change", (event) => change(current, (entry) => { entry.rank = event.target.value === "" ? null : Number(event.target.value); }));
  one("#comment").addEventListener("input", (event) => change(current, (entry) => { entry.comment = event.target.value; }));
  one("#all-columns").addEventListener("change", (event) => one("#table").classList.toggle("wide", event.target.checked));
  window.addEventListener("hashchange", () => { const found = articles.findIndex((article) => "#" + article.id === location.hash); if (found >= 0) select(found); });

  document.body.classList.add("js");
  load();
  data.cases.forEach((_, index) => draw(index));
  arrange();
  const asked = articles.findIndex((article) => "#" + article.id === location.hash);
  if (asked >= 0) { select(asked); one("#review").scrollIntoView(); }
})();
