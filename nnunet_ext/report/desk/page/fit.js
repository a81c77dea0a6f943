"use strict";
globalThis.desk ??= {};
// How well each voxel in and around a part fits into it, by its brightness and by what the model thinks of it: 0 to 255,
// from 128 rather in than out. Two normal distributions, of the part and of what lies around it, are fitted to brightness
// by expectation and maximization (Dempster, Laird and Rubin 1977), each voxel with a prior of its own.
desk.fit = (() => {
  const REACH_MM = 4;
  const ROUNDS = 3;
  const LEAST = 0.02;  // of a probability: the picture may always say otherwise
  const DRAWN = 1;  // the odds of what is drawn are e to 1
  const SOFT = 2;  // odds are halved, so that a level tells voxels apart that are all but certain

  // The part, and the voxels within 4 mm of it that are allowed.
  function zone({ grid, allowed }, part) {
    const reach = grid.spacing.map((size) => Math.floor(REACH_MM / size));
    const steps = [];
    for (let k = -reach[2]; k <= reach[2]; k += 1) {
      for (let j = -reach[1]; j <= reach[1]; j += 1) {
        for (let i = -reach[0]; i <= reach[0]; i += 1) {
          if (Math.hypot(i * grid.spacing[0], j * grid.spacing[1], k * grid.spacing[2]) <= REACH_MM) steps.push([i, j, k]);
        }
      }
    }
    const inside = new Set(part);
    const found = new Set(part);
    for (const at of part) {
      let open = false;
      desk.components.around(grid, at, (next) => { open ||= !inside.has(next); });
      if (!open) continue;
      const from = grid.voxel(at);
      for (const step of steps) {
        const voxel = from.map((value, axis) => value + step[axis]);
        if (grid.holds(voxel) && allowed(grid.index(voxel))) found.add(grid.index(voxel));
      }
    }
    return [...found];
  }

  // Odds before the picture was looked at: half of the model's, and what the mask says.
  function prior(probability, inside, at) {
    const drawn = inside.has(at) ? DRAWN : -DRAWN;
    if (!probability) return drawn;
    const known = Math.max(LEAST, Math.min(1 - LEAST, probability[at] / 255));
    return drawn + Math.log(known / (1 - known)) / 2;
  }

  function normal(values, weights) {
    let [sum, first, second] = [0, 0, 0];
    values.forEach((value, n) => { sum += weights[n]; first += weights[n] * value; second += weights[n] * value * value; });
    const mean = first / sum;
    return { mean, spread: Math.max(1e-6 * (1 + mean * mean), second / sum - mean * mean) };
  }

  const logOf = ({ mean, spread }, value) => -((value - mean) ** 2) / (2 * spread) - Math.log(spread) / 2;
  const share = (odds) => 1 / (1 + Math.exp(-odds));

  // Gives `value(at)`, 0 outside the zone, and the voxel of the part that fits best.
  function around({ grid, image, probability, allowed }, part) {
    const voxels = zone({ grid, allowed }, part);
    const inside = new Set(part);
    const before = voxels.map((at) => prior(probability, inside, at));
    const values = voxels.map((at) => image[at]);
    let odds = before;
    for (let round = 0; round < ROUNDS; round += 1) {
      const weights = odds.map(share);
      const [one, other] = [normal(values, weights), normal(values, weights.map((weight) => 1 - weight))];
      odds = before.map((start, n) => start + logOf(one, values[n]) - logOf(other, values[n]));
    }
    const height = new Map(voxels.map((at, n) => [at, Math.round(255 * share(odds[n] / SOFT))]));
    const seed = part.reduce((best, at) => (height.get(at) > height.get(best) ? at : best), part[0]);
    return { seed, value: (at) => height.get(at) || 0 };
  }

  return { around };
})();
