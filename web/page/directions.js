// SPDX-License-Identifier: Apache-2.0
"use strict";
// The directions of a latent that change the picture most, read off the model's weights.
globalThis.avatar ??= {};

// A function that needs nothing outside itself: the worker is made from its text.
avatar.makeDirections = function () {
  const WORK = 1e9; // multiplications at the most; of a huge layer 1 the strongest channels count
  const ROUNDS = 60; // of the power iteration; a direction need not be sharper than a slider shows

  /**
   * The matrix whose greatest eigenvectors are the directions: how strongly a latent moves the sums
   * of layer 1, each unit weighted by how strongly layer 2 listens to it.
   * @returns {Float64Array} latent x latent, symmetric
   */
  function strengths({ spec, arrays }) {
    const [first, second] = spec.layers, latent = spec.latent;
    const listens = new Float64Array(first.channels);
    const taps = second.kernel_size ** 2;
    for (let c = 0, at = 0; c < first.channels; c++) {
      for (let o = 0; o < second.channels; o++) {
        for (let tap = 0; tap < taps; tap++) {
          listens[c] += (arrays.weight2[at++] * arrays.mul2[o]) ** 2;
        }
      }
    }
    const gain = listens.map((sum, c) => arrays.mul1[c] * Math.sqrt(sum));
    const pixels = first.kernel_size ** 2, kept = Math.ceil(WORK / (latent * latent * pixels));
    const strongest = Array.from(gain.keys()).sort((a, b) => gain[b] - gain[a]).slice(0, kept);
    const units = strongest.length * pixels;
    const row = (n) => {
      const values = new Float64Array(units);
      strongest.forEach((c, at) => {
        const from = (n * first.channels + c) * pixels;
        for (let pixel = 0; pixel < pixels; pixel++) {
          values[at * pixels + pixel] = arrays.weight1[from + pixel] * gain[c];
        }
      });
      return values;
    };
    const rows = Array.from({ length: latent }, (_, n) => row(n));
    const matrix = new Float64Array(latent * latent);
    for (let a = 0; a < latent; a++) {
      for (let b = 0; b <= a; b++) {
        let sum = 0;
        for (let unit = 0; unit < units; unit++) sum += rows[a][unit] * rows[b][unit];
        matrix[a * latent + b] = matrix[b * latent + a] = sum;
      }
    }
    return matrix;
  }

  const norm = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));

  function times(matrix, x) {
    const size = x.length, y = new Float64Array(size);
    for (let a = 0; a < size; a++) {
      let sum = 0;
      for (let b = 0; b < size; b++) sum += matrix[a * size + b] * x[b];
      y[a] = sum;
    }
    return y;
  }

  /**
   * Return up to `count` directions, Float64Array of length 1 each, the strongest first, each at
   * right angles to the others. The same model always gives the same ones.
   */
  return function (model, count) {
    const latent = model.spec.latent, matrix = strengths(model), found = [];
    const across = (x) => {
      for (const other of found) {
        const along = x.reduce((sum, value, n) => sum + value * other[n], 0);
        other.forEach((value, n) => (x[n] -= along * value));
      }
      return x;
    };
    while (found.length < Math.min(count, latent)) {
      // A start without symmetries, at right angles to no eigenvector of any real model.
      let x = across(Float64Array.from({ length: latent }, (_, n) => Math.sin(1 + n * n)));
      for (let round = 0; round < ROUNDS; round++) {
        const y = across(times(matrix, x)), length = norm(y);
        if (!(length > 0)) return found;
        x = y.map((value) => value / length);
      }
      const greatest = x.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
      found.push(greatest < 0 ? x.map((value) => -value) : x);
    }
    return found;
  };
};

avatar.directions = avatar.makeDirections();
