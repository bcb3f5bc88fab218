// SPDX-License-Identifier: Apache-2.0
"use strict";
// A board on the browser's own serial port (Web Serial: Chrome and Edge).
globalThis.avatar ??= {};
if (typeof require !== "undefined") {
  require("./spec.js");
  require("./protocol.js");
  require("./loading.js");
}

{
  const RATES = [3000000, 2000000, 1500000, 1000000, 921600, 460800, 230400]; // of adapters
  const TRIES = 5; // of each request
  const PROOFS = 3; // answers in a row that prove a rate
  const WINDOW = 3; // requests for pictures under way
  const BUFFER = 1 << 16; // bytes between two turns of the page
  const SLOWEST = 1e6; // products a second of the slowest board, a simulated one
  const PATIENCE = 30000; // ms that an answer may take while other bytes keep coming
  const LOST = "The board fell silent in the middle of a load; join it again, and load again.";
  const { protocol } = avatar;
  const { REQUEST } = protocol;

  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const failure = (sentence) => new avatar.InputError(sentence);

  /** The products of a board's network, rather too many. */
  function products({ planes, layers }) {
    const of = ({ channels, outSize, products }) => channels * outSize ** 2 * products;
    return planes * layers.reduce((sum, layer) => sum + of(layer), 0);
  }

  /** Refuse a board whose self-test gives these sums. */
  function checkSums(sums, spec, remedy) {
    const wrong = protocol.wrongLayer(sums, spec.layers.length);
    if (!wrong) return;
    throw failure(
      `The board fails its self-test: layer ${wrong} is the first that is wrong; ${remedy}`);
  }

  /** How long, in ms, a board may be silent while it makes a picture. */
  const computeTime = (spec) => (1000 * products(spec)) / SLOWEST;

  avatar.SerialLink = class SerialLink {
    #port;
    #reader = null;
    #writer = null;
    #reading = null;
    #unstuffer = new protocol.Unstuffer();
    #pending = new Map(); // tag: {settle, restart}
    #tag = Math.floor(Math.random() * 0xffff);
    #closed = false;
    #compute = 0; // ms that the board may think
    #pictureBytes = 0;
    #allowance;

    kind = "board";
    window = WINDOW;
    sent = 0;
    received = 0;
    ongone = () => {};

    /**
     * Open a board: info, self-test, then the highest rate that works.
     * @param {SerialPort} port chosen by a person
     * @param {{allowance?: number}} options ms of silence beyond what the line explains
     * @throws {avatar.InputError}
     */
    static async open(port, { allowance = 1000 } = {}) {
      const link = new SerialLink(port, allowance);
      try {
        await link.#start(protocol.BAUD);
        link.info = await link.#askInfo();
        if (link.info.model) {
          const sums = await link.#ask(REQUEST.selfTest);
          checkSums(sums, link.info.spec, "program the board again.");
        }
        await link.#raiseRate();
      } catch (error) {
        await link.close();
        throw error;
      }
      return link;
    }

    constructor(port, allowance) {
      this.#port = port;
      this.#allowance = allowance;
      this.opened = performance.now();
      port.addEventListener?.("disconnect", () => this.#gone("The board was unplugged."));
    }

    get name() {
      return "serial port";
    }

    get model() {
      return this.info.model;
    }

    get seconds() {
      return (performance.now() - this.opened) / 1000;
    }

    async #start(rate) {
      try {
        await this.#port.open({ baudRate: rate, bufferSize: BUFFER });
      } catch {
        throw failure("The serial port cannot be opened; another program may have it.");
      }
      this.rate = rate;
      this.#reader = this.#port.readable.getReader();
      this.#writer = this.#port.writable.getWriter();
      this.#reading = this.#read(this.#reader);
    }

    async #stop() {
      const reader = this.#reader, writer = this.#writer;
      this.#reader = this.#writer = null;
      if (!reader) return;
      await reader.cancel().catch(() => {});
      await this.#reading;
      writer.releaseLock();
      await this.#port.close().catch(() => {});
    }

    async #read(reader) {
      try {
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          this.received += value.length;
          for (const waiting of this.#pending.values()) waiting.restart();
          for (const body of this.#unstuffer.feed(value)) this.#frame(protocol.decode(body));
        }
      } catch {
        // noise that the system tells as an error, or an unplugged cable: `readable` tells which
      }
      reader.releaseLock();
      if (this.#reader !== reader) return; // closed by us
      if (!this.#port.readable) return this.#gone("The board is gone; plug it in and join it again.");
      this.#reader = this.#port.readable.getReader();
      this.#reading = this.#read(this.#reader);
    }

    #frame(frame) {
      if (!frame) { // noise before an answer, or the answer: the board need not think any more
        for (const waiting of this.#pending.values()) waiting.restart(0);
        return;
      }
      const failed = frame.type === protocol.ERROR;
      if (failed && frame.tag === protocol.NO_TAG) {
        for (const waiting of [...this.#pending.values()]) waiting.settle({ code: frame.payload[0] });
        return;
      }
      const waiting = this.#pending.get(frame.tag);
      if (!waiting) return;
      if (failed) waiting.settle(protocol.readError(frame.payload));
      else if (frame.type === (waiting.type | protocol.ANSWER)) {
        const size = protocol.ANSWER_SIZES[waiting.type] ?? this.#pictureBytes;
        const fits = frame.payload.length === size;
        waiting.settle(fits ? { payload: frame.payload } : { code: 1 });
      }
    }

    /**
     * Promise {payload}, {code, offset} of an error frame, or {} for silence.
     * @param longest ms that the board may think before it answers
     */
    #attempt(type, payload, longest = this.#compute) {
      this.#tag = (this.#tag % 0xffff) + 1; // never NO_TAG
      const tag = this.#tag, frame = protocol.encode(type, tag, payload);
      const line = (protocol.BYTE_TIMEOUT * protocol.BYTE_BITS * 1000) / this.rate;
      const silence = this.#allowance + line;
      return new Promise((resolve) => {
        let timer = null;
        const settle = (outcome) => {
          clearTimeout(timer);
          clearTimeout(last);
          this.#pending.delete(tag);
          resolve(outcome);
        };
        const restart = (compute = longest) => {
          clearTimeout(timer);
          timer = setTimeout(settle, silence + compute, {});
        };
        const last = setTimeout(settle, silence + longest + PATIENCE, {});
        this.#pending.set(tag, { type, settle, restart });
        restart();
        this.sent += frame.length;
        this.#writer?.write(frame).catch(() => settle({}));
      });
    }

    async #ask(type, payload, tries = TRIES) {
      let outcome = {};
      for (let n = 0; n < tries && !this.#closed; n++) {
        outcome = await this.#attempt(type, payload);
        if (outcome.payload) return outcome.payload;
        if (outcome.code && !protocol.PASSING.includes(outcome.code)) break;
      }
      throw this.#refusal(outcome);
    }

    /** Return what to throw where the last try ended so. */
    #refusal({ code, offset }) {
      if (this.#closed) return failure("The board is no longer joined to this page.");
      if (!code) {
        return failure("The board gives no answer; is it powered, and programmed with this design?");
      }
      const reason = protocol.ERRORS[code] ?? `error ${code}`;
      return Object.assign(failure(`The board refused: ${reason}.`), { code, offset });
    }

    async #askInfo(tries) {
      const payload = await this.#ask(REQUEST.info, undefined, tries);
      const impossible = "The board says of itself what cannot be; program it again.";
      let info;
      try {
        info = protocol.readInfo(payload);
      } catch (error) {
        if (!(error instanceof avatar.InputError)) throw error;
        throw failure(`${impossible} ${error.message}`);
      }
      if (!info.clock) throw failure(impossible);
      if (info.spec) {
        this.#compute = computeTime(info.spec);
        this.#pictureBytes = info.spec.size ** 2 * info.spec.colours;
      }
      return info;
    }

    async #changeRate(rate, tries) {
      const clocks = protocol.divisor(this.info.clock, rate);
      await this.#ask(REQUEST.baud, Uint8Array.of(clocks & 255, clocks >> 8), tries);
      await this.#stop();
      await this.#start(rate);
    }

    async #raiseRate() {
      for (const rate of RATES) {
        if (!protocol.divisor(this.info.clock, rate)) continue;
        try {
          await this.#changeRate(rate);
          for (let n = 0; n < PROOFS; n++) await this.#askInfo(1);
          return;
        } catch (error) {
          if (!(error instanceof avatar.InputError) || this.#closed) throw error;
          await this.#stop();
          await this.#start(protocol.BAUD);
          await wait((1000 * protocol.FALLBACK * protocol.BYTE_BITS) / protocol.BAUD);
          await this.#askInfo();
        }
      }
    }

    /**
     * Promise the picture that the board makes of a latent, Uint8Array.
     * @throws {avatar.InputError}
     */
    picture(latent) {
      if (!this.info.model) return Promise.reject(failure("The board holds no model."));
      const payload = protocol.generatePayload(this.info.model, latent);
      return this.#ask(REQUEST.generate, payload);
    }

    /**
     * Put an image into the board; `model` is what it holds afterwards, whatever happens.
     * @param image as avatar.readImage returns it
     * @param {(has, size) => void} onprogress is told how many bytes the board has
     * @throws {avatar.InputError}
     */
    async loadImage(image, onprogress) {
      if (image.capacity !== this.info.capacity) {
        throw failure(`The image is for boards of capacity ${image.capacity}, and this one has `
          + `${this.info.capacity}; make it with \`avatar load --image\` for this board.`);
      }
      const line = {
        ask: (...request) => this.#ask(...request),
        // for its data no board thinks
        attempt: async (...request) => (this.#closed ? {} : this.#attempt(...request, 0)),
        refusal: (outcome) => this.#refusal(outcome),
      };
      try {
        const info = await this.#askInfo();
        this.#compute = Math.max(this.#compute, computeTime(image.spec)); // the self-test's, too
        const sums = await avatar.sendImage(line, image, info, onprogress);
        checkSums(sums, image.spec, "it holds no model now; load it again.");
      } finally {
        await this.#askInfo().then((info) => (this.info = info), () => this.#gone(LOST));
      }
    }

    #gone(sentence) {
      if (this.#closed) return;
      this.#end();
      this.#stop();
      this.ongone(sentence);
    }

    /** Leave the board at its start-up rate, and close the port. */
    async close() {
      if (this.#closed) return;
      if (this.rate && this.rate !== protocol.BAUD) {
        await this.#changeRate(protocol.BAUD, 1).catch(() => {}); // it falls back by itself, too
      }
      this.#end();
      await this.#stop();
    }

    /** From here on nothing is asked, and nothing waited for. */
    #end() {
      this.#closed = true;
      for (const waiting of [...this.#pending.values()]) waiting.settle({});
    }
  };
}
