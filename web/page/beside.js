// SPDX-License-Identifier: Apache-2.0
"use strict";
// The panel of the board: its picture beside the page's own, equal or not, and how fast it comes.
globalThis.avatar ??= {};
avatar.panels ??= {};

{
  const { byId, element, paint } = avatar.drawing;
  const GROUP = "beside";
  const STEPS = 24; // pictures from one random avatar to the next
  const SPAN = 2000; // ms over which pictures a second are counted
  const BYTE_BITS = 10;
  const KINDS = { golden: "the NumPy reference", virtual: "the virtual board", board: "the board" };
  const BY_IMAGE = "Over this browser's own serial port a board takes image files: make one with "
    + "`avatar load --model M --board B --image OUT`, and drop it here. `avatar web --port P` puts any "
    + "model of the page into its board.";
  const NO_PORT = "An image file is for a board that this page has joined over the browser's own serial "
    + "port, in Chrome or Edge; `avatar web` takes the model's own file.";
  const COLOURS = { 1: [""], 3: ["red ", "green ", "blue "] };

  /** Say whether two pictures are equal, or name the first pixel that differs. */
  function compare(ours, theirs, { size, colours }, name) {
    if (ours.length !== theirs.length) {
      return { equal: false, text: `Different: ${name} sent ${theirs.length} bytes, not ${ours.length}.` };
    }
    const at = ours.findIndex((value, n) => value !== theirs[n]);
    if (at < 0) return { equal: true, text: `Equal: all ${ours.length} bytes.` };
    const pixel = Math.floor(at / colours), row = Math.floor(pixel / size), colour = at % colours;
    const differ = ours.reduce((count, value, n) => count + (value !== theirs[n]), 0);
    return {
      equal: false,
      text: `Different in ${differ} bytes. The first is at row ${row}, column ${pixel % size}: `
        + `${COLOURS[colours][colour]}${ours[at]} here, ${theirs[at]} from ${name}.`,
    };
  }

  avatar.panels.board = function (page) {
    const address = avatar.socketAddress();
    let link = null, walking = false, compared = null, arrivals = [], speed = {};
    let asking = false, following = null; // the avatar shown is asked for; the promise of its end
    let choosing = address !== null && !location.hash; // the page begins with the server's model
    let loading = null; // name of the model on its way into the board
    const name = () => KINDS[link.kind];
    const fits = () => loading === null && link.model !== null && page.model !== null
      && page.model.digest.startsWith(link.model);

    function tell(sentence, look = "") {
      byId("verdict").textContent = sentence;
      byId("verdict").className = look;
    }

    function settle(sentence = "") {
      const joined = link !== null, matching = joined && fits(), busy = joined && loading !== null;
      byId("join").hidden = joined || !(address || navigator.serial);
      byId("join").textContent = address ? "Try again" : "Join a board…";
      byId("leave").hidden = !joined;
      byId("stream").hidden = !matching;
      byId("stream").textContent = walking ? "Stop" : "Stream a walk";
      byId("take-model").hidden = !joined || matching || busy || !link.model;
      byId("load-model").hidden = !joined || matching || busy || !link.mostBytes;
      byId("load-image").hidden = !joined || busy || !link.loadImage;
      byId("load").hidden = !busy;
      byId("beside").hidden = byId("figures").hidden = !matching;
      if (!matching) for (const id of ["ours", "theirs"]) byId(id).width = 1; // another model's
      tell(sentence);
      byId("board-text").textContent = text(joined, matching);
      if (joined) byId("theirs-name").textContent = name();
    }

    function text(joined, matching) {
      if (joined && matching) return `This page has joined ${name()} (${link.name}).`;
      if (joined && loading !== null) return `${loading} is put into ${name()} (${link.name}).`;
      if (joined && !link.model) {
        return `This page has joined ${name()} (${link.name}), which holds no model`
          + (link.loadImage ? `. ${BY_IMAGE}` : " that the server knows. Put the one shown here into it.");
      }
      if (joined) {
        return `It holds the model ${link.model.slice(0, 16)}, and this page shows another. `
          + (link.loadImage ? BY_IMAGE : "");
      }
      if (address) return "This page is not joined to the server's board.";
      if (navigator.serial) {
        return "If a board with this project's design is on a USB port of this computer, the page "
          + "can show its pictures beside its own.";
      }
      return "This browser has no Web Serial, so the page cannot open a board. Use Chrome or Edge, "
        + "or start `avatar web --port PORT`.";
    }

    /** Measure how fast pictures came during the last two seconds of a walk. */
    function measure() {
      const old = performance.now() - SPAN;
      while (arrivals.length > 2 && arrivals[0].time < old) arrivals.shift();
      const first = arrivals[0], newest = arrivals.at(-1);
      const seconds = newest.seconds - first.seconds, count = newest.count - first.count;
      if (!(seconds > 0)) return;
      speed = { "pictures a second": (count / seconds).toFixed(1) };
      if (link.rate) {
        const share = (count * newest.bytes * BYTE_BITS) / (seconds * link.rate);
        speed["of the line's time, pictures"] = `${Math.round(100 * share)} %`;
      }
    }

    function figures() {
      if (walking) measure();
      const rows = {
        "pictures compared": compared.count,
        "equal to this page's": `${compared.equal} of ${compared.count}`,
        ...speed,
      };
      if (link.rate) {
        rows["bytes sent, received"] = `${link.sent}, ${link.received}`;
        rows["rate of the line"] = `${link.rate} baud`;
      }
      byId("figures").replaceChildren(...Object.entries(rows).flatMap(([key, value]) =>
        [element("dt", {}, key), element("dd", {}, String(value))]));
    }

    /** Note when a picture came, and on the line's own clock; its comparison may come later. */
    function arrived(pixels) {
      const count = (arrivals.at(-1)?.count ?? 0) + 1;
      const seconds = link?.seconds ?? 0;
      arrivals.push({ time: performance.now(), seconds, count, bytes: pixels.length });
      return pixels;
    }

    /** Ask page and board for one picture, show both and compare them; tells whether it came. */
    async function ask(latent) {
      const from = link, { spec } = page.model, model = page.model;
      try {
        const [theirs, ours] = await Promise.all([
          from.picture(latent).then(arrived), page.engine.picture(latent, { group: GROUP }),
        ]);
        if (from !== link || model !== page.model || !fits() || !ours) return false;
        const { equal, text } = compare(ours, theirs, spec, name());
        compared.count++;
        compared.equal += equal;
        paint(byId("ours"), ours, spec.size, spec.colours);
        if (theirs.length === ours.length) paint(byId("theirs"), theirs, spec.size, spec.colours);
        tell(text, equal ? "equal" : "different");
        figures();
        return true;
      } catch (error) {
        if (!(error instanceof avatar.InputError)) throw error;
        if (from === link) tell(error.message);
        return false;
      }
    }

    /** Ask for the avatar shown, one after the other, until it is the one that stands there. */
    async function follow() {
      asking = true;
      for (let latent = null; link && fits() && !walking && latent !== page.latent;) {
        latent = page.latent;
        await ask(latent);
      }
      asking = false;
    }

    function* walk() {
      let here = page.latent;
      for (;;) {
        const way = avatar.latents.strip(here, page.draw(), page.distribution, STEPS);
        yield* way.slice(1);
        here = way.at(-1);
      }
    }

    /** Keep `window` requests under way, so that the line never waits for the page. */
    async function stream() {
      walking = !walking;
      settle();
      if (!walking) return;
      await following;
      arrivals = [];
      const latents = walk();
      let failed = false;
      await Promise.all(Array.from({ length: link?.window ?? 0 }, async () => {
        while (walking && link && fits()) {
          if (await ask(latents.next().value)) continue;
          walking = false;
          failed = true;
        }
      }));
      walking = false;
      byId("stream").textContent = "Stream a walk";
      if (!failed) update();
    }

    /** Count anew. */
    function begin() {
      compared = { count: 0, equal: 0 };
      arrivals = [];
      speed = {};
    }

    async function join() {
      byId("join").disabled = true;
      try {
        link = address ? await avatar.SocketLink.open(address, (said) => tell(said))
          : await avatar.SerialLink.open(await navigator.serial.requestPort());
        link.ongone = (sentence) => {
          link = null;
          walking = false;
          settle(sentence);
        };
        begin();
        settle();
        update();
      } catch (error) {
        link = null;
        const chosen = error.name !== "NotFoundError"; // else the person closed the list of ports
        if (chosen && !(error instanceof avatar.InputError)) throw error;
        settle(chosen ? error.message : "");
      } finally {
        byId("join").disabled = false;
      }
    }

    /** Put the page's model into the server's board. */
    function load() {
      if (!page.model) return tell("Open a model first, or drop its file on the page.");
      return put(page.name, "The model is compiled for this board.",
        (into) => into.load(page.name, page.bytes, progress));
    }

    /** Put an image file into the board on the browser's own port. */
    function takeImage(file) {
      if (!link?.loadImage) return page.say(NO_PORT, true);
      if (loading !== null) return page.say(`${file.name} must wait: a load is under way.`, true);
      return put(file.name, "The image is sent.", async (into) => {
        await into.loadImage(await avatar.library.openImage(file), progress);
        if (into === link && !page.model?.digest.startsWith(into.model)) takeModel();
      });
    }

    /** Let `send(link)` put a model into the board, and let the board draw from then on. */
    async function put(what, first, send) {
      const into = link;
      loading = what;
      byId("load-bar").removeAttribute("value");
      byId("load-text").textContent = first;
      walking = choosing = false;
      settle();
      let sentence = "";
      try {
        await send(into);
      } catch (error) {
        if (!(error instanceof avatar.InputError)) throw error;
        sentence = error.message;
      } finally {
        loading = null;
      }
      if (into !== link) return; // what became of the link is told already
      begin();
      settle(sentence);
      if (!sentence) update();
    }

    function progress(has, size) {
      byId("load-bar").max = size;
      byId("load-bar").value = has;
      byId("load-text").textContent = has < size
        ? `The board has ${has} of ${size} bytes.` : "The board has all of it, and tests itself.";
    }

    async function leave() {
      const left = link;
      link = null;
      walking = false;
      settle();
      await left.close();
    }

    const takeModel = () =>
      page.openById(link.model, address ? avatar.library.openServers : null);

    function update() {
      if (!page.model) return;
      if (!link) return settle(byId("verdict").textContent);
      if (choosing && link.model) {
        choosing = false;
        if (!fits()) return void takeModel();
      }
      if (fits() === byId("beside").hidden) settle();
      if (fits() && !walking && !asking) following = follow();
    }

    byId("join").onclick = join;
    byId("leave").onclick = leave;
    byId("stream").onclick = stream;
    byId("take-model").onclick = takeModel;
    byId("load-model").onclick = load;
    byId("load-image").onclick = () => byId("image-file").click();
    byId("image-file").onchange = ({ target }) => {
      if (target.files.length) takeImage(target.files[0]);
      target.value = "";
    };
    settle();
    if (address) join();
    return { update, takeImage };
  };
}
