// SPDX-License-Identifier: Apache-2.0
"use strict";
// The models that come with the page (models.js lists them, each is a script), and opened files.
globalThis.avatar ??= {};

{
  const MOST = 128; // MiB of a file
  const waiting = new Map(); // name: what takes its bytes

  /** A model's script calls this with the file as base64. */
  avatar.receiveModel = function (name, base64) {
    const text = atob(base64), bytes = new Uint8Array(text.length);
    for (let n = 0; n < text.length; n++) bytes[n] = text.charCodeAt(n);
    waiting.get(name)?.(bytes);
  };

  /**
   * Promise a model that came with the page: {name, model, bytes: null}.
   * @throws {avatar.InputError}
   */
  async function openShipped(name) {
    const bytes = await new Promise((resolve, reject) => {
      waiting.set(name, resolve);
      const script = document.createElement("script");
      script.src = `models/${encodeURIComponent(name)}.js`;
      script.onerror = () => reject(new avatar.InputError(
        `The model ${name} did not come with this page; open its file instead.`));
      document.head.append(script);
      script.onload = () => script.remove();
    });
    return { name, model: avatar.readModel(bytes), bytes: null };
  }

  /**
   * Promise the model of a file that a person gave: {name, model, bytes}.
   * @param {File} file
   * @throws {avatar.InputError} One sentence that names the file.
   */
  async function openFile(file) {
    const name = file.name.replace(/\.safetensors$/, "");
    return openBytes(name, file.name, await bytesOf(file));
  }

  async function bytesOf(file) {
    if (file.size > MOST << 20) {
      throw new avatar.InputError(`${file.name} has over ${MOST} MB, and this page takes no more.`);
    }
    try {
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      throw new avatar.InputError(`${file.name} cannot be read; is it a folder?`);
    }
  }

  /**
   * Promise the image of a model that a person gave, as avatar.readImage returns it.
   * @throws {avatar.InputError} One sentence that names the file.
   */
  async function openImage(file) {
    return named(file.name, avatar.readImage, await bytesOf(file));
  }

  /** Return what `read` makes of a file's bytes; what it refuses names the file. */
  function named(where, read, bytes) {
    try {
      return read(bytes);
    } catch (error) {
      if (!(error instanceof avatar.InputError)) throw error;
      throw new avatar.InputError(`${where} is not used. ${error.message}`);
    }
  }

  const openBytes = (name, where, bytes) =>
    ({ name, model: named(where, avatar.readModel, bytes), bytes });

  /** Promise the model of the server that sent this page. */
  async function openServers() {
    const answer = await fetch("model.safetensors").catch(() => null);
    if (!answer?.ok) throw new avatar.InputError("The server gives no model; start it again.");
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return openBytes("the server's model", "The server's model", bytes);
  }

  /** The models that came with the page: [{name, digest, text}], the first to begin with. */
  const shipped = () => avatar.shipped ?? [];

  avatar.library = { openShipped, openFile, openImage, openServers, shipped };
}
