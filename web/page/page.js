// SPDX-License-Identifier: Apache-2.0
"use strict";
// The page itself: which model, which avatar, which panel; and what goes wrong, in one sentence.
globalThis.avatar ??= {};

{
  const { byId, element, paint } = avatar.drawing;
  const KEPT = 200; // avatars that Back goes back to
  const PANELS = ["change", "variants", "grid", "strip", "inside", "board"];

  const page = {
    model: null,
    name: "", // of the model's file
    shipped: false, // it came with the page
    bytes: null, // of its file, if a person gave it
    distribution: "normal",
    latent: null,
    gains: [1, 1], // of v1 and v2
    engine: null,
    draw: () => avatar.latents.draw(page.distribution, page.model.spec.latent),
    say,
    choose,
    scale,
    openById,
  };
  const earlier = []; // avatars before this one
  let panel = "change", panels = {}, keeping = null, settledLatent = null;

  function say(sentence, problem = false) {
    const message = byId("message");
    message.textContent = sentence;
    message.hidden = !sentence;
    message.className = problem ? "problem" : "";
  }

  /** Show another avatar; `settled` is false while a slider is still moving. */
  function choose(latent, { settled = true } = {}) {
    if (settled && settledLatent && String(settledLatent) !== String(latent)) {
      earlier.push(settledLatent);
      earlier.splice(0, earlier.length - KEPT);
    }
    page.latent = latent;
    if (settled) settledLatent = latent;
    byId("back").disabled = !earlier.length;
    show(settled);
  }

  function scale(gains) {
    page.gains = gains;
    show(false);
  }

  function show(settled) {
    portrait();
    panels[panel].update();
    if (settled) keeping.update();
  }

  async function portrait() {
    const { size, colours } = page.model.spec, { engine, latent, gains } = page;
    engine.drop("portrait");
    const pixels = await engine.picture(latent, { group: "portrait", gains, first: true });
    if (!pixels || latent !== page.latent || gains !== page.gains) return;
    paint(byId("portrait"), pixels, size, colours);
    const colour = colours === 3 ? "in colour" : "in grey";
    byId("portrait-facts").textContent =
      `${size} × ${size} ${colour}, made in ${engine.milliseconds.toFixed(0)} ms`;
    document.body.dataset.firstAvatar ??= performance.now().toFixed(0); // ms since the page opened
  }

  /** Take a model, and this latent or a random one. */
  function use({ name, model, bytes }, shipped, latent = null) {
    Object.assign(page, { name, model, bytes, shipped, gains: [1, 1] });
    const { distribution, known } = avatar.latents.distributionOf(model);
    page.distribution = distribution;
    if (!known) say(`${name} does not tell of latents that this page knows; it draws normal ones.`);
    page.engine.load(model);
    earlier.length = 0;
    settledLatent = null;
    const { spec, digest } = model, bits = [...new Set(spec.layers.map((each) => each.weight_bits))];
    const hidden = spec.layers.slice(0, -1).map((each) => each.channels).join("-");
    byId("model-facts").textContent = `Channels ${hidden}, weights of ${bits.join(", ")} bits, `
      + `${page.distribution} latents of ${spec.latent} numbers; id ${digest.slice(0, 16)}`;
    const models = byId("models");
    if (!shipped && ![...models.options].some((option) => option.text === name)) {
      models.add(element("option", { text: name, opened: { name, model, bytes } }));
    }
    models.value = name;
    choose(latent ?? page.draw());
  }

  /** Do what may fail because of what a person gave, and say so. */
  async function attempt(action) {
    try {
      if (page.model) say("");
      await action();
    } catch (error) {
      if (!(error instanceof avatar.InputError)) throw error;
      say(error.message, true);
    } finally {
      if (page.model) byId("models").value = page.name;
    }
  }

  function openFile(file) {
    if (file.name.endsWith(".image")) return panels.board.takeImage(file);
    return attempt(async () => use(await avatar.library.openFile(file), false));
  }

  function openModel() {
    const option = byId("models").selectedOptions[0];
    return attempt(async () => {
      if (option.opened) use(option.opened, false);
      else use(await avatar.library.openShipped(option.text), true);
    });
  }

  /** Open the model whose digest begins so: one that came with the page, else from `elsewhere`. */
  function openById(id, elsewhere) {
    const known = avatar.library.shipped().find(({ digest }) => digest.startsWith(id));
    return attempt(async () => {
      if (known) use(await avatar.library.openShipped(known.name), true);
      else if (elsewhere) use(await elsewhere(), false);
      else throw new avatar.InputError(`The model ${id.slice(0, 16)} did not come with this page; `
        + "drop its file on the page.");
    });
  }

  /** Show what the link's hash says; where it says nothing, or something wrong, a random avatar. */
  async function openLink() {
    const { model: id, z } = avatar.latents.fromHash(location.hash);
    const models = avatar.library.shipped();
    if (page.model && id && page.model.digest.startsWith(id)) {
      if (z !== avatar.latents.toText(page.latent)) attempt(async () => choose(latentOf(z)));
      return;
    }
    await attempt(async () => {
      const known = id ? models.find(({ digest }) => digest.startsWith(id)) : models[0];
      if (!models.length) {
        throw new avatar.InputError("No models came with this page; drop a model file on it.");
      }
      const opened = await avatar.library.openShipped((known ?? models[0]).name);
      let latent = null;
      try {
        if (id && !known) {
          throw new avatar.InputError(`The link is for the model ${id.slice(0, 16)}, which did not `
            + "come with this page; drop its file here, then open the link again.");
        }
        if (z !== null) latent = avatar.latents.fromText(z, opened.model.spec.latent);
      } finally {
        use(opened, true, latent);
      }
    });
  }

  const latentOf = (text) => avatar.latents.fromText(text ?? "", page.model.spec.latent);

  function openPanel(name, focus = false) {
    panel = name;
    for (const each of PANELS) {
      const tab = byId(`tab-${each}`), chosen = each === name;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      byId(each).hidden = !chosen;
      if (chosen && focus) tab.focus();
    }
    if (page.model) panels[name].update();
  }

  function moveTab(event) {
    const at = PANELS.indexOf(panel), last = PANELS.length - 1;
    const to = { ArrowRight: at === last ? 0 : at + 1, ArrowLeft: at ? at - 1 : last, Home: 0, End: last };
    if (!(event.key in to)) return;
    event.preventDefault();
    openPanel(PANELS[to[event.key]], true);
  }

  function start() {
    page.engine = new avatar.Engine((sentence) => say(sentence, true));
    keeping = avatar.keeping(page);
    panels = Object.fromEntries(PANELS.map((name) => [name, avatar.panels[name](page)]));
    byId("models").append(...avatar.library.shipped().map(({ name }) => element("option", {}, name)));
    byId("models").onchange = openModel;
    byId("open-model").onclick = () => byId("model-file").click();
    byId("model-file").onchange = ({ target }) => {
      if (target.files.length) openFile(target.files[0]);
      target.value = "";
    };
    byId("random").onclick = () => choose(page.draw());
    byId("back").onclick = () => {
      settledLatent = null;
      choose(earlier.pop());
    };
    for (const name of PANELS) byId(`tab-${name}`).onclick = () => openPanel(name);
    byId("tabs").onkeydown = moveTab;
    document.ondragover = (event) => event.preventDefault();
    document.ondrop = (event) => {
      event.preventDefault();
      if (event.dataTransfer.files.length) openFile(event.dataTransfer.files[0]);
    };
    window.onhashchange = openLink;
    openPanel(avatar.socketAddress() ? "board" : "change");
    openLink();
  }

  start();
}
