// SPDX-License-Identifier: Apache-2.0
"use strict";
// The panel that looks inside: the planes of a picture, v1 and v2, the maps of each layer.
globalThis.avatar ??= {};
avatar.panels ??= {};

{
  const { byId, element, paintPlane } = avatar.drawing;
  const GROUP = "inside";
  const COLOURS = ["red", "green", "blue"];
  const OF_THREE = ["red = G(z)", "green = G(z + v1)", "blue = G(z + v2)"];
  const GAP = 1; // pixels between two maps

  /**
   * Paint all maps of a layer, channels innermost, as tiles of one canvas. They are brightened until
   * the greatest is white; of signed maps 0 is the middle grey.
   */
  function paintMaps(canvas, maps, layer) {
    const { channels, outSize: size, activation } = layer, pitch = size + GAP;
    const columns = Math.min(channels, 2 ** Math.ceil(Math.log2(Math.sqrt(2 * channels))));
    canvas.width = columns * pitch - GAP;
    canvas.height = Math.ceil(channels / columns) * pitch - GAP;
    const context = canvas.getContext("2d");
    const greatest = maps.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const signed = activation === "leaky_relu";
    const grey = (value) => signed ? 128 + (127 * value) / greatest : (255 * value) / greatest;
    for (let c = 0; c < channels; c++) {
      const tile = new ImageData(size, size), left = (c % columns) * pitch;
      for (let n = 0; n < size * size; n++) {
        tile.data.fill(grey(maps[n * channels + c]), 4 * n, 4 * n + 3);
        tile.data[4 * n + 3] = 255;
      }
      context.putImageData(tile, left, Math.floor(c / columns) * pitch);
    }
  }

  function figure(caption) {
    const canvas = element("canvas", { role: "img", "aria-label": caption, width: 1, height: 1 });
    return { canvas, made: element("figure", {}, canvas, element("figcaption", {}, caption)) };
  }

  /** The sliders that scale v1 and v2. */
  function gainSliders(page) {
    const rows = ["v1", "v2"].map((name, n) => {
      const value = element("output", {}, "× 1");
      const input = element("input", {
        type: "range", min: -2, max: 3, step: 0.05, value: 1, "aria-label": `${name} scaled`,
        oninput() {
          const gains = [...page.gains];
          gains[n] = input.valueAsNumber;
          page.scale(gains);
        },
      });
      const row = element("div", { className: "gain" }, element("label", {}, name, input), value);
      return { input, value, row };
    });
    const reset = element("button", { type: "button", onclick: () => page.scale([1, 1]) }, "Reset");
    const note = element("p", { className: "quiet" });
    byId("gains").replaceChildren(...rows.map(({ row }) => row), reset, note);
    return () => rows.forEach(({ input, value }, n) => {
      input.value = page.gains[n];
      value.textContent = `× ${page.gains[n]}`;
      note.textContent = page.gains.every((gain) => gain === 1) ? ""
        : "With v1 or v2 scaled this is no longer the model's own picture; the command and the "
          + "link make the one without.";
    });
  }

  avatar.panels.inside = function (page) {
    let model = null, planes = [], layers = [], updateGains = () => {};
    const choice = byId("maps-plane");

    function build() {
      model = page.model;
      const { spec } = model, three = spec.planes === 3;
      byId("planes-text").textContent = three
        ? "The network runs three times: with the latent z, with z + v1 and with z + v2. The three "
          + "grey pictures are the colours of one."
        : spec.colours === 3 ? "The network runs once; its last layer gives the three colours."
          : "The network runs once and gives a grey picture.";
      planes = spec.colours === 3 ? (three ? OF_THREE : COLOURS).map(figure) : [];
      byId("planes").replaceChildren(...planes.map(({ made }) => made));
      byId("gains").replaceChildren();
      byId("maps-of").hidden = !three;
      updateGains = three ? gainSliders(page) : () => {};
      layers = spec.layers.map((layer, n) => {
        const maps = layer.channels === 1 ? "1 map" : `${layer.channels} maps`;
        return figure(`Layer ${n + 1}: ${maps} of ${layer.outSize} × ${layer.outSize}`);
      });
      byId("maps").replaceChildren(...layers.map(({ made }) => made));
    }

    async function update() {
      if (model !== page.model) build();
      updateGains();
      page.engine.drop(GROUP);
      const { latent, gains } = page;
      const maps = await page.engine.maps(latent, { group: GROUP, gains });
      if (!maps || latent !== page.latent || gains !== page.gains) return;
      const { spec } = model, pixels = avatar.generator.picture(maps);
      planes.forEach(({ canvas }, plane) => paintPlane(canvas, pixels, spec.size, plane));
      const shown = maps[spec.planes === 3 ? choice.selectedIndex : 0];
      layers.forEach(({ canvas }, n) => paintMaps(canvas, shown[n], spec.layers[n]));
    }

    choice.onchange = update;
    return { update };
  };

}
