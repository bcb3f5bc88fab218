// SPDX-License-Identifier: Apache-2.0
"use strict";
// CRC-32 as of Ethernet, zip and PNG.
globalThis.avatar ??= {};

{
  const POLYNOMIAL = 0xedb88320; // reflected
  const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ POLYNOMIAL : value >>> 1;
    return value;
  });

  /** Return the CRC-32 of the bytes, 0 to 2**32 - 1. */
  avatar.crc32 = function (bytes) {
    let crc = -1;
    for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255];
    return ~crc >>> 0;
  };
}
