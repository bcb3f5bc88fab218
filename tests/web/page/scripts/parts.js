// SPDX-License-Identifier: Apache-2.0
"use strict";
// [[function, argument, ...], ...] -> [result, ...]: small parts of the page, one call each.
const { request, readBytes, base64, answer } = require("./page.js");

const { latents } = avatar;
const int8 = (numbers) => Int8Array.from(numbers);
const calls = {
  sha256: (...parts) => avatar.sha256(parts.map((part) => Buffer.from(part, "base64"))),
  crc32: (bytes) => avatar.crc32(Buffer.from(bytes, "base64")),
  quantize: (numbers) => [...latents.quantize(numbers)],
  npy: (z) => base64(latents.toNpy(int8(z))),
  hash: (digest, z) => latents.toHash(digest, int8(z)),
  link(hash, latent) {
    const { model, z } = latents.fromHash(hash);
    return { model, z: [...latents.fromText(z, latent)] };
  },
  refusedLink(text, latent) {
    try {
      return latents.fromText(text, latent) && null;
    } catch (error) {
      return error.message;
    }
  },
  slerp: (a, b, t) => [...latents.slerp(int8(a), int8(b), t)],
  strip: (a, b, distribution, count) =>
    latents.strip(int8(a), int8(b), distribution, count).map((z) => [...z]),
  onChip: (...order) => avatar.onChip.draw(...order).map((z) => [...z]),
  draws: (distribution, latent, count) =>
    Array.from({ length: count }, () => [...latents.draw(distribution, latent)]),
  vary: (z, distribution) => [...latents.vary(int8(z), distribution)],
  directions: (file, count) =>
    avatar.directions(avatar.readModel(readBytes(file)), count).map((each) => [...each]),
  png: async (pixels, size, colours, scale) =>
    base64(await avatar.toPng(Buffer.from(pixels, "base64"), size, colours, scale)),
  frame: (type, tag, payload) =>
    base64(avatar.protocol.encode(type, tag, Buffer.from(payload, "base64"))),
  bodies: (chunk) => new avatar.protocol.Unstuffer().feed(Buffer.from(chunk, "base64"))
    .map((body) => ({ body: base64(body), frame: avatar.protocol.decode(body)?.type ?? null })),
  divisor: avatar.protocol.divisor,
};

Promise.all(request().map(([name, ...rest]) => calls[name](...rest))).then(answer);
