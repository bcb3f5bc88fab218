// SPDX-License-Identifier: Apache-2.0
"use strict";
// The latents that a board's wall draws from a seed, as golden/on_chip_latents.py describes them.
globalThis.avatar ??= {};
if (typeof require !== "undefined") require("./latents.js");

{
  const WARM_UP = 1024; // words that are dropped first
  const ARC = 32; // steps of the finest walk
  const MAX_SEED = 2 ** 32 - 1;
  const SINES = Array.from({ length: ARC + 1 }, (_, t) =>
    Math.round(256 * Math.sin((Math.PI / 2) * (t / ARC))));
  // Of 2^15 equal shares of the normal distribution's upper half, how many give at most 0, 1, ...
  const LIMITS = [
    409, 1225, 2041, 2854, 3665, 4472, 5274, 6072, 6864, 7649, 8427, 9198, 9959, 10711, 11454,
    12186, 12907, 13616, 14314, 14999, 15671, 16329, 16975, 17606, 18222, 18824, 19412, 19984,
    20541, 21083, 21610, 22121, 22616, 23096, 23561, 24010, 24444, 24863, 25266, 25655, 26029,
    26389, 26734, 27065, 27383, 27687, 27978, 28256, 28521, 28774, 29015, 29244, 29463, 29670,
    29867, 30053, 30230, 30397, 30555, 30704, 30845, 30978, 31103, 31221, 31331, 31435, 31533,
    31624, 31709, 31789, 31864, 31934, 31999, 32059, 32116, 32168, 32217, 32262, 32304, 32343,
    32379, 32412, 32442, 32471, 32497, 32521, 32543, 32563, 32582, 32599, 32615, 32629, 32642,
    32654, 32665, 32675, 32684, 32692, 32700, 32707, 32713, 32718, 32723, 32728, 32732, 32736,
    32739, 32742, 32745, 32748, 32750, 32752, 32754, 32755, 32757, 32758, 32759, 32760, 32761,
    32762, 32763, 32763, 32764, 32764, 32765, 32765, 32765,
  ];

  /** The words of a seed, 32 bits each, without end. */
  function* words(seed) {
    let a = (0x80000000 | ((seed & 0x3fffffff) << 1)) >>> 0;
    let b = (0x80000000 | ((seed >>> 4) << 3)) >>> 0;
    let c = 0x80000000;
    for (let n = 0; ; n++) {
      a = (((a & 0xfffffffe) << 12) | ((a ^ (a << 13)) >>> 19)) >>> 0;
      b = (((b & 0xfffffff8) << 4) | ((b ^ (b << 2)) >>> 25)) >>> 0;
      c = (((c & 0xfffffff0) << 17) | ((c ^ (c << 3)) >>> 11)) >>> 0;
      if (n >= WARM_UP) yield (a ^ b ^ c) >>> 0;
    }
  }

  /** The normal number that a word chooses, in 1/32. */
  function normal(word) {
    const share = (word >>> 16) & 0x7fff;
    const found = LIMITS.findIndex((limit) => share < limit);
    const size = found < 0 ? LIMITS.length : found;
    return word >>> 31 ? -size : size;
  }

  /** One of `count` options that a word chooses. */
  const option = (word, count) => Math.floor((word * count) / 2 ** 32);

  function* normalLatents(drawn, latent, steps) {
    const point = () => Int8Array.from({ length: latent }, () => normal(drawn.next().value));
    for (let a = point(); ;) {
      const b = point();
      for (let t = 0; t < ARC; t += ARC / steps) {
        yield Int8Array.from(a, (value, n) => {
          const sum = (value * SINES[ARC - t] + b[n] * SINES[t] + 128) >> 8;
          return Math.max(-128, Math.min(127, sum));
        });
      }
      a = b;
    }
  }

  function* categoricalLatents(drawn, latent, walks) {
    const { CHOICES, chosen, options } = avatar.latents;
    const count = options(latent);
    let choices = [];
    for (let n = 0; ; n++) {
      if (walks && n) {
        const which = (n - 1) % CHOICES;
        choices[which] = (choices[which] + 1 + option(drawn.next().value, count - 1)) % count;
      } else {
        choices = Array.from({ length: CHOICES }, () => option(drawn.next().value, count));
      }
      yield chosen(choices, latent);
    }
  }

  /**
   * The first `count` latents, Int8Array each, that a wall draws from a seed; `steps` from one to
   * the next, 1 where each is drawn anew.
   */
  function draw(seed, count, distribution, latent, steps = 1) {
    const drawn = words(seed), made = [];
    const all = distribution === "categorical"
      ? categoricalLatents(drawn, latent, steps > 1) : normalLatents(drawn, latent, steps);
    for (const each of all) if (made.push(each) === count) return made;
  }

  avatar.onChip = { MAX_SEED, draw };
}
