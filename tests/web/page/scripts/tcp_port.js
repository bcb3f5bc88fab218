// SPDX-License-Identifier: Apache-2.0
"use strict";
// A played Web Serial port whose line is a TCP socket.

/** A SerialPort whose line is the socket; it lasts over close and open, as a board does. */
class PlayedPort extends EventTarget {
  rates = [];
  readable = null;
  writable = null;

  constructor(socket) {
    super();
    this.socket = socket;
    socket.on("close", () => this.#unplug());
    socket.on("error", () => {}); // "close" follows
  }

  async open({ baudRate }) {
    if (this.readable) throw new Error("is open already");
    this.rates.push(baudRate);
    let give;
    this.readable = new ReadableStream({
      start: (controller) => {
        this.controller = controller;
        give = (chunk) => controller.enqueue(new Uint8Array(chunk));
        this.socket.on("data", give);
      },
      cancel: () => this.socket.off("data", give),
    });
    this.writable = new WritableStream({ write: (chunk) => void this.socket.write(chunk) });
  }

  async close() {
    if (this.readable?.locked || this.writable?.locked) throw new Error("a stream is locked");
    this.readable = this.writable = null;
  }

  #unplug() {
    const { controller } = this;
    if (!this.readable) return;
    this.readable = null;
    controller.error(new Error("The device has been lost."));
  }
}

exports.PlayedPort = PlayedPort;
