// SPDX-License-Identifier: Apache-2.0
"use strict";
// Pictures off the main thread: a few workers, a queue, and what was made lately.
globalThis.avatar ??= {};

{
  const MOST_WORKERS = 4;
  const REMEMBERED = 1000; // pictures

  /** What a worker does; its text goes into the worker. */
  function serve(generator, directions, scope) {
    let model = null, network = null;
    const jobs = {
      load(data) {
        model = data.model;
        network = generator.prepare(model);
      },
      picture: ({ latent, gains }) => generator.picture(generator.run(network, latent, gains)),
      maps: ({ latent, gains }) => generator.run(network, latent, gains),
      directions: ({ count }) => directions(model, count),
    };
    scope.onmessage = ({ data }) => {
      const start = performance.now();
      const result = jobs[data.kind](data);
      scope.postMessage({ result, milliseconds: performance.now() - start });
    };
  }

  function makeWorker() {
    const source = `"use strict";
      (${serve})((${avatar.makeGenerator})(), (${avatar.makeDirections})(), self);`;
    return new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  }

  /** The same in this thread, a job at a time, so that the page stays alive between two of them. */
  class LocalWorker {
    #scope = { postMessage: (data) => this.onmessage({ data }) };

    constructor() {
      serve(avatar.generator, avatar.directions, this.#scope);
    }

    postMessage(data) {
      setTimeout(() => this.#scope.onmessage({ data }));
    }

    terminate() {}
  }

  avatar.Engine = class {
    #workers = [];
    #idle = [];
    #queue = [];
    #cache = new Map();
    #model = null;

    /** @param {(sentence) => void} notice is told where the browser gives no workers */
    constructor(notice) {
      this.notice = notice;
      this.milliseconds = null; // of the last picture made
      const wanted = Math.max(1, Math.min(MOST_WORKERS, navigator.hardwareConcurrency ?? 1));
      try {
        for (let n = 0; n < wanted; n++) this.#add(makeWorker());
      } catch {
        this.#withoutWorkers();
      }
    }

    #add(worker) {
      worker.onmessage = ({ data }) => this.#done(worker, data);
      worker.onerror = (event) => {
        event.preventDefault();
        this.#withoutWorkers();
      };
      if (this.#model) worker.postMessage({ kind: "load", model: this.#model });
      worker.jobs = this.#model ? [null] : []; // under way; null for loading
      this.#workers.push(worker);
      if (!this.#model) this.#idle.push(worker);
    }

    #withoutWorkers() {
      for (const worker of this.#workers) {
        worker.onmessage = worker.onerror = null;
        worker.terminate();
        this.#queue.unshift(...worker.jobs.filter(Boolean));
      }
      this.#workers = [];
      this.#idle = [];
      this.notice("This browser gives the page no worker, so the page may stutter while it draws.");
      this.#add(new LocalWorker());
      this.#next();
    }

    #done(worker, { result, milliseconds }) {
      const job = worker.jobs.shift();
      if (job) {
        if (job.message.kind === "picture") this.milliseconds = milliseconds;
        job.resolve(job.model === this.#model ? result : null);
      }
      if (!worker.jobs.length) this.#idle.push(worker);
      this.#next();
    }

    #next() {
      while (this.#idle.length && this.#queue.length) {
        const worker = this.#idle.shift(), job = this.#queue.shift();
        worker.jobs.push(job);
        worker.postMessage(job.message);
      }
    }

    #ask(message, { group, first = false }) {
      return new Promise((resolve) => {
        const job = { message, group, resolve, model: this.#model };
        if (first) this.#queue.unshift(job);
        else this.#queue.push(job);
        this.#next();
      });
    }

    /** Take another model; whatever was asked of the one before gives null. */
    load(model) {
      this.#queue.splice(0).forEach((job) => job.resolve(null));
      this.#cache.clear();
      this.#model = model;
      this.#idle = [];
      for (const worker of this.#workers) {
        worker.jobs.push(null);
        worker.postMessage({ kind: "load", model });
      }
    }

    /** Give up what this group has asked and not got; it gets null. */
    drop(group) {
      const dropped = this.#queue.filter((job) => job.group === group);
      this.#queue = this.#queue.filter((job) => job.group !== group);
      dropped.forEach((job) => job.resolve(null));
    }

    /**
     * Promise the picture of a latent, Uint8Array height x width x colours; null if it was given up.
     * `first`: before all that waits.
     */
    async picture(latent, { group, gains = [1, 1], first = false }) {
      const key = `${latent}/${gains}`, cache = this.#cache;
      const known = cache.get(key);
      if (known) return known;
      const pixels = await this.#ask({ kind: "picture", latent, gains }, { group, first });
      if (pixels && this.#model) cache.set(key, pixels);
      if (cache.size > REMEMBERED) cache.delete(cache.keys().next().value);
      return pixels;
    }

    /** Promise the maps of each plane and layer, Int16Array; null if they were given up. */
    maps(latent, { group, gains = [1, 1] }) {
      return this.#ask({ kind: "maps", latent, gains }, { group });
    }

    /** Promise the latent's strongest directions. */
    directions(count) {
      return this.#ask({ kind: "directions", count }, { group: "directions" });
    }
  };
}
