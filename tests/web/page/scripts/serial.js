// SPDX-License-Identifier: Apache-2.0
"use strict";
// Open the board behind a socket as the page does, by a played Web Serial port; ask for pictures.
// Arguments: TCP port, milliseconds of allowance, pictures at a time. Request: [latent, ...].
const net = require("node:net");
const { request, base64, answer } = require("./page.js");

const [tcpPort, allowance, together] = process.argv.slice(2).map(Number);

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

const socket = net.connect(tcpPort, "127.0.0.1", async () => {
  const port = new PlayedPort(socket), result = { pictures: [], gone: null, error: null };
  try {
    const link = await avatar.SerialLink.open(port, { allowance });
    link.ongone = (sentence) => (result.gone = sentence);
    result.info = link.info;
    result.rate = link.rate;
    const latents = request().map((latent) => Int8Array.from(latent));
    const ask = async (latent) => base64(await link.picture(latent));
    for (let n = 0; n < latents.length; n += together) {
      result.pictures.push(...(await Promise.all(latents.slice(n, n + together).map(ask))));
    }
    result.sent = link.sent;
    result.received = link.received;
    await link.close();
  } catch (error) {
    if (!(error instanceof avatar.InputError)) throw error;
    result.error = error.message;
  }
  result.rates = port.rates;
  result.closed = port.readable === null;
  answer(result);
  socket.destroy();
});
