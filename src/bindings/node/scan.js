'use strict';
// A scan on Node's own loop, as an async iterable of results. index.d.ts has the types.
const { setImmediate: nextTurn, setTimeout: sleep } = require('node:timers/promises');

const { Connection } = require('./connection.js');
const { Group, handleOf, checkNumber } = require('./group.js');
const native = require('./native.js');
const { check, checkTarget } = require('./options.js');

const DEFAULT_HIGH_WATER_MARK = 4096;
const DEFAULT_PROGRESS_MS = 1000;
const MAX_WAITING_CONNECTIONS = 64; // the scan pauses then
const MAX_WAITING_TARGETS = 1000; // no more are asked for then
const POLL_MS = 5;
const SLICE_MS = 0.5; // results are yielded for as long at once; then the rest of the loop has its turn
const HOST_EVENTS = ['absent', 'silent', 'back', 'all-open', 'banned'];

// Divides the targets into those that the options take and those that are added while the scan runs. Values of the
// latter are checked, too, before anything is sent, unless they come later.
function divide(targets) {
  if (!Array.isArray(targets)) return { additions: targets };
  if (targets.every((target) => typeof target === 'string')) return { targets };
  for (const [target, ports] of targets.map(checkTarget)) {
    native.create({ targets: [target], ports: ports === undefined ? undefined : [ports] });
  }
  return { additions: targets };
}

class Scan {
  #handle;
  #signal;
  #highWaterMark;
  #onHost;
  #onProgress;
  #progressMs;
  #additions; // an array or an async iterable
  #input = null; // its iterator
  #found = [];
  #waiting = 0; // results that have not been yielded yet
  #waitingConnections = 0; // among them
  #started = false;
  #full = false; // too much waits
  #held = false; // pause() was called
  #referenced = true;
  #ended = false;
  #failure = null;
  #results = null;
  #wake = () => {};

  constructor(options) {
    const {
      signal, highWaterMark = DEFAULT_HIGH_WATER_MARK, onHost, onProgress, progressMs = DEFAULT_PROGRESS_MS, group,
      targets: given = [], openInput = false, ...rest
    } = check(options);
    const { targets, additions } = divide(given);
    if (additions !== undefined && openInput) {
      throw new TypeError('openInput is for add(): targets that come while the scan runs finish the input themselves');
    }
    this.#signal = signal;
    this.#highWaterMark = highWaterMark;
    this.#onHost = onHost;
    this.#onProgress = onProgress;
    this.#progressMs = progressMs;
    this.#additions = additions;
    const forAddon = { ...rest, targets, openInput: openInput || additions !== undefined };
    this.#handle = native.create(forAddon, group && handleOf(group));
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

  pause() {
    this.#held = true;
    native.pause(this.#handle);
  }

  resume() {
    this.#held = false;
    if (!this.#full) native.resume(this.#handle);
  }

  setInFlight(connects) {
    native.setInFlight(this.#handle, checkNumber('inFlight', connects));
  }

  setRate(connectsPerSecond) {
    native.setRate(this.#handle, checkNumber('rate', connectsPerSecond));
  }

  // Starts the scan, if it has not started.
  add(target) {
    const addition = checkTarget(target);
    if (!this.#started && !this.#ended) this.#start();
    native.add(this.#handle, ...addition);
  }

  finish() {
    if (!this.#started && !this.#ended) this.#start();
    native.finish(this.#handle);
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
    const onHost = this.#onHost && ((address, event) => this.#onHost({ address, event: HOST_EVENTS[event] ?? 'unknown' }));
    const onProgress = this.#onProgress && (() => this.#onProgress(this.stats()));
    native.start(this.#handle, (...fields) => this.#onResult(...fields), (code, message) => this.#onDone(code, message),
      onHost, onProgress, this.#progressMs);
    if (!this.#referenced) native.unref(this.#handle);
    if (this.#held) native.pause(this.#handle);
    if (this.#additions !== undefined) this.#feed();
  }

  #onResult(address, port, state, reason, service, attempts, rttUs, error, banner, tag, fd) {
    const connection = fd < 0 ? undefined : new Connection(this.#handle, fd);
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
      tag,
      connection,
    });
    if (connection !== undefined) ++this.#waitingConnections;
    const isFull = ++this.#waiting >= this.#highWaterMark || this.#waitingConnections >= MAX_WAITING_CONNECTIONS;
    if (isFull && !this.#full) {
      this.#full = true;
      native.pause(this.#handle);
    }
    this.#wake();
  }

  #onDone(code, message) {
    this.#ended = true;
    if (code !== undefined && code !== 'ECANCELED') {
      this.#failure ??= Object.assign(new Error(`the scan could not be finished: ${message}`), { code });
    }
    this.#wake();
  }

  // Adds what comes. What goes wrong stops the scan, and is thrown by the iteration, which also closes the iterator.
  async #feed() {
    try {
      this.#input = (this.#additions[Symbol.asyncIterator] ?? this.#additions[Symbol.iterator]).call(this.#additions);
      for (;;) {
        const { done, value } = await this.#input.next();
        if (this.#ended) return;
        if (done) break;
        native.add(this.#handle, ...checkTarget(value));
        while (!this.#ended && this.stats()?.waiting > MAX_WAITING_TARGETS) await sleep(POLL_MS, undefined, { ref: false });
      }
      native.finish(this.#handle);
    } catch (error) {
      if (this.#ended || error.code === 'ESHUTDOWN') return; // it was stopped meanwhile
      this.#failure ??= error;
      native.stop(this.#handle);
    }
  }

  async* #iterate() {
    const signal = this.#signal;
    const abort = () => native.stop(this.#handle);
    signal?.throwIfAborted();
    if (!this.#ended && !this.#started) this.#start();
    signal?.addEventListener('abort', abort);
    try {
      while (!this.#ended || this.#found.length > 0) {
        // Whole batches, because shift() moves all elements of a long array each time.
        const batch = this.#found;
        this.#found = [];
        let sliceEnd = performance.now() + SLICE_MS;
        for (const result of batch) {
          if (performance.now() > sliceEnd) {
            await nextTurn();
            sliceEnd = performance.now() + SLICE_MS;
          }
          --this.#waiting;
          if (result.connection !== undefined) --this.#waitingConnections;
          yield result;
          result.connection?.close();
        }
        if (this.#waiting > 0) continue;
        if (this.#full) {
          this.#full = false;
          if (!this.#held) native.resume(this.#handle);
        }
        if (!this.#ended) await new Promise((resolve) => { this.#wake = resolve; });
      }
      signal?.throwIfAborted();
      if (this.#failure !== null) throw this.#failure;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#ended = true;
      native.close(this.#handle);
      // Not awaited: it may wait for something itself. Nobody is interested in its result any more.
      Promise.resolve(this.#input?.return?.()).catch(() => {});
    }
  }
}

const scan = (options) => new Scan(options);

module.exports = { scan, Scan, Group, version: native.version };
