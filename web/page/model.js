// SPDX-License-Identifier: Apache-2.0
"use strict";
// A model file of format 2: safetensors with one header, checked whole and named by its digest.
globalThis.avatar ??= {};
if (typeof require !== "undefined") {
  require("./sha256.js");
  require("./spec.js");
}

{
  const FORMAT = 2, TABLE_SIZE = 1024, MAX_SHIFT = 40;
  const MAX_HEADER = 1 << 20; // bytes
  const KEYS = ["digest", "format", "metrics", "spec", "training"];
  const TYPES = {
    I8: { array: Int8Array, code: "|i1", name: "int8" },
    U8: { array: Uint8Array, code: "|u1", name: "uint8" },
    U16: { array: Uint16Array, code: "<u2", name: "uint16" },
    I32: { array: Int32Array, code: "<i4", name: "int32" },
  };
  const isObject = (value) =>
    value !== null && typeof value === "object" && !Array.isArray(value);

  function refuse(sentence) {
    throw new avatar.InputError(sentence);
  }

  function json(text, what) {
    try {
      return JSON.parse(text);
    } catch {
      return refuse(`${what} is not JSON, so this is no model file, or a damaged one.`);
    }
  }

  /** Return the metadata and the arrays by name, each {type, shape, bytes}. */
  function readTensors(bytes) {
    const foreign = "It is not a .safetensors file, or it was cut off.";
    if (bytes.length < 8) refuse(foreign);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const length = view.getUint32(0, true);
    if (view.getUint32(4, true) || length > MAX_HEADER || 8 + length > bytes.length) refuse(foreign);
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length));
    } catch {
      refuse(foreign);
    }
    const header = json(text, "The file's header");
    if (!isObject(header)) refuse(foreign);
    const { __metadata__: metadata = {}, ...entries } = header;
    const data = bytes.subarray(8 + length), arrays = {}, spans = [];
    for (const [name, entry] of Object.entries(entries)) {
      const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
      const whole = (values) => Array.isArray(values)
        && values.every((value) => Number.isSafeInteger(value) && value >= 0);
      if (typeof dtype !== "string" || !whole(shape) || !whole(offsets) || offsets.length !== 2) {
        refuse(`The header's entry ${name} is damaged.`);
      }
      const [from, to] = offsets;
      const type = TYPES[dtype] ?? { name: dtype };
      const count = shape.reduce((product, size) => product * size, 1);
      if (to > data.length || from > to) refuse(foreign);
      if (type.array && count * type.array.BYTES_PER_ELEMENT !== to - from) {
        refuse(`The array ${name} has ${to - from} bytes, which do not make its shape.`);
      }
      arrays[name] = { type, shape, bytes: data.slice(from, to) };
      spans.push([from, to]);
    }
    let end = 0;
    for (const [from, to] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
      if (from !== end) refuse("The file's arrays do not lie one behind the other.");
      end = to;
    }
    if (end !== data.length) refuse("The file has bytes behind its last array.");
    return { metadata, arrays };
  }

  function readHeader(metadata) {
    if (!isObject(metadata) || typeof metadata.avatar !== "string") {
      refuse("It has no metadata `avatar`, so `avatar quantize` did not make it.");
    }
    if (Object.keys(metadata).length > 1) refuse("It has metadata beside `avatar`.");
    const header = json(metadata.avatar, "The metadata `avatar`");
    if (!isObject(header)) refuse("The metadata `avatar` is not a JSON object.");
    if (header.format !== FORMAT) {
      const said = JSON.stringify(header.format) ?? "missing";
      refuse(`Its format is ${said}, and this page reads format ${FORMAT}; make the file again.`);
    }
    sameNames("metadata field", Object.keys(header), KEYS);
    for (const key of ["training", "metrics"]) {
      if (!isObject(header[key])) refuse(`The metadata field ${key} is not a JSON object.`);
    }
    return header;
  }

  function sameNames(kind, found, wanted) {
    for (const name of wanted) if (!found.includes(name)) refuse(`The ${kind} ${name} is missing.`);
    for (const name of found) if (!wanted.includes(name)) refuse(`The ${kind} ${name} is unknown.`);
  }

  /** What the spec wants of each array: [type, shape, [least, greatest] or null]. */
  function expected(spec) {
    const wanted = {
      shift: ["U8", [spec.layers.length], [1, MAX_SHIFT]],
      table: ["U8", [TABLE_SIZE], null],
    };
    if (spec.planes === 3) for (const name of ["v1", "v2"]) wanted[name] = ["I8", [spec.latent], null];
    spec.layers.forEach((layer, n) => {
      const { inChannels, channels, kernel_size: k, weightMax, accMax } = layer;
      wanted[`weight${n + 1}`] = ["I8", [inChannels, channels, k, k], [-weightMax, weightMax]];
      wanted[`bias${n + 1}`] = ["I32", [channels], [-accMax, accMax]];
      wanted[`mul${n + 1}`] = ["U16", [channels], null];
      if (layer.activation === "leaky_relu") wanted[`neg${n + 1}`] = ["U16", [channels], null];
    });
    return wanted;
  }

  function checked(arrays, spec) {
    const wanted = expected(spec), typed = {};
    sameNames("array", Object.keys(arrays), Object.keys(wanted));
    for (const [name, [code, shape, limits]] of Object.entries(wanted)) {
      const { type, shape: given, bytes } = arrays[name];
      if (type !== TYPES[code]) refuse(`${name} is of ${type.name}, not ${TYPES[code].name}.`);
      if (String(given) !== String(shape)) {
        refuse(`${name} has the shape (${given.join(", ")}), not (${shape.join(", ")}).`);
      }
      typed[name] = new type.array(bytes.buffer);
      if (!limits) continue;
      const [low, high] = limits;
      const outside = typed[name].find((value) => value < low || value > high);
      if (outside !== undefined) refuse(`${name} holds ${outside}, outside ${low} to ${high}.`);
    }
    return typed;
  }

  function digestOf(fields, arrays) {
    const text = new TextEncoder();
    const parts = [text.encode(avatar.canonicalSpec(fields))];
    for (const name of Object.keys(arrays).sort()) {
      const { type, shape, bytes } = arrays[name];
      parts.push(text.encode(`${name}\0${type.code}\0${shape}\0`), bytes);
    }
    return avatar.sha256(parts);
  }

  /**
   * Read a model file and check all of it.
   * @param {Uint8Array} bytes of the file
   * @returns {{spec, arrays, digest, training, metrics}} `arrays` are typed, by their names.
   * @throws {avatar.InputError} One sentence that names what is wrong.
   */
  avatar.readModel = function (bytes) {
    const { metadata, arrays } = readTensors(bytes);
    const header = readHeader(metadata);
    const spec = avatar.readSpec(header.spec);
    const typed = checked(arrays, spec);
    const digest = digestOf(header.spec, arrays);
    if (header.digest !== digest) {
      refuse("The contents do not give the digest that the file names: it is damaged or edited.");
    }
    return { spec, arrays: typed, digest, training: header.training, metrics: header.metrics };
  };
}
