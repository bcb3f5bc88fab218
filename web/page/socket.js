// SPDX-License-Identifier: Apache-2.0
"use strict";
// The server of `avatar web`, over a WebSocket: web/socket.md.
globalThis.avatar ??= {};

{
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
          const { kind, name, port, model, rate, window, clock } = message;
          Object.assign(this, { kind, name: port ?? name, model, rate, window, clock });
          end = (sentence) => this.#gone(sentence);
          resolve(this);
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

    #picture(pixels) {
      this.#take(this.#answered)?.resolve(pixels);
    }

    #gone(sentence) {
      if (this.#closed) return;
      this.#closed = true;
      this.#socket.close();
      for (const { reject } of this.#pending.values()) reject(new avatar.InputError(sentence));
      this.#pending.clear();
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

    async close() {
      this.#closed = true;
      this.#socket.close();
    }
  };
}
