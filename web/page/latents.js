// SPDX-License-Identifier: Apache-2.0
"use strict";
// Latents: int8 in steps of 1/32. Drawn, varied, joined; as .npy and as text of a link.
globalThis.avatar ??= {};
if (typeof require !== "undefined") require("./spec.js");

{
  const STEPS = 32; // in one unit of a latent
  const CHOICES = 5, CHOSEN = 127; // of a categorical latent: one number each in a fifth of it
  const DISTRIBUTIONS = ["normal", "tanh", "categorical"];

  /** A draw from N(0, 1), by Box and Muller. */
  function gauss() {
    return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  }

  /** Round half to even, as NumPy's rint. */
  function rint(x) {
    const floor = Math.floor(x), rest = x - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  }

  /** `clip(rint(32 x), -128, 127)` as Int8Array. */
  function quantize(x) {
    return Int8Array.from(x, (value) => Math.max(-128, Math.min(127, rint(STEPS * value))));
  }

  /** Numbers in one choice of a categorical latent. */
  const options = (latent) => latent / CHOICES;

  /** The distribution that a model was trained on: {distribution, known}; else the normal one. */
  function distributionOf({ training, spec }) {
    const said = training.latents ?? "normal";
    const fits = said !== "categorical" || spec.latent % CHOICES === 0;
    const known = DISTRIBUTIONS.includes(said) && fits;
    return { distribution: known ? said : "normal", known };
  }

  /** The categorical latent with these five choices. */
  function chosen(choices, latent) {
    const z = new Int8Array(latent);
    choices.forEach((choice, n) => (z[n * options(latent) + choice] = CHOSEN));
    return z;
  }

  /** The five choices of a categorical latent: the first of the greatest numbers of each fifth. */
  function choicesOf(z) {
    const count = options(z.length);
    return Array.from({ length: CHOICES }, (_, n) => {
      const part = z.subarray(n * count, (n + 1) * count);
      return part.indexOf(Math.max(...part));
    });
  }

  /** A latent drawn at random, Int8Array. */
  function draw(distribution, latent) {
    if (distribution === "categorical") {
      const count = options(latent);
      return chosen(Array.from({ length: CHOICES }, () => Math.floor(Math.random() * count)), latent);
    }
    const normal = Float64Array.from({ length: latent }, gauss);
    return quantize(distribution === "tanh" ? normal.map(Math.tanh) : normal);
  }

  /** A latent near `z`: one choice or two are others, or a share of a new draw is mixed in. */
  function vary(z, distribution, share = 0.35) {
    const latent = z.length, below = (count) => Math.floor(Math.random() * count);
    if (distribution === "categorical") {
      const choices = choicesOf(z), count = options(latent);
      for (let changes = 1 + below(2); changes > 0; changes--) {
        const which = below(CHOICES);
        choices[which] = (choices[which] + 1 + below(count - 1)) % count;
      }
      return chosen(choices, latent);
    }
    const other = draw(distribution, latent);
    const keep = distribution === "tanh" ? 1 - share : Math.sqrt(1 - share * share);
    return quantize(Float64Array.from(z, (value, n) => (keep * value + share * other[n]) / STEPS));
  }

  /** The point at share `t` of the arc from `a` to `b`: sin((1-t) w) a + sin(t w) b over sin(w). */
  function slerp(a, b, t) {
    const dot = (x, y) => x.reduce((sum, value, n) => sum + value * y[n], 0);
    const x = Float64Array.from(a), y = Float64Array.from(b);
    const norms = Math.sqrt(dot(x, x) * dot(y, y));
    const angle = norms ? Math.acos(Math.max(-1, Math.min(1, dot(x, y) / norms))) : 0;
    const arc = Math.sin(angle) > 1e-6; // on one line there is no arc: go straight
    const p = arc ? Math.sin((1 - t) * angle) / Math.sin(angle) : 1 - t;
    const q = arc ? Math.sin(t * angle) / Math.sin(angle) : t;
    return quantize(x.map((value, n) => (p * value + q * y[n]) / STEPS));
  }

  /** Latents from `a` to `b`, both included; of categorical ones as many as choices differ. */
  function strip(a, b, distribution, count) {
    if (distribution !== "categorical") {
      return Array.from({ length: count }, (_, n) => slerp(a, b, n / (count - 1)));
    }
    const choices = choicesOf(a), goal = choicesOf(b), way = [a];
    goal.forEach((choice, n) => {
      if (choices[n] === choice) return;
      choices[n] = choice;
      way.push(chosen(choices, a.length));
    });
    return way;
  }

  /** The latent as a .npy file: int8, shape (1, latent). */
  function toNpy(z) {
    const head = `{'descr': '|i1', 'fortran_order': False, 'shape': (1, ${z.length}), }`;
    const text = head.padEnd(Math.ceil((10 + head.length + 1) / 64) * 64 - 11) + "\n";
    const bytes = new Uint8Array(10 + text.length + z.length);
    bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
    bytes.set(new TextEncoder().encode(text), 10);
    bytes.set(new Uint8Array(z.buffer, z.byteOffset, z.length), 10 + text.length);
    return bytes;
  }

  /** The latent as text of a link: base64 with - and _, without padding. */
  function toText(z) {
    const bytes = String.fromCharCode(...new Uint8Array(z.buffer, z.byteOffset, z.length));
    return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /**
   * The latent that `toText` wrote.
   * @throws {avatar.InputError} The text is no latent of `latent` numbers.
   */
  function fromText(text, latent) {
    let bytes;
    try {
      bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    } catch {
      throw new avatar.InputError("The link's z is damaged, so a random avatar is shown instead.");
    }
    if (bytes.length !== latent) {
      throw new avatar.InputError(
        `The link's z has ${bytes.length} numbers, but this model takes ${latent}, so a random `
        + "avatar is shown instead.");
    }
    return Int8Array.from(bytes, (character) => character.charCodeAt(0));
  }

  /** The hash of a link to this avatar. */
  const toHash = (digest, z) => `#model=${digest.slice(0, 16)}&z=${toText(z)}`;

  /** The `model` (first 16 digits of a digest) and `z` (text) of a hash; null where one lacks. */
  function fromHash(hash) {
    const fields = new URLSearchParams(hash.replace(/^#/, ""));
    return { model: fields.get("model"), z: fields.get("z") };
  }

  avatar.latents = {
    CHOICES, STEPS, options, quantize, distributionOf, chosen, choicesOf, draw, vary, slerp, strip,
    toNpy, toText, fromText, toHash, fromHash,
  };
}
