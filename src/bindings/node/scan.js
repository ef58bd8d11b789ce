'use strict';
// A scan on Node's own loop, as an async iterable of results. index.d.ts has the types.
const { check } = require('./options.js');
const native = require('./native.js');

const DEFAULT_HIGH_WATER_MARK = 4096;

class Scan {
  #handle;
  #signal;
  #highWaterMark;
  #found = [];
  #waiting = 0; // results that have not been yielded yet
  #started = false;
  #paused = false;
  #referenced = true;
  #ended = false;
  #failure = null;
  #results = null;
  #wake = () => {};

  constructor(options) {
    const { signal, highWaterMark = DEFAULT_HIGH_WATER_MARK, ...rest } = check(options);
    this.#signal = signal;
    this.#highWaterMark = highWaterMark;
    this.#handle = native.create(rest);
  }

  // The scan starts when the first result is asked for. Leaving a for loop closes it.
  [Symbol.asyncIterator]() {
    this.#results ??= this.#iterate();
    return this.#results;
  }

  // What is known so far is still yielded; then the iteration ends.
  stop() {
    if (!this.#started) this.#ended = true;
    native.stop(this.#handle);
  }

  stats() {
    return native.stats(this.#handle);
  }

  // Like those of Node's timers: an unreferenced scan does not keep Node running.
  ref() {
    this.#referenced = true;
    native.ref(this.#handle);
    return this;
  }

  unref() {
    this.#referenced = false;
    native.unref(this.#handle);
    return this;
  }

  #start() {
    this.#started = true;
    native.start(this.#handle, (address, port, state, reason, service, attempts, rttUs, error, banner) => {
      this.#found.push({
        address,
        port,
        state: native.states[state] ?? 'unknown',
        reason: native.reasons[reason] ?? 'unknown',
        service,
        attempts,
        rttUs,
        error,
        banner,
      });
      if (++this.#waiting >= this.#highWaterMark && !this.#paused) {
        this.#paused = true;
        native.pause(this.#handle);
      }
      this.#wake();
    }, (code, message) => {
      this.#ended = true;
      if (code !== undefined && code !== 'ECANCELED') {
        this.#failure = Object.assign(new Error(`the scan could not be finished: ${message}`), { code });
      }
      this.#wake();
    });
    if (!this.#referenced) native.unref(this.#handle);
  }

  async* #iterate() {
    const signal = this.#signal;
    const abort = () => native.stop(this.#handle);
    signal?.throwIfAborted();
    if (!this.#ended) this.#start();
    signal?.addEventListener('abort', abort);
    try {
      while (!this.#ended || this.#found.length > 0) {
        // Whole batches, because shift() moves all elements of a long array each time.
        const batch = this.#found;
        this.#found = [];
        for (const result of batch) {
          --this.#waiting;
          yield result;
        }
        if (this.#waiting > 0) continue;
        if (this.#paused) {
          this.#paused = false;
          native.resume(this.#handle);
        }
        if (!this.#ended) await new Promise((resolve) => { this.#wake = resolve; });
      }
      signal?.throwIfAborted();
      if (this.#failure !== null) throw this.#failure;
    } finally {
      signal?.removeEventListener('abort', abort);
      native.close(this.#handle);
    }
  }
}

const scan = (options) => new Scan(options);

module.exports = { scan, Scan, version: native.version };
