// SPDX-License-Identifier: Apache-2.0
"use strict";
// Open the board behind a socket as the page does, by a played Web Serial port; ask for pictures.
// Arguments: TCP port, milliseconds of allowance, pictures at a time. Request: [latent, ...].
const net = require("node:net");
const { request, base64, answer } = require("./page.js");
const { PlayedPort } = require("./tcp_port.js");

const [tcpPort, allowance, together] = process.argv.slice(2).map(Number);

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
