// SPDX-License-Identifier: Apache-2.0
"use strict";
// Pictures as PNG files, pixel for pixel: RGB for three colours, grey for one.
globalThis.avatar ??= {};
if (typeof require !== "undefined") require("./crc32.js");

{
  const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const GREY = 0, RGB = 2; // colour types

  function chunk(name, data) {
    const bytes = new Uint8Array(12 + data.length), view = new DataView(bytes.buffer);
    view.setUint32(0, data.length);
    bytes.set(new TextEncoder().encode(name), 4);
    bytes.set(data, 8);
    view.setUint32(8 + data.length, avatar.crc32(bytes.subarray(4, 8 + data.length)));
    return bytes;
  }

  async function deflate(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /**
   * Return the bytes of a PNG file.
   * @param {Uint8Array} pixels size x size x colours
   * @param {number} scale each pixel becomes a square of so many
   */
  avatar.toPng = async function (pixels, size, colours, scale) {
    const side = size * scale, stride = 1 + side * colours; // a filter type before each row
    const rows = new Uint8Array(side * stride);
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const from = (Math.floor(y / scale) * size + Math.floor(x / scale)) * colours;
        rows.set(pixels.subarray(from, from + colours), y * stride + 1 + x * colours);
      }
    }
    const head = new Uint8Array(13), view = new DataView(head.buffer);
    view.setUint32(0, side);
    view.setUint32(4, side);
    head.set([8, colours === 1 ? GREY : RGB], 8);
    const parts = [chunk("IHDR", head), chunk("IDAT", await deflate(rows)), chunk("IEND", [])];
    return new Uint8Array(await new Blob([Uint8Array.from(SIGNATURE), ...parts]).arrayBuffer());
  };
}
