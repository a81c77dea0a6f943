"use strict";
globalThis.desk ??= {};
// An open case: what each tool does to its masks. It knows nothing of the screen; what cannot be done is said.
desk.work = (() => {
  const NEAR = 2;
  const HALF = 128;
  const CERTAIN = 255;

  // `given`: the answer to `open`; `image`: voxels in the file's order; `probability`: region to voxels, 0 to 255.
  function make({ given, inside, image, probability, settings, say }) {
    const grid = desk.grid.make(given);
    const layers = desk.layers.make(grid.length, given.regions, given.given, given.masks);
    let said = { absent: [...given.said.absent], comment: given.said.comment };
    let region = given.regions[given.regions.length - 1];
    let growth = null;
    let stroke = null;

    const mask = (name = region) => layers.masks[name];
    const drawn = (name) => layers.count[name] > 0;
    const within = (name) => {
      const outer = inside[name];
      if (!outer || !layers.masks[outer] || !drawn(outer)) return () => true;
      const cord = layers.masks[outer];
      return (at) => (cord[at] & 1) === 1;
    };
    const holdsOthers = (name) => given.regions.some((other) => inside[other] === name);
    const differing = (wanted) => {
      const voxels = [];
      const now = mask();
      for (let at = 0; at < grid.length; at += 1) if ((now[at] & 1) !== (wanted[at] & 1)) voxels.push(at);
      return voxels;
    };

    // ---- one click
    function remove(seed) {
      const part = desk.components.connected(mask(), grid, seed);
      if (!part.length) return say("Nothing is drawn here that could be removed."), null;
      if (holdsOthers(region) && part.length > 0.5 * layers.count[region]) {
        return say("This is the main part of the region that holds the others: take the eraser."), null;
      }
      return layers.apply("remove", [{ region, voxels: part }]);
    }

    function restore(seed) {
      const part = desk.components.connected(mask(), grid, seed, 2).filter((at) => !(mask()[at] & 1));
      return layers.apply("restore", [{ region, voxels: part }]);
    }

    function grow(seed) {
      const allowed = within(region);
      const known = probability[region];
      if (!known && !inside[region]) return say("There is no probability of this region here, and nothing that bounds it: take the brush."), null;
      if (!allowed(seed) && !known) return say("This place lies outside the cord."), null;
      const value = known ? (at) => known[at] : desk.grow.byBrightness({ grid, image, within: allowed }, seed);
      const top = desk.grow.summit({ grid, value, allowed: (at) => allowed(at) && !(mask()[at] & 1) }, seed);
      const level = desk.grow.startLevel(top);
      if (!level) return say(known ? "The model found nothing here at any level: take the brush." : "Nothing stands out here: take the brush."), null;
      // Up its own hill only: neither into what is drawn nor into what is likelier than the place that was clicked.
      const own = (at) => allowed(at) && !(layers.masks[growth.region][at] & 1) && value(at) <= growth.top;
      const most = inside[region] ? Math.max(1, Math.floor(settings.most / grid.volume)) : Infinity;
      const said = (size, at) => `Added ${size} mm³ ${known ? `above a probability of ${at}` : "by brightness (no probability is known here)"}`;
      growth = { tool: "grow", region, before: [], seed: top.at, value, allowed: own, level, top: top.value, most, said, entry: null };
      return regrow(level);
    }

    // The outline of a part anew, by brightness and probability.
    function fit(seed) {
      const before = desk.components.connected(mask(), grid, seed);
      if (!before.length) return say("Nothing is drawn here that could be fitted to the picture."), null;
      if (holdsOthers(region)) return say("Only what lies inside another region is fitted to the picture: take the brush."), null;
      const cord = within(region);
      const own = new Set(before);
      const allowed = (at) => own.has(at) || (cord(at) && !(layers.masks[region][at] & 1));
      const found = desk.fit.around({ grid, image, probability: probability[region], allowed }, before);
      const said = (size) => `Fitted to the picture: ${size} mm³`;
      growth = { tool: "fit", region, before, ...found, allowed: (at) => found.value(at) > 0 && cord(at), level: HALF, top: CERTAIN, most: Infinity, said, entry: null };
      return regrow(HALF);
    }

    function regrow(level) {
      if (growth.entry && !layers.withdraw(growth.entry)) return growth = null, null;
      growth.level = Math.max(1, Math.min(growth.top, level));
      const { tool, before, said } = growth;
      const { voxels, cut } = desk.grow.part({ grid, ...growth }, growth.seed, growth.level, growth.most);
      const [old, made] = [new Set(before), new Set(voxels)];
      growth.entry = layers.apply(tool, [{ region, voxels: [...before.filter((at) => !made.has(at)), ...voxels.filter((at) => !old.has(at))] }]);
      if (!growth.entry) return growth = null, null;
      say(`${said((voxels.length * grid.volume).toFixed(0), (growth.level / 255).toFixed(2))}${cut ? ", cut at the largest size" : ""}. Shift and wheel, + and -: level.`);
      return growth.entry;
    }

    function click(seed) {
      const value = mask()[seed];
      if (value & 1) return remove(seed);
      return value & 2 ? restore(seed) : grow(seed);
    }

    const growing = () => (growth && layers.done[layers.done.length - 1] === growth.entry ? growth : null);

    function setLevel(level) {
      if (growing()) return regrow(level);
      if (!probability[region]) return say("There is no probability of this region here."), null;
      const last = layers.done[layers.done.length - 1];
      if (last && last.tool === "level" && last.parts[0].region === region) layers.withdraw(last);
      const wanted = new Uint8Array(grid.length);
      for (const at of desk.grow.above(probability[region], level, within(region))) wanted[at] = 1;
      say(`The whole region at a probability of ${(level / 255).toFixed(2)} and more.`);
      return layers.apply("level", [{ region, voxels: differing(wanted) }]);
    }

    // ---- painting
    function threshold(place, through) {
      const radius = Math.max(NEAR * settings.radius, NEAR * NEAR * Math.min(...grid.spacing));
      return desk.brush.otsu(Array.from(desk.brush.stroke(grid, place, place, { radius, through }), (at) => image[at]));
    }

    function begin(place, through, erase) {
      const cord = settings.holdCord && !erase ? within(region) : () => true;
      const level = settings.holdGrey ? threshold(place, through) : 0;
      const grey = { "": () => true, brighter: (at) => image[at] >= level, darker: (at) => image[at] < level }[settings.holdGrey];
      stroke = { last: place, through: settings.ball ? -1 : through, erase, keeps: (at) => cord(at) && grey(at), entry: null, at: { through, slice: Math.round(place[through]) } };
      move(place);
    }

    function move(place) {
      const { last, through, erase, keeps } = stroke;
      const voxels = [];
      for (const at of desk.brush.stroke(grid, last, place, { radius: settings.radius, through })) {
        if ((mask()[at] & 1) === (erase ? 1 : 0) && keeps(at)) voxels.push(at);
      }
      stroke.last = place;
      if (stroke.entry) layers.extend(stroke.entry, region, voxels);
      else stroke.entry = layers.apply(erase ? "erase" : "brush", [{ region, voxels }], { at: stroke.at });
    }

    function end() {
      if (stroke && !stroke.entry && settings.holdCord && inside[region] && !stroke.erase) say("Nothing painted: the brush is held to the cord (h lets it go).");
      const entry = stroke && stroke.entry;
      stroke = null;
      return entry;
    }

    function replace(tool, taken, data, more) {
      return layers.apply(tool, [{ region, voxels: desk.slices.differing(mask(), taken, data) }], more);
    }

    // ---- one slice
    function outline(places, through, erase) {
      const slice = Math.round(places[0][through]);
      const taken = desk.slices.take(mask(), grid, through, slice);
      const cord = settings.holdCord && !erase ? within(region) : () => true;
      const data = Uint8Array.from(taken.data);
      for (const [x, y] of desk.fill.polygon(places.map((place) => [place[taken.a], place[taken.b]]), taken.width, taken.height)) {
        if (cord(taken.index(x, y))) data[x + y * taken.width] = erase ? 0 : 1;
      }
      return replace("outline", taken, data, { at: { through, slice } });
    }

    function fill(voxel, through) {
      const slice = voxel[through];
      const taken = desk.slices.take(mask(), grid, through, slice);
      const pixels = desk.fill.hole(taken.data, taken.width, taken.height, voxel[taken.a], voxel[taken.b]);
      if (!pixels) return say("The outline around this place is not closed in this slice."), null;
      if (!pixels.length) return say("This place is filled already. Drag to draw an outline."), null;
      const data = Uint8Array.from(taken.data);
      for (const [x, y] of pixels) data[x + y * taken.width] = 1;
      return replace("fill", taken, data, { at: { through, slice } });
    }

    // ---- several slices
    function ends(through, slice) {
      const count = (at) => desk.slices.take(mask(), grid, through, at).count;
      const drawnByHand = new Set(layers.done.filter(({ at, parts }) => at && at.through === through && parts[0].region === region).map(({ at }) => at.slice));
      const filled = count(slice) > 0;
      const counts = (at) => (!filled || drawnByHand.has(at)) && count(at) > 0;
      let [low, high] = [slice - (drawnByHand.has(slice) ? 0 : 1), slice + 1];
      while (low >= 0 && !counts(low)) low -= 1;
      while (high < grid.shape[through] && !counts(high)) high += 1;
      return low < 0 || high >= grid.shape[through] || high - low < 2 ? null : [low, high];
    }

    function interpolate(through, slice) {
      const found = ends(through, slice);
      if (!found) return say("Interpolation needs two drawn slices, one on either side of this one."), null;
      const [one, other] = found.map((at) => desk.slices.take(mask(), grid, through, at));
      const cord = settings.holdCord ? within(region) : () => true;
      const voxels = [];
      for (const [at, data] of desk.interpolate.between(one, other)) {
        const taken = desk.slices.frame(grid, through, at);
        data.forEach((value, n) => { if (value && !cord(taken.index(n % taken.width, Math.floor(n / taken.width)))) data[n] = 0; });
        voxels.push(...desk.slices.differing(mask(), taken, data));
      }
      say(`Drew ${other.slice - one.slice - 1} slices between ${one.slice} and ${other.slice}.`);
      return layers.apply("interpolate", [{ region, voxels }]);
    }

    function smooth(through) {
      const voxels = [];
      for (let slice = 0; slice < grid.shape[through]; slice += 1) {
        const taken = desk.slices.take(mask(), grid, through, slice);
        if (taken.count) voxels.push(...desk.slices.differing(mask(), taken, desk.smooth.outline(taken, settings.sigma)));
      }
      const allowed = within(region);
      say("Smoothed the outline of the region in each slice.");
      return layers.apply("smooth", [{ region, voxels: voxels.filter((at) => mask()[at] & 1 || allowed(at)) }]);
    }

    function clear() {
      const voxels = [];
      for (let at = 0; at < grid.length; at += 1) if (mask()[at] & 1) voxels.push(at);
      const after = { ...said, absent: [...new Set([...said.absent, region])] };
      const entry = layers.apply("none", [{ region, voxels }], { said: { before: said, after } });
      said = after;
      return entry;
    }

    function step(which) {
      const entry = layers[which]();
      if (entry && entry.said) said = { ...(which === "undo" ? entry.said.before : entry.said.after), comment: said.comment };
      if (!entry) say(which === "undo" ? "There is nothing to undo." : "There is nothing to do again.");
      return entry;
    }

    return {
      grid, layers, image, probability, given, click, remove, restore, grow, fit, growing, setLevel, begin, move, end, outline, fill, interpolate, smooth, clear,
      undo: () => step("undo"),
      redo: () => step("redo"),
      get region() { return region; },
      set region(name) { region = name; growth = null; },
      get painting() { return stroke !== null; },
      // "None" holds only as long as nothing of the region is drawn.
      get said() { return { ...said, absent: said.absent.filter((name) => !layers.masks[name] || !drawn(name)) }; },
      none(name) { said = { ...said, absent: [...new Set([...said.absent, name])] }; },
      comment(text) { said = { ...said, comment: text }; },
      masks: () => Object.fromEntries(given.regions.map((name) => [name, { runs: desk.runs.encode(layers.masks[name]) }])),
      parts: () => desk.components.parts(mask(), grid),
    };
  }

  return { make };
})();
