// SPDX-License-Identifier: Apache-2.0
"use strict";
// Small things of the page that several parts draw: pictures on canvases, faces, elements.
globalThis.avatar ??= {};

{
  /** The element with this id. */
  const byId = (id) => document.getElementById(id);

  /** Return a new element with properties and children; `data-` and `aria-` names are attributes. */
  function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key.includes("-")) made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children);
    return made;
  }

  /** Paint size x size x colours on a canvas, a pixel to a pixel; the style enlarges it. */
  function paint(canvas, pixels, size, colours) {
    const image = new ImageData(size, size);
    const { data } = image;
    for (let n = 0; n < size * size; n++) {
      for (let c = 0; c < 3; c++) data[4 * n + c] = pixels[colours === 1 ? n : 3 * n + c];
      data[4 * n + 3] = 255;
    }
    canvas.width = canvas.height = size;
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** Paint one colour of a picture as grey. */
  function paintPlane(canvas, pixels, size, plane) {
    paint(canvas, Uint8Array.from({ length: size * size }, (_, n) => pixels[3 * n + plane]), size, 1);
  }

  /** Return a canvas for a face that another element names. */
  const faceCanvas = () => element("canvas", { width: 1, height: 1, "aria-hidden": "true" });

  /** Return a button with a face on it: {button, canvas}. */
  function faceButton(label, onclick) {
    const canvas = faceCanvas();
    const button = element("button", {
      type: "button", className: "face", onclick, "aria-label": label, title: label,
    }, canvas);
    return { button, canvas };
  }

  const wanted = new WeakMap(); // canvas: the latent asked for last; an older one may come later

  /** Promise that the face of a latent stands on the canvas, unless another was asked for since. */
  async function paintFace(page, canvas, latent, group) {
    const { size, colours } = page.model.spec;
    wanted.set(canvas, latent);
    const pixels = await page.engine.picture(latent, { group });
    if (pixels && wanted.get(canvas) === latent) paint(canvas, pixels, size, colours);
  }

  avatar.drawing = { byId, element, paint, paintPlane, faceCanvas, faceButton, paintFace };
}
