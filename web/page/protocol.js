// SPDX-License-Identifier: Apache-2.0
"use strict";
// The facts of the serial link, docs/protocol.md in JavaScript: frames and what is in them.
globalThis.avatar ??= {};
if (typeof require !== "undefined") require("./crc32.js");

{
  const VERSION = 2;
  const END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd;
  const ANSWER = 0x80, ERROR = 0xff, NO_TAG = 0;
  const HEAD = 4, CRC = 4; // bytes of version, type and tag; of the CRC-32
  const ID = 8, LATENT = 100, SIZE = 32, PICTURE = 3 * SIZE * SIZE;
  const REQUEST = { info: 1, generate: 2, selfTest: 3, baud: 4 };
  const ANSWER_SIZES = { 1: 45, 2: PICTURE, 3: 32, 4: 2 }; // payload bytes, by type
  const MAX_ANSWER = HEAD + PICTURE + CRC;
  const MIN_DIVISOR = 4, MAX_DIVISOR = 0xffff;
  const ERRORS = {
    1: "the board received a damaged request",
    2: "the board received more requests than it can hold",
    3: `the board does not speak version ${VERSION} of the protocol`,
    4: "the board does not know this request",
    5: "the board expects another length of this request",
    6: "the board holds another model",
    7: "the rate is too high for the board's clock",
  };
  const PASSING = [1, 2]; // errors that another try may mend

  /** Return a frame as it goes over the wire. */
  function encode(type, tag, payload = new Uint8Array(0)) {
    const body = new Uint8Array(HEAD + payload.length + CRC), view = new DataView(body.buffer);
    body.set([VERSION, type, tag & 255, tag >> 8]);
    body.set(payload, HEAD);
    view.setUint32(HEAD + payload.length, avatar.crc32(body.subarray(0, -CRC)), true);
    const wire = [END];
    for (const byte of body) {
      if (byte === END) wire.push(ESC, ESC_END);
      else if (byte === ESC) wire.push(ESC, ESC_ESC);
      else wire.push(byte);
    }
    wire.push(END);
    return Uint8Array.from(wire);
  }

  /** Return {type, tag, payload} of an unstuffed body; null where it is no frame of ours. */
  function decode(body) {
    if (body.length < HEAD + CRC || body[0] !== VERSION) return null;
    const view = new DataView(body.buffer, body.byteOffset, body.length);
    const end = body.length - CRC;
    if (avatar.crc32(body.subarray(0, end)) !== view.getUint32(end, true)) return null;
    return { type: body[1], tag: view.getUint16(2, true), payload: body.slice(HEAD, end) };
  }

  /** Cut a byte stream into SLIP bodies; survives any noise. */
  class Unstuffer {
    #body = [];
    #escaped = false;
    #spoilt = false;

    /** Return the bodies that end in `chunk`; an empty one where it is not SLIP, or too long. */
    feed(chunk) {
      const bodies = [];
      for (const byte of chunk) {
        if (byte === END) {
          const spoilt = this.#spoilt || this.#escaped;
          if (spoilt || this.#body.length) bodies.push(Uint8Array.from(spoilt ? [] : this.#body));
          this.#body = [];
          this.#escaped = this.#spoilt = false;
        } else if (this.#escaped) {
          this.#escaped = false;
          if (byte === ESC_END) this.#append(END);
          else if (byte === ESC_ESC) this.#append(ESC);
          else this.#spoilt = true;
        } else if (byte === ESC) {
          this.#escaped = true;
        } else {
          this.#append(byte);
        }
      }
      return bodies;
    }

    #append(byte) {
      if (this.#body.length < MAX_ANSWER) this.#body.push(byte);
      else this.#spoilt = true;
    }
  }

  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

  /** Return what an info answer tells: build and model ids in hex, network, clock, cycles. */
  function readInfo(payload) {
    const view = new DataView(payload.buffer, payload.byteOffset);
    return {
      build: hex(payload.subarray(0, ID)),
      model: hex(payload.subarray(ID, 2 * ID)),
      latent: view.getUint16(16, true),
      channels: [18, 20, 22].map((at) => view.getUint16(at, true)),
      weightBits: Array.from(payload.subarray(24, 28)),
      clock: view.getUint32(28, true),
      macsPerCycle: view.getUint32(32, true),
      ready: payload[36] === 1,
      coreCycles: view.getUint32(37, true),
      stalledCycles: view.getUint32(41, true),
    };
  }

  /** Return the first wrong layer, 1 to 4, that a self-test's answer tells; 0 where all is well. */
  function wrongLayer(payload) {
    const view = new DataView(payload.buffer, payload.byteOffset);
    return [1, 2, 3, 4].find((layer) =>
      view.getUint32(4 * (layer - 1), true) !== view.getUint32(4 * (layer + 3), true)) ?? 0;
  }

  /** Return the payload that asks for a picture. */
  function generatePayload(model, latent) {
    const id = model.slice(0, 2 * ID).match(/../g).map((digits) => parseInt(digits, 16));
    return Uint8Array.from([...id, ...new Uint8Array(latent.buffer, latent.byteOffset, LATENT)]);
  }

  /** Return the clocks a bit that come nearest to `baud`; null where they are over 2 % off. */
  function divisor(clock, baud) {
    const clocks = Math.round(clock / baud);
    const possible = clocks >= MIN_DIVISOR && clocks <= MAX_DIVISOR;
    return possible && Math.abs(clock / clocks / baud - 1) <= 0.02 ? clocks : null;
  }

  avatar.protocol = {
    BAUD: 115200, // after reset
    BYTE_BITS: 10,
    BYTE_TIMEOUT: 1024, // byte-times of silence that end an unfinished frame
    FALLBACK: 2048, // byte-times at the start-up rate that end another rate
    ANSWER, ERROR, NO_TAG, LATENT, REQUEST, ANSWER_SIZES, ERRORS, PASSING,
    Unstuffer, encode, decode, readInfo, wrongLayer, generatePayload, divisor,
  };
}
