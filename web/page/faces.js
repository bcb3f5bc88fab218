// SPDX-License-Identifier: Apache-2.0
"use strict";
// The panels of many faces: variants of this one, a grid of random ones, the way from A to B.
globalThis.avatar ??= {};
avatar.panels ??= {};

{
  const { byId, faceButton, paintFace } = avatar.drawing;
  const VARIANTS = 24, GRID = 64, STEPS = 8;
  const WALK = 16; // steps of a wall that walks

  /** Show the faces of `latents` in `holder`; a click on one calls `choose`. */
  function show(page, holder, latents, group, name, choose) {
    page.engine.drop(group);
    const buttons = latents.map((latent, n) => {
      const { button, canvas } = faceButton(`${name} ${n + 1}`, () => choose(latent));
      paintFace(page, canvas, latent, group);
      return button;
    });
    const focused = [...holder.children].indexOf(document.activeElement); // who uses keys goes on
    holder.replaceChildren(...buttons);
    if (focused >= 0) buttons[Math.min(focused, buttons.length - 1)].focus();
  }

  avatar.panels.variants = function (page) {
    const holder = document.querySelector("#variants .faces");
    let latent = null;
    function draw() {
      latent = page.latent;
      const near = Array.from({ length: VARIANTS }, () =>
        avatar.latents.vary(latent, page.distribution));
      show(page, holder, near, "variants", "Variant", (z) => page.choose(z));
    }
    byId("more-variants").onclick = draw;
    return { update: () => latent !== page.latent && draw() };
  };

  avatar.panels.grid = function (page) {
    const holder = document.querySelector("#grid .faces");
    let model = null;
    function draw(drawn = Array.from({ length: GRID }, () => page.draw())) {
      model = page.model;
      show(page, holder, drawn, "grid", "Face", (z) => page.choose(z));
    }
    byId("more-faces").onclick = () => draw();
    byId("wall").onsubmit = (event) => {
      event.preventDefault();
      const seed = Number(byId("wall-seed").value), steps = byId("wall-walk").checked ? WALK : 1;
      draw(avatar.onChip.draw(seed, GRID, page.distribution, page.model.spec.latent, steps));
    };
    return {
      update() {
        byId("wall").hidden = page.distribution === "tanh"; // of which a board draws none
        if (model !== page.model) draw();
      },
    };
  };

  avatar.panels.strip = function (page) {
    const holder = document.querySelector("#strip .faces");
    let model = null, a = null, b = null;
    function draw() {
      const way = avatar.latents.strip(a, b, page.distribution, STEPS);
      const group = "strip";
      show(page, holder, way, group, "Step", (z) => page.choose(z));
      paintFace(page, byId("end-a"), a, group);
      paintFace(page, byId("end-b"), b, group);
    }
    byId("set-a").onclick = () => ((a = page.latent), draw());
    byId("set-b").onclick = () => ((b = page.latent), draw());
    byId("swap-b").onclick = () => ((b = page.draw()), draw());
    return {
      update() {
        if (model === page.model) return;
        model = page.model;
        a = page.latent;
        b = page.draw();
        byId("strip-text").textContent = page.distribution === "categorical"
          ? "Between two of these avatars lies nothing: the way changes one choice after the other."
          : "The way follows the arc between two latents, where all latents lie that are likely.";
        draw();
      },
    };
  };
}
