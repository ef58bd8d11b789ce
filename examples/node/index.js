'use strict';
// portloop on Node's own loop: a scan as an async iterator of results.
//
//   const { scan } = require('portloop');
//   for await (const result of scan({ targets: ['192.0.2.0/28'], ports: '22,80,443' })) { ... }
//
// PORTLOOP_ADDON names the addon where it was built elsewhere.
const path = require('node:path');

const native = require(process.env.PORTLOOP_ADDON || path.join(__dirname, 'build', 'Release', 'portloop.node'));

// Yields { address, port, state, reason, service, attempts, rttUs, error?, banner? } for each port. Leaving the
// loop early stops the scan; options.signal, an AbortSignal, does so from outside. Throws at once, in the
// caller's first step, what an option is refused for.
async function* scan(options) {
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
  options.signal?.addEventListener('abort', abort);
  if (options.signal?.aborted) abort();
  try {
    while (!ended || found.length > 0) {
      // Whole batches: shift() of a long array would move it all each time.
      for (const result of found.splice(0)) yield result;
      if (!ended && found.length === 0) await new Promise((resolve) => { wake = resolve; });
    }
    if (failure !== null && failure !== 'ECANCELED') throw new Error(`the scan could not be finished: ${failure}`);
  } finally {
    options.signal?.removeEventListener('abort', abort);
    native.stop(handle);
  }
}

module.exports = { scan, version: native.version, native };
