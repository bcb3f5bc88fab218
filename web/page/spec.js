// SPDX-License-Identifier: Apache-2.0
"use strict";
// The network description of a model file: its limits, and every size that follows from it.
globalThis.avatar ??= {};

/** Something a person gave is wrong; the message is one plain sentence. */
avatar.InputError = class extends Error {};

{
  const FIELDS = {
    channels: [1, 1024],
    kernel_size: [1, 8],
    output_padding: [0, 1],
    padding: [0, 7],
    stride: [1, 2],
    weight_bits: [2, 8],
  };
  const LAYER_FIELDS = ["activation", ...Object.keys(FIELDS)];
  const ACC_LIMIT = 2 ** 31; // accumulators have at most 32 bits

  function range(name, value, low, high) {
    if (!Number.isInteger(value) || value < low || value > high) {
      const said = JSON.stringify(value);
      throw new avatar.InputError(`${name} is ${said}, and must be ${low} to ${high}.`);
    }
  }

  function sameFields(what, fields, names) {
    const given = fields && typeof fields === "object" && !Array.isArray(fields)
      ? Object.keys(fields).sort().join(", ") : "none";
    if (given !== names.join(", ")) {
      throw new avatar.InputError(`${what} has the fields ${given}, not ${names.join(", ")}.`);
    }
  }

  function checkLayer(layer, number, last) {
    const where = `Layer ${number} of the spec`;
    sameFields(where, layer, LAYER_FIELDS);
    for (const [name, [low, high]] of Object.entries(FIELDS)) {
      range(`${where}: ${name}`, layer[name], low, high);
    }
    range(`${where}: padding`, layer.padding, 0, layer.kernel_size - 1);
    range(`${where}: output_padding`, layer.output_padding, 0, layer.stride - 1);
    const known = last ? ["table"] : ["relu", "leaky_relu"];
    if (!known.includes(layer.activation)) {
      const said = JSON.stringify(layer.activation);
      throw new avatar.InputError(
        `${where}: activation is ${said}, and must be ${known.join(" or ")}.`);
    }
  }

  /**
   * Check a model file's `spec` and work out what follows from it.
   * @returns {{latent, planes, layers, size, colours}} Each layer has the fields of the file and
   *   inChannels, inSize, outSize, products (the most that one output sums), weightMax, accMax.
   * @throws {avatar.InputError}
   */
  avatar.readSpec = function (fields) {
    sameFields("The spec", fields, ["latent", "layers", "planes"]);
    const { latent, planes, layers } = fields;
    range("The spec's latent", latent, 1, 1024);
    if (planes !== 1 && planes !== 3) {
      throw new avatar.InputError(`The spec's planes is ${JSON.stringify(planes)}, not 1 or 3.`);
    }
    range("The spec's number of layers", Array.isArray(layers) ? layers.length : null, 2, 8);
    layers.forEach((layer, n) => checkLayer(layer, n + 1, n + 1 === layers.length));
    const channels = layers.at(-1).channels;
    if (channels !== 1 && !(planes === 1 && channels === 3)) {
      throw new avatar.InputError(
        `The spec's last layer has ${channels} channels, and must have ${planes === 3 ? "1"
          : "1 or 3"}.`);
    }
    const shapes = [];
    let inChannels = latent, inSize = 1;
    for (const [n, layer] of layers.entries()) {
      const outSize = (inSize - 1) * layer.stride - 2 * layer.padding + layer.kernel_size
        + layer.output_padding;
      range(`The size of layer ${n + 1}'s maps`, outSize, 1, 128);
      const along = Math.min(inSize, Math.ceil(layer.kernel_size / layer.stride));
      const products = inChannels * along * along, weightMax = 2 ** (layer.weight_bits - 1) - 1;
      const accMax = products * (n ? 255 : 256) * weightMax;
      if (accMax >= ACC_LIMIT) {
        throw new avatar.InputError(`The sums of layer ${n + 1} do not fit into 32 bits.`);
      }
      shapes.push({ ...layer, inChannels, inSize, outSize, products, weightMax, accMax });
      inChannels = layer.channels;
      inSize = outSize;
    }
    const colours = planes === 3 ? 3 : channels;
    return { latent, planes, layers: shapes, size: inSize, colours };
  };

  /** The canonical JSON of a checked spec: sorted keys, no spaces. */
  avatar.canonicalSpec = function (fields) {
    const layers = fields.layers.map((layer) => JSON.stringify(layer, [...LAYER_FIELDS]));
    return `{"latent":${fields.latent},"layers":[${layers}],"planes":${fields.planes}}`;
  };
}
