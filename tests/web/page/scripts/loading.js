// SPDX-License-Identifier: Apache-2.0
"use strict";
// Join the board behind a socket as the page does, and put images into it, one after the other.
// Arguments: TCP port, milliseconds of allowance. Request: [image in base64, ...].
const net = require("node:net");
const { request, answer } = require("./page.js");
const { PlayedPort } = require("./tcp_port.js");

const [tcpPort, allowance] = process.argv.slice(2).map(Number);

const socket = net.connect(tcpPort, "127.0.0.1", async () => {
  const port = new PlayedPort(socket), result = { loads: [], gone: null };
  const link = await avatar.SerialLink.open(port, { allowance });
  link.ongone = (sentence) => (result.gone = sentence);
  for (const text of request()) {
    const steps = [];
    let error = null;
    try {
      const image = avatar.readImage(Uint8Array.from(Buffer.from(text, "base64")));
      await link.loadImage(image, (has, size) => steps.push([has, size]));
    } catch (problem) {
      if (!(problem instanceof avatar.InputError)) throw problem;
      error = problem.message;
    }
    const { model } = link, picture = link.info.spec && new Int8Array(link.info.spec.latent);
    const drawn = picture && (await link.picture(picture).catch(() => null));
    result.loads.push({ error, steps, model, bytes: drawn?.length ?? null });
  }
  await link.close();
  answer(result);
  socket.destroy();
});
