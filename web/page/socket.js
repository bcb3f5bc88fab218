// SPDX-License-Identifier: Apache-2.0
"use strict";
// The server of `avatar web`, over a WebSocket: web/socket.md.
globalThis.avatar ??= {};

{
  const PIECE = 1028; // bytes of a message, at most
  const NAME = 200; // characters of a model's name, at most
  const LOST = "The server is gone; start `avatar web` again and load this page anew.";

  /** The socket's address that the server wrote into the page; null where there is no server. */
  avatar.socketAddress = function () {
    const path = document.querySelector("meta[name=avatar-socket]").content;
    if (!path) return null;
    const address = new URL(path, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    return address.href;
  };

  avatar.SocketLink = class SocketLink {
    #socket;
    #pending = new Map(); // request number: {resolve, reject}
    #number = 0;
    #answered = null; // the request that the next binary message answers
    #closed = false;
    #load = null; // of a model, under way: {resolve, reject, onprogress}

    sent = 0;
    received = 0;
    seconds = 0;
    ongone = () => {};

    /**
     * Promise a link once the server has said hello.
     * @param {(sentence) => void} onnews is told what else the server says: what takes long, what failed
     * @throws {avatar.InputError} The server is busy, gone, or its board is.
     */
    static open(address, onnews) {
      return new Promise((resolve, reject) => new SocketLink(address, onnews, resolve, reject));
    }

    constructor(address, onnews, resolve, reject) {
      this.#socket = new WebSocket(address);
      this.#socket.binaryType = "arraybuffer";
      let end = (sentence) => reject(new avatar.InputError(sentence));
      this.#socket.onclose = () => end(LOST);
      this.#socket.onmessage = ({ data }) => {
        if (typeof data !== "string") return this.#picture(new Uint8Array(data));
        const message = JSON.parse(data);
        if (message.type === "hello") {
          const { kind, name, port, model, rate, window, clock, most_bytes: mostBytes } = message;
          Object.assign(this, { kind, name: port ?? name, model, rate, window, clock, mostBytes });
          this.sent = this.received = this.seconds = 0; // they count from here on
          end = (sentence) => this.#gone(sentence);
          resolve(this);
        } else if (message.type === "loading") {
          this.#load?.onprogress(message.has, message.size);
        } else if (message.type === "loaded") {
          this.#loaded(message.sentence);
        } else if (message.type === "picture") {
          this.#answered = message.id;
          this.sent = message.bytes_sent;
          this.received = message.bytes_received;
          this.seconds = message.seconds;
        } else if (message.type === "error" && message.id !== null) {
          this.#take(message.id)?.reject(new avatar.InputError(message.sentence));
        } else if (message.type === "wait" || message.type === "error") {
          onnews(message.sentence);
        } else if (message.type === "busy" || message.type === "gone") {
          end(message.sentence);
        }
      };
    }

    #take(number) {
      const waiting = this.#pending.get(number);
      this.#pending.delete(number);
      return waiting;
    }

    /** The load under way is over: `sentence` says why it failed, or is null. */
    #loaded(sentence) {
      const load = this.#load;
      this.#load = null;
      if (sentence) load?.reject(new avatar.InputError(sentence));
      else load?.resolve();
    }

    #picture(pixels) {
      this.#take(this.#answered)?.resolve(pixels);
    }

    #gone(sentence) {
      if (this.#closed) return;
      this.#closed = true;
      this.#socket.close();
      for (const { reject } of this.#pending.values()) reject(new avatar.InputError(sentence));
      this.#pending.clear();
      this.#loaded(sentence);
      this.ongone(sentence);
    }

    /**
     * Promise the picture that the far end makes of a latent, Uint8Array.
     * @throws {avatar.InputError}
     */
    picture(latent) {
      if (this.#closed) return Promise.reject(new avatar.InputError(LOST));
      const number = (this.#number = (this.#number + 1) >>> 0);
      const message = new Uint8Array(4 + latent.length);
      new DataView(message.buffer).setUint32(0, number, true);
      message.set(new Uint8Array(latent.buffer, latent.byteOffset, latent.length), 4);
      return new Promise((resolve, reject) => {
        this.#pending.set(number, { resolve, reject });
        this.#socket.send(message);
      });
    }

    /**
     * Put a model into the board; `model` and the other facts of this link are new afterwards.
     * @param {string} name of a model that came with the page, or of a file
     * @param {?Uint8Array} bytes of the file; null for one that came with the page
     * @param {(has, size) => void} onprogress is told how many bytes of its image the board has
     * @throws {avatar.InputError} Why not; `model` tells what the board holds all the same.
     */
    load(name, bytes, onprogress) {
      if (this.#closed) return Promise.reject(new avatar.InputError(LOST));
      if (bytes?.length > this.mostBytes) {
        return Promise.reject(new avatar.InputError(
          `${name} has ${bytes.length} bytes, and the server takes ${this.mostBytes} at most.`));
      }
      const called = name.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, " ").slice(0, NAME) || "model";
      return new Promise((resolve, reject) => {
        this.#load = { resolve, reject, onprogress };
        this.#socket.send(JSON.stringify({ type: "load", name: called, bytes: bytes?.length }));
        for (let at = 0; at < (bytes?.length ?? 0); at += PIECE) {
          this.#socket.send(bytes.subarray(at, at + PIECE));
        }
      });
    }

    async close() {
      this.#closed = true;
      this.#socket.close();
      this.#loaded("The page has left the board.");
    }
  };
}
