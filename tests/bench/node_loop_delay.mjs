// The delay of Node's event loop, by perf_hooks, while a scan runs on it:
//
//   node_loop_delay.mjs PACKAGE_DIR TARGETS PORTS [RATE]     inside portloop-lab; the addon is $PORTLOOP_ADDON
//
// A timer of one millisecond is late by the delay. Measured without a scan first, and then during scans, one after
// another, with pauses between them that are not measured: so a real-time priority does not exceed its share.
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const [folder, targets, ports, rate] = process.argv.slice(2);
const { scan } = createRequire(import.meta.url)(folder);
const RESOLUTION_MS = 1;
const MEASURED_MS = 5000;
const PAUSE_MS = 300;

async function measure(name, work) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let measured = 0;
  let rounds = 0;
  let results = 0;
  while (measured < MEASURED_MS) {
    const start = performance.now();
    delay.enable();
    results += await work();
    delay.disable();
    measured += performance.now() - start;
    ++rounds;
    await sleep(PAUSE_MS);
  }
  // Each pause is one sample, and longer than all others: these are left out. perf_hooks counts the timer's own millisecond.
  const samples = delay.count - (rounds - 1);
  const ms = (percent) => `${Math.max(0, delay.percentile((percent * samples) / delay.count) / 1e6 - RESOLUTION_MS).toFixed(2)} ms`;
  console.log(`${name}: p50 ${ms(50)}, p99 ${ms(99)}, p99.9 ${ms(99.9)}, maximum ${ms(100)}; ${samples} samples, ${rounds} rounds, ${results} results,`
    + ` ${(measured / 1000).toFixed(1)} s`);
}

async function count(options) {
  let results = 0;
  for await (const { port } of scan(options)) results += port > 0 ? 1 : 0;
  return results;
}

await measure('no scan', async () => { await sleep(1000); return 0; });
await measure(rate ? `rate ${rate}` : 'full speed', () => count(rate ? { targets, ports, rate: Number(rate) } : { targets, ports }));
