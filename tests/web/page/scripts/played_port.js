// SPDX-License-Identifier: Apache-2.0
"use strict";
// In a browser: a navigator.serial whose one port is a board that holds the page's first model. Its
// pictures come from `golden`, a function that the test gives; `unplug` takes the board away.
{
  const CLOCK = 24e6;
  const rates = (globalThis.ratesOfPort = []);

  async function answer({ type, payload }) {
    const { REQUEST } = avatar.protocol;
    if (type === REQUEST.baud) return payload;
    if (type === REQUEST.selfTest) return new Uint8Array(32);
    if (type === REQUEST.generate) {
      return Uint8Array.from(await golden([...new Int8Array(payload.buffer, payload.byteOffset + 8)]));
    }
    const info = new Uint8Array(45), view = new DataView(info.buffer);
    const id = avatar.shipped[0].digest.slice(0, 16).match(/../g);
    info.set(id.map((digits) => parseInt(digits, 16)), 8);
    [100, 128, 64, 32].forEach((value, n) => view.setUint16(16 + 2 * n, value, true));
    view.setUint32(28, CLOCK, true);
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
