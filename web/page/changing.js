// SPDX-License-Identifier: Apache-2.0
"use strict";
// The panel that changes the avatar: five pickers, or sliders, and all numbers behind a fold.
globalThis.avatar ??= {};
avatar.panels ??= {};

{
  const { byId, element, faceCanvas, faceButton, paintFace } = avatar.drawing;
  const SLIDERS = 8;
  const REACH = 4, SHOWN = 3; // of a slider, in units of a latent; where its small faces stand
  const GROUP = "change";

  /** Pickers of a categorical latent: each option shows the avatar with only that one changed. */
  function pickers(page) {
    const { latents } = avatar, size = page.model.spec.latent, count = latents.options(size);
    const rows = Array.from({ length: latents.CHOICES }, (_, row) => {
      const options = Array.from({ length: count }, (_, option) => {
        const canvas = faceCanvas();
        const input = element("input", {
          type: "radio", name: `choice-${row}`, "aria-label": `Option ${option + 1} of ${count}`,
          onchange() {
            const choices = latents.choicesOf(page.latent);
            choices[row] = option;
            page.choose(latents.chosen(choices, size));
          },
        });
        return { canvas, input, label: element("label", { className: "face" }, input, canvas) };
      });
      const legend = element("legend", {}, `Choice ${row + 1} of ${latents.CHOICES}`);
      const line = element("div", { className: "options" }, ...options.map(({ label }) => label));
      return { options, field: element("fieldset", {}, legend, line) };
    });
    return {
      elements: rows.map(({ field }) => field),
      update() {
        const choices = latents.choicesOf(page.latent);
        rows.forEach(({ options }, row) => {
          options[choices[row]].input.checked = true;
          options.forEach(({ canvas }, option) => {
            const other = choices.with(row, option);
            paintFace(page, canvas, latents.chosen(other, size), GROUP);
          });
        });
      },
    };
  }

  /** Sliders along the directions that change the picture most, with a face at each end. */
  function sliders(page) {
    const { latents } = avatar, holder = element("div", { className: "sliders" });
    let rows = [], exact = null, shown = null; // `exact`: the latent before it was rounded

    const along = (direction) => direction.reduce((sum, value, n) => sum + value * exact[n], 0);
    const moved = (direction, to) => {
      const by = to - along(direction);
      return exact.map((value, n) => value + by * direction[n]);
    };
    function move(direction, to, settled) {
      exact = moved(direction, to);
      shown = latents.quantize(exact);
      page.choose(shown, { settled });
    }

    async function build() {
      const directions = await page.engine.directions(SLIDERS);
      if (!directions) return;
      rows = directions.map((direction, n) => {
        const name = `Direction ${n + 1}`;
        const input = element("input", {
          type: "range", min: -REACH, max: REACH, step: 0.05, "aria-label": name,
          oninput: () => move(direction, input.valueAsNumber, false),
          onchange: () => move(direction, input.valueAsNumber, true),
        });
        const ends = [-SHOWN, SHOWN].map((to) => {
          const label = `${name}: ${to < 0 ? "far left" : "far right"}`;
          return { to, ...faceButton(label, () => move(direction, to, true)) };
        });
        const row = element("div", { className: "slider" }, ends[0].button,
          element("label", {}, name, input), ends[1].button);
        return { direction, input, ends, row };
      });
      holder.replaceChildren(...rows.map(({ row }) => row));
      update();
    }

    function update() {
      if (page.latent !== shown) exact = Float64Array.from(page.latent, (z) => z / latents.STEPS);
      shown = page.latent;
      for (const { direction, input, ends } of rows) {
        input.value = along(direction);
        for (const { to, canvas } of ends) {
          paintFace(page, canvas, latents.quantize(moved(direction, to)), GROUP);
        }
      }
    }

    build();
    return { elements: [holder], update };
  }

  /** A field for each number, made when the fold is opened. */
  function numbers(page) {
    const fold = byId("numbers"), holder = fold.querySelector(".numbers");
    let fields = [];
    const change = (n, field) => {
      const z = page.latent.slice(), value = Math.round(field.valueAsNumber);
      z[n] = Math.max(-128, Math.min(127, Number.isNaN(value) ? 0 : value));
      page.choose(z);
    };
    function update() {
      if (!fold.open) return;
      if (fields.length !== page.latent.length) {
        fields = Array.from(page.latent, (_, n) => element("input", {
          type: "number", min: -128, max: 127, "aria-label": `Number ${n + 1}`,
          onchange: (event) => change(n, event.target),
        }));
        holder.replaceChildren(...fields);
      }
      fields.forEach((field, n) => (field.value = page.latent[n]));
    }
    fold.ontoggle = update;
    return update;
  }

  avatar.panels.change = function (page) {
    const holder = byId("controls"), updateNumbers = numbers(page);
    let model = null, controls = null;
    return {
      update() {
        page.engine.drop(GROUP);
        if (page.model !== model) {
          model = page.model;
          controls = (page.distribution === "categorical" ? pickers : sliders)(page);
          holder.replaceChildren(...controls.elements);
        }
        controls.update();
        updateNumbers();
      },
    };
  };
}
