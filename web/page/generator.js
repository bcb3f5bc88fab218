// SPDX-License-Identifier: Apache-2.0
"use strict";
// The integer generator, bit for bit as golden/generator.py. Maps are Int16Array, height x width x
// channels: channels innermost, so that the inner loop walks through memory.
globalThis.avatar ??= {};

// A function that needs nothing outside itself: the worker is made from its text.
avatar.makeGenerator = function () {
  const BLOCK = 8; // output channels that are summed in registers together
  const TABLE_MIDDLE = 512;

  /** Return `weight` (in, out, k, k) as (k, k, in, out), outputs filled up to whole blocks. */
  function tapsFirst(weight, inputs, outputs, kernel) {
    const width = outputs < BLOCK ? outputs : Math.ceil(outputs / BLOCK) * BLOCK;
    const taps = kernel * kernel, turned = new Int8Array(taps * inputs * width);
    for (let c = 0, from = 0; c < inputs; c++) {
      for (let o = 0; o < outputs; o++) {
        for (let tap = 0; tap < taps; tap++) turned[(tap * inputs + c) * width + o] = weight[from++];
      }
    }
    return { weight: turned, width };
  }

  /** Make a model ready for `run`: weights turned, constants beside their layer. */
  function prepare({ spec, arrays }) {
    const layers = spec.layers.map((layer, n) => ({
      ...layer,
      ...tapsFirst(arrays[`weight${n + 1}`], layer.inChannels, layer.channels, layer.kernel_size),
      bias: arrays[`bias${n + 1}`],
      mul: arrays[`mul${n + 1}`],
      neg: arrays[`neg${n + 1}`] ?? arrays[`mul${n + 1}`],
      shift: arrays.shift[n],
    }));
    const { latent, planes, size, colours } = spec;
    const { table, v1, v2 } = arrays;
    return { latent, planes, size, colours, layers, table, v1, v2 };
  }

  /** List the inputs that are not 0 of one output pixel: their values and rows of weights. */
  function gather(maps, layer, y, x, values, rows) {
    const { inSize, inChannels, kernel_size: kernel, stride, padding, width } = layer;
    let count = 0;
    for (let kh = (y + padding) % stride; kh < kernel; kh += stride) {
      const i = (y + padding - kh) / stride;
      if (i < 0 || i >= inSize) continue;
      for (let kw = (x + padding) % stride; kw < kernel; kw += stride) {
        const j = (x + padding - kw) / stride;
        if (j < 0 || j >= inSize) continue;
        const from = (i * inSize + j) * inChannels;
        const row = (kh * kernel + kw) * inChannels * width;
        for (let c = 0; c < inChannels; c++) {
          const value = maps[from + c];
          if (value !== 0) {
            values[count] = value;
            rows[count] = row + c * width;
            count++;
          }
        }
      }
    }
    return count;
  }

  /** Sum products of `BLOCK` outputs from `o` on; every sum is below 2**31 (the spec is checked). */
  function sumBlock(values, rows, count, weight, o, sums) {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0, s4 = 0, s5 = 0, s6 = 0, s7 = 0;
    for (let n = 0; n < count; n++) {
      const value = values[n], at = rows[n] + o;
      s0 = (s0 + Math.imul(value, weight[at])) | 0;
      s1 = (s1 + Math.imul(value, weight[at + 1])) | 0;
      s2 = (s2 + Math.imul(value, weight[at + 2])) | 0;
      s3 = (s3 + Math.imul(value, weight[at + 3])) | 0;
      s4 = (s4 + Math.imul(value, weight[at + 4])) | 0;
      s5 = (s5 + Math.imul(value, weight[at + 5])) | 0;
      s6 = (s6 + Math.imul(value, weight[at + 6])) | 0;
      s7 = (s7 + Math.imul(value, weight[at + 7])) | 0;
    }
    sums[o] = s0;
    sums[o + 1] = s1;
    sums[o + 2] = s2;
    sums[o + 3] = s3;
    sums[o + 4] = s4;
    sums[o + 5] = s5;
    sums[o + 6] = s6;
    sums[o + 7] = s7;
  }

  function sumOne(values, rows, count, weight, o) {
    let sum = 0;
    for (let n = 0; n < count; n++) sum = (sum + Math.imul(values[n], weight[rows[n] + o])) | 0;
    return sum;
  }

  /** Return what the layer makes of `maps`: activations, or the pixels of the last one. */
  function runLayer(layer, maps, table) {
    const { channels, outSize, weight, width, bias, mul, neg, activation } = layer;
    const values = new Int32Array(layer.products), rows = new Int32Array(layer.products);
    const sums = new Int32Array(width), out = new Int16Array(outSize * outSize * channels);
    const low = { relu: 0, leaky_relu: -128, table: -512 }[activation];
    const high = { relu: 255, leaky_relu: 127, table: 511 }[activation];
    // Exact: sum and bias have 32 bits each, the product below 50 of a double's 53.
    const half = 2 ** (layer.shift - 1), unit = 2 ** -layer.shift;
    let to = 0;
    for (let y = 0; y < outSize; y++) {
      for (let x = 0; x < outSize; x++) {
        const count = gather(maps, layer, y, x, values, rows);
        if (width < BLOCK) {
          for (let o = 0; o < width; o++) sums[o] = sumOne(values, rows, count, weight, o);
        } else {
          for (let o = 0; o < width; o += BLOCK) sumBlock(values, rows, count, weight, o, sums);
        }
        for (let o = 0; o < channels; o++) {
          const biased = sums[o] + bias[o];
          const value = Math.floor((biased * (biased < 0 ? neg[o] : mul[o]) + half) * unit);
          const clipped = value < low ? low : value > high ? high : value;
          out[to++] = table ? table[clipped + TABLE_MIDDLE] : clipped;
        }
      }
    }
    return out;
  }

  /**
   * Run the generator on one latent.
   * @param {object} network as `prepare` returned it
   * @param {Int8Array} latent
   * @param {number[]} gains of v1 and v2; [1, 1] is the model's own picture
   * @returns {Int16Array[][]} for each plane the maps of each layer, the last ones pixels
   */
  function run(network, latent, gains = [1, 1]) {
    const { layers, planes, v1, v2, table } = network;
    const offsets = planes === 3 ? [null, v1, v2] : [null];
    return offsets.map((offset, plane) => {
      const scaled = (v) => Math.max(-128, Math.min(127, Math.round(v * gains[plane - 1])));
      let maps = Int16Array.from(latent, (z, n) => z + (offset ? scaled(offset[n]) : 0));
      return layers.map((layer, n) => {
        maps = runLayer(layer, maps, n + 1 === layers.length ? table : null);
        return maps;
      });
    });
  }

  /** Return the picture of `run`'s result: Uint8Array, height x width x colours. */
  function picture(planes) {
    if (planes.length === 1) return Uint8Array.from(planes[0].at(-1));
    const [red, green, blue] = planes.map((maps) => maps.at(-1));
    const pixels = new Uint8Array(3 * red.length);
    for (let n = 0; n < red.length; n++) {
      pixels[3 * n] = red[n];
      pixels[3 * n + 1] = green[n];
      pixels[3 * n + 2] = blue[n];
    }
    return pixels;
  }

  return { prepare, run, picture };
};

avatar.generator = avatar.makeGenerator();
