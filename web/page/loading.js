// SPDX-License-Identifier: Apache-2.0
"use strict";
// An image, which is all that a model is to a board, and its way over the serial line: "Loads" of
// docs/protocol.md in JavaScript. `avatar load --image` makes the file.
globalThis.avatar ??= {};
if (typeof require !== "undefined") {
  require("./crc32.js");
  require("./protocol.js");
}

{
  const ID = 8, COUNT = 4, CRC = 4; // bytes of an id; of the count before a memory's words; of a CRC
  const MOST = 1 << 24; // bytes of an image file
  const MAX_DATA = 1024; // bytes of an image in a frame
  const WINDOW = 3; // frames of data under way
  const TRIES = 5; // without a byte more on the board
  const BEGINNINGS = 3; // of one load: a board may be reset in the middle of it
  const { hex, readModelPart, PART_FIXED, MAX_LATENT, REQUEST, REFUSAL, PASSING } = avatar.protocol;
  const ALWAYS = [undefined, ...PASSING, REFUSAL.order]; // what another try may mend; silence first

  /**
   * Return {bytes, capacity, crc, model, spec} of an image file: the image, its CRC-32, what it
   * tells; ids in hex.
   * @param {Uint8Array} file of the image and its CRC-32
   * @throws {avatar.InputError} It is none, damaged, or too long.
   */
  avatar.readImage = function (file) {
    const bytes = file.subarray(0, -CRC), crc = avatar.crc32(bytes);
    const view = new DataView(file.buffer, file.byteOffset, file.length);
    const possible = file.length > CRC && file.length <= MOST;
    const whole = possible && view.getUint32(bytes.length, true) === crc;
    for (let latent = 1; whole && latent <= MAX_LATENT; latent++) { // the model part is the last
      const at = bytes.length - PART_FIXED - latent;
      if (at < ID + COUNT || view.getUint32(at - COUNT, true) !== PART_FIXED + latent) continue;
      const part = readModelPart(bytes.subarray(at));
      if (part.spec.latent !== latent) continue;
      return { bytes, capacity: hex(bytes.subarray(0, ID)), crc, ...part };
    }
    throw new avatar.InputError("This is no image of a model, or it is damaged; make one with "
      + "`avatar load --model M --board B --image OUT`.");
  };

  const fromHex = (id) => Uint8Array.from(id.match(/../g), (digits) => parseInt(digits, 16));

  function offsetIn({ payload }) {
    return new DataView(payload.buffer, payload.byteOffset).getUint32(0, true);
  }

  /**
   * Send an image, and promise the answer to its self-test.
   * @param {{attempt, ask}} line `ask(type, payload)` promises an answer's payload, and throws
   *   avatar.InputError with `code` and `offset` of an error frame; `attempt` tries once, and
   *   promises {payload}, {code, offset} or {} for silence
   * @param image as avatar.readImage returns it
   * @param info as the board just told; a load of this image that was broken off is taken up
   * @param {(has, size) => void} onprogress
   * @throws {avatar.InputError}
   */
  avatar.sendImage = async function (line, image, info, onprogress) {
    const { bytes } = image, size = bytes.length;
    let has = 0;

    function have(offset) {
      has = Math.min(offset, size);
      onprogress(has, size);
    }

    async function begin() {
      const payload = new Uint8Array(2 * ID + 8), view = new DataView(payload.buffer);
      payload.set(fromHex(image.capacity));
      view.setUint32(ID, size, true);
      view.setUint32(ID + 4, image.crc, true);
      payload.set(fromHex(image.model.slice(0, 2 * ID)), ID + 8);
      await line.ask(REQUEST.loadBegin, payload);
      have(0);
    }

    function send(at) {
      const data = bytes.subarray(at, at + MAX_DATA), payload = new Uint8Array(4 + data.length);
      new DataView(payload.buffer).setUint32(0, at, true);
      payload.set(data, 4);
      return line.attempt(REQUEST.loadData, payload);
    }

    /** Send from where the board is; after anything but a good answer, all again from there. */
    async function sendData() {
      let at = has, most = has, failures = 0, underWay = [];
      while (has < size) {
        for (; underWay.length < WINDOW && at < size; at += MAX_DATA) underWay.push(send(at));
        const outcome = await underWay.shift();
        if (outcome.payload) have(offsetIn(outcome));
        else if (!ALWAYS.includes(outcome.code)) throw line.refusal(outcome);
        else if (outcome.code === REFUSAL.order) have(outcome.offset);
        failures = has > most ? 0 : failures + !outcome.payload;
        most = Math.max(most, has);
        if (failures === TRIES) throw line.refusal(outcome);
        if (outcome.payload) continue;
        underWay = [];
        at = has;
      }
    }

    async function finish() {
      for (let n = 0; n < TRIES; n++) {
        await sendData();
        try {
          return await line.ask(REQUEST.loadEnd);
        } catch (error) {
          if (error.code !== REFUSAL.order) throw error;
          have(error.offset);
        }
      }
      throw new avatar.InputError("The board lacks a part of the image again and again.");
    }

    let begun = info.state === "loading" && info.length === size && info.crc === image.crc
      && image.model.startsWith(info.loadedModel);
    if (begun) have(info.next);
    for (let n = 1; ; n++) {
      try {
        if (!begun) await begin();
        return await finish();
      } catch (error) {
        if (![REFUSAL.noLoad, REFUSAL.crc].includes(error.code) || n === BEGINNINGS) throw error;
        begun = false;
      }
    }
  };
}
