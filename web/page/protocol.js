// SPDX-License-Identifier: Apache-2.0
"use strict";
// The facts of the serial link, docs/protocol.md in JavaScript: frames and what is in them.
globalThis.avatar ??= {};
if (typeof require !== "undefined") {
  require("./crc32.js");
  require("./spec.js");
}

{
  const VERSION = 3;
  const END = 0xc0, ESC = 0xdb, ESC_END = 0xdc, ESC_ESC = 0xdd;
  const ANSWER = 0x80, ERROR = 0xff, NO_TAG = 0;
  const HEAD = 4, CRC = 4; // bytes of version, type and tag; of the CRC-32
  const ID = 8, DIGEST = 32, LAYERS = 8, LAYER = 8; // bytes of ids; layers at most, bytes of each
  const PLANES = 15; // of a byte that also holds the kind of the latents
  const REQUEST = { info: 1, generate: 2, selfTest: 3, baud: 4, loadBegin: 5, loadData: 6, loadEnd: 7 };
  const SUMS = 4 * LAYERS;
  const ANSWER_SIZES = { // payload bytes, by type; of pictures the model's
    1: 229, 3: 2 * SUMS, 4: 2, 5: 4, 6: 4, 7: 2 * SUMS,
  };
  const MAX_ANSWER = HEAD + 3 * 128 * 128 + CRC;
  const LOAD = 92, MODEL = 108, STATUS = 212; // places in an info answer
  const FACTS = 8 + LAYER * LAYERS + DIGEST; // bytes of what is told of a model
  const PART_FIXED = FACTS + SUMS, MAX_LATENT = 1024; // bytes before the latents of a model part
  const ACTIVATIONS = ["relu", "leaky_relu", "table"];
  const STATES = ["none", "from power-up on", "uploaded", "loading"];
  const MIN_DIVISOR = 4, MAX_DIVISOR = 0xffff;
  const ERRORS = {
    1: "the board received a damaged request",
    2: "the board received more requests than it can hold",
    3: `the board does not speak version ${VERSION} of the protocol`,
    4: "the board does not know this request",
    5: "the board expects another length of this request",
    6: "the board holds another model",
    7: "the rate is too high for the board's clock",
    8: "the board holds no model",
    9: "the image is for a board of another capacity",
    10: "the image's bytes came in another order",
    11: "the image arrived damaged",
    12: "no load is under way",
    13: "the board's memory for the weights did not start",
  };
  const REFUSAL = { order: 10, crc: 11, noLoad: 12 }; // errors that a load goes on from
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

  /** Return the layer that stands at `at`, as a model file's spec has it. */
  function readLayer(payload, at) {
    const [kernel_size, stride, padding, output_padding, activation, weight_bits] =
      payload.subarray(at + 2, at + LAYER);
    return {
      activation: ACTIVATIONS[activation], channels: payload[at] + 256 * payload[at + 1],
      kernel_size, output_padding, padding, stride, weight_bits,
    };
  }

  /**
   * Return what an info answer tells: ids in hex, the model's spec, clock, cycles, the last load.
   * Where the board holds no model, `model` and `spec` are null.
   * @throws {avatar.InputError} The spec cannot be.
   */
  function readInfo(payload) {
    const view = new DataView(payload.buffer, payload.byteOffset);
    const state = STATES[payload[STATUS]];
    const info = {
      build: hex(payload.subarray(0, ID)),
      capacity: hex(payload.subarray(ID, 2 * ID)),
      clock: view.getUint32(2 * ID, true),
      macsPerCycle: view.getUint32(2 * ID + 4, true),
      state,
      length: view.getUint32(LOAD, true),
      crc: view.getUint32(LOAD + 4, true),
      loadedModel: hex(payload.subarray(LOAD + 8, LOAD + 8 + ID)),
      next: view.getUint32(STATUS + 1, true),
      ready: payload[STATUS + 5] === 1,
      coreCycles: view.getUint32(STATUS + 6, true),
      stalledCycles: view.getUint32(STATUS + 10, true),
      model: null,
      spec: null,
    };
    if (state !== STATES[1] && state !== STATES[2]) return info;
    return Object.assign(info, readModelPart(payload.subarray(MODEL)));
  }

  /**
   * Return {model, spec} that the bytes of a model's facts tell: the digest in hex, the network.
   * @throws {avatar.InputError} The spec cannot be.
   */
  function readModelPart(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const layers = Array.from({ length: bytes[7] }, (_, n) => readLayer(bytes, 8 + LAYER * n));
    const spec = avatar.readSpec({ latent: view.getUint16(4, true), layers, planes: bytes[6] & PLANES });
    return { spec, model: hex(bytes.subarray(FACTS - DIGEST, FACTS)) };
  }

  /** Return {code, offset} of an error frame's payload; the offset of `order` only. */
  function readError(payload) {
    const [code] = payload, view = new DataView(payload.buffer, payload.byteOffset);
    if (code !== REFUSAL.order) return { code };
    return payload.length === 5 ? { code, offset: view.getUint32(1, true) } : { code: 1 };
  }

  /**
   * Return the first wrong layer, 1 for the first, that a self-test's answer tells of a model with
   * so many layers; 0 where all is well.
   */
  function wrongLayer(payload, layers) {
    const view = new DataView(payload.buffer, payload.byteOffset);
    const numbers = Array.from({ length: layers }, (_, n) => n + 1);
    return numbers.find((layer) => {
      const at = 4 * (layer === layers ? LAYERS - 1 : layer - 1);
      return view.getUint32(at, true) !== view.getUint32(SUMS + at, true);
    }) ?? 0;
  }

  /** Return the payload that asks for a picture. */
  function generatePayload(model, latent) {
    const id = model.slice(0, 2 * ID).match(/../g).map((digits) => parseInt(digits, 16));
    const numbers = new Uint8Array(latent.buffer, latent.byteOffset, latent.length);
    return Uint8Array.from([...id, ...numbers]);
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
    ANSWER, ERROR, NO_TAG, REQUEST, ANSWER_SIZES, ERRORS, REFUSAL, PASSING, PART_FIXED, MAX_LATENT,
    Unstuffer, encode, decode, hex, readError, readInfo, readModelPart, wrongLayer, generatePayload, divisor,
  };
}
