// SPDX-License-Identifier: Apache-2.0
"use strict";
// What one takes away: the picture, the latent, a link, the command that makes the same file.
globalThis.avatar ??= {};

{
  const { byId, element } = avatar.drawing;
  const SEEN = 512, LARGEST = 8; // as `avatar generate` enlarges a picture

  /** How often `avatar generate` enlarges a picture of this size. */
  const scaleOf = (size) => Math.max(1, Math.min(LARGEST, Math.floor(SEEN / size)));

  function save(name, bytes, type) {
    const address = URL.createObjectURL(new Blob([bytes], { type }));
    const link = element("a", { href: address, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  async function copy(page, what, write) {
    try {
      await write();
      page.say(`${what} is copied.`);
    } catch {
      page.say(`The browser does not let this page copy; ${
        what === "The picture" ? "save the picture" : "mark the text and copy it"} instead.`, true);
    }
  }

  const commandOf = (page) =>
    `avatar generate --model ${page.shipped ? "models/" : ""}${page.name}.safetensors `
    + `--latents latent.npy --scale ${scaleOf(page.model.spec.size)} --out avatar.png`;

  /** Join the buttons to the page; returns what to do when another avatar is shown. */
  avatar.keeping = function (page) {
    async function png() {
      const { size, colours } = page.model.spec;
      const pixels = await page.engine.picture(page.latent, { gains: page.gains, first: true });
      return avatar.toPng(pixels, size, colours, scaleOf(size));
    }
    byId("copy-picture").onclick = () => copy(page, "The picture", () => {
      const blob = png().then((bytes) => new Blob([bytes], { type: "image/png" }));
      return navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
    });
    byId("copy-link").onclick = () =>
      copy(page, "The link", () => navigator.clipboard.writeText(location.href));
    byId("copy-command").onclick = () =>
      copy(page, "The command", () => navigator.clipboard.writeText(commandOf(page)));
    byId("save-picture").onclick = async () => save("avatar.png", await png(), "image/png");
    byId("save-latent").onclick = () =>
      save("latent.npy", avatar.latents.toNpy(page.latent), "application/octet-stream");
    return {
      update() {
        byId("command").textContent = commandOf(page);
        try { // some browsers refuse it from file://, or too often in a row
          history.replaceState(null, "", avatar.latents.toHash(page.model.digest, page.latent));
        } catch {
          location.replace(avatar.latents.toHash(page.model.digest, page.latent));
        }
      },
    };
  };
}
