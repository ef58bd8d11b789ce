'use strict';
// portloop on Node's own loop: a scan as an async iterator of results.
//
//   const { scan } = require('portloop');
//   for await (const result of scan({ targets: ['192.0.2.0/28'], ports: '22,80,443' })) { ... }
//
// The environment variable PORTLOOP_ADDON is the path of the addon, if it was built elsewhere.
const path = require('node:path');

const native = require(process.env.PORTLOOP_ADDON || path.join(__dirname, 'build', 'Release', 'portloop.node'));

const whole = [(value) => Number.isInteger(value), 'a whole number'];
const kinds = {
  targets: [(value) => Array.isArray(value) && value.every((target) => typeof target === 'string'), 'an array of strings'],
  ports: [(value) => typeof value === 'string', 'a string'],
  inFlight: whole,
  rate: [(value) => typeof value === 'number', 'a number'],
  timeoutMs: whole,
  retries: whole,
  loops: whole,
  banners: [(value) => typeof value === 'boolean', 'true or false'],
  signal: [(value) => value instanceof AbortSignal, 'an AbortSignal'],
};

// Rejects unknown options, because a scan of the wrong thing is worse than none.
function check(options) {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(kinds, name)) throw new TypeError(`'${name}' is not an option; the options are ${Object.keys(kinds).join(', ')}`);
    const [fits, kind] = kinds[name];
    if (value !== undefined && !fits(value)) throw new TypeError(`${name} must be ${kind}`);
  }
}

// Yields { address, port, state, reason, service, attempts, rttUs, error?, banner? } for each port. The first call of
// next() throws if an option is invalid. Leaving the loop early stops the scan. options.signal, an AbortSignal, stops it
// from outside: the results so far are yielded, then the signal's reason is thrown.
async function* scan(options) {
  check(options);
  const { signal } = options;
  signal?.throwIfAborted();
  const found = [];
  let ended = false;
  let failure = null;
  let wake = () => {};
  const handle = native.start(options, (result) => {
    found.push(result);
    wake();
  }, (error) => {
    ended = true;
    failure = error;
    wake();
  });
  const abort = () => native.stop(handle);
  signal?.addEventListener('abort', abort);
  try {
    while (!ended || found.length > 0) {
      // Whole batches, because shift() moves all elements of a long array each time.
      for (const result of found.splice(0)) yield result;
      if (!ended && found.length === 0) await new Promise((resolve) => { wake = resolve; });
    }
    signal?.throwIfAborted();
    if (failure !== null) throw new Error(`the scan could not be finished: ${failure}`);
  } finally {
    signal?.removeEventListener('abort', abort);
    native.stop(handle);
  }
}

module.exports = { scan, version: native.version, native };
