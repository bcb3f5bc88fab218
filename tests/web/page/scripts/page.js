// SPDX-License-Identifier: Apache-2.0
"use strict";
// What the scripts of this folder share: the page's parts that need no document, and their request.
const fs = require("node:fs");
const path = require("node:path");

const PAGE = path.join(__dirname, "..", "..", "..", "..", "web", "page");
for (const part of [
  "model", "generator", "directions", "latents", "on_chip", "png", "protocol", "serial",
]) {
  require(path.join(PAGE, `${part}.js`));
}

exports.request = () => JSON.parse(fs.readFileSync(0, "utf8"));
exports.readBytes = (file) => new Uint8Array(fs.readFileSync(file));
exports.base64 = (bytes) => Buffer.from(bytes).toString("base64");
exports.answer = (value) => process.stdout.write(JSON.stringify(value));
