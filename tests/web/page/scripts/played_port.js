// SPDX-License-Identifier: Apache-2.0
"use strict";
// In a browser: a navigator.serial whose one port is a board that holds the page's first model. Its
// pictures come from `golden`, a function that the test gives; `unplug` takes the board away. It takes
// loads of models with 100 latents; a promise in `gates` holds the answers to requests of its type.
{
  const gates = (globalThis.gates = {});
  const CLOCK = 24e6;
  const rates = (globalThis.ratesOfPort = []);

  let received = null, facts = null; // of a load; of the model that came last

  /** Answer a request of a load. */
  function loadAnswer({ type, payload }) {
    const { REQUEST, PART_FIXED } = avatar.protocol;
    if (type === REQUEST.loadBegin) received = [];
    else if (type === REQUEST.loadData) received.push(...payload.subarray(4));
    else {
      facts = Uint8Array.from(received).subarray(-(PART_FIXED + 100));
      received = null;
      return new Uint8Array(64);
    }
    const offset = new Uint8Array(4);
    new DataView(offset.buffer).setUint32(0, received.length, true);
    return offset;
  }

  async function answer({ type, payload }) {
    const { REQUEST } = avatar.protocol;
    await gates[type];
    if (type >= REQUEST.loadBegin) return loadAnswer({ type, payload });
    if (type === REQUEST.baud) return payload;
    if (type === REQUEST.selfTest) return new Uint8Array(64);
    if (type === REQUEST.generate) {
      return Uint8Array.from(await golden([...new Int8Array(payload.buffer, payload.byteOffset + 8)]));
    }
    const info = new Uint8Array(229), view = new DataView(info.buffer);
    view.setUint32(16, CLOCK, true);
    info.set([1, 0, 4, 3, 100, 0, 3, 4], 108); // power-up; 1024 pixels, 3 colours, latent, planes
    [128, 64, 32, 1].forEach((channels, n) => {
      info.set([channels, 0, 4, n ? 2 : 1, n ? 1 : 0, 0, n < 3 ? 0 : 2, 8], 116 + 8 * n);
    });
    const digest = avatar.shipped[0].digest.match(/../g);
    info.set(digest.map((digits) => parseInt(digits, 16)), 180);
    info[212] = received ? 3 : 1;
    if (facts) info.set(facts.subarray(0, 104), 108);
    return info;
  }

  const port = {
    readable: null,
    writable: null,
    async open({ baudRate }) {
      rates.push(baudRate);
      const unstuffer = new avatar.protocol.Unstuffer();
      port.readable = new ReadableStream({ start: (controller) => (port.controller = controller) });
      const write = async (chunk) => {
        const { controller } = port;
        for (const body of unstuffer.feed(chunk)) {
          const frame = avatar.protocol.decode(body), payload = await answer(frame);
          if (port.controller !== controller) return;
          controller.enqueue(avatar.protocol.encode(frame.type | 128, frame.tag, payload));
        }
      };
      port.writable = new WritableStream({ write: (chunk) => void write(chunk) });
    },
    async close() {
      if (port.readable.locked || port.writable.locked) throw new Error("a stream is locked");
      port.readable = port.writable = null;
    },
  };
  globalThis.unplug = () => {
    port.readable = null;
    port.controller.error(new Error("The device has been lost."));
    port.controller = null;
  };
  Object.defineProperty(navigator, "serial", { value: { requestPort: async () => port } });
}
