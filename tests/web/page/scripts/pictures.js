// SPDX-License-Identifier: Apache-2.0
"use strict";
// [[model file, [latent, ...]], ...] -> [{digest, pictures as base64, milliseconds of each}, ...]
const { request, readBytes, base64, answer } = require("./page.js");

answer(request().map(([file, latents]) => {
  const model = avatar.readModel(readBytes(file));
  const network = avatar.generator.prepare(model), milliseconds = [];
  const pictures = latents.map((latent) => {
    const start = performance.now();
    const pixels = avatar.generator.picture(avatar.generator.run(network, Int8Array.from(latent)));
    milliseconds.push(performance.now() - start);
    return base64(pixels);
  });
  return { digest: model.digest, pictures, milliseconds };
}));
