// Node's event loop: a fixed number of async functions take endpoints from one iterator and connect to them. The request
// and the result are described in ../python/guest.py.
import { readFileSync } from 'node:fs';
import net from 'node:net';

const states = {
  ECONNREFUSED: 'closed',
  ETIMEDOUT: 'silent',
  EHOSTUNREACH: 'filtered',
  ENETUNREACH: 'filtered',
  EACCES: 'filtered',
};

const now = () => process.hrtime.bigint() / 1000n; // in microseconds

function connect({ host, port }, timeout) {
  return new Promise((resolve) => {
    const began = now();
    const socket = net.connect({ host, port });
    const end = (state) => {
      socket.destroy();
      resolve({ state, began, took: now() - began });
    };
    socket.setTimeout(timeout, () => end('silent'));
    socket.on('connect', () => end('open'));
    socket.on('error', (error) => end(states[error.code] ?? 'unknown'));
  });
}

async function scan(endpoints, timeout, inFlight) {
  const outcomes = new Array(endpoints.length);
  const numbered = endpoints.entries();
  async function connectInTurn() {
    for (const [index, endpoint] of numbered) outcomes[index] = await connect(endpoint, timeout);
  }
  await Promise.all(Array.from({ length: Math.min(inFlight, endpoints.length) }, connectInTurn));
  return outcomes;
}

const [timeout, retries, inFlight, count, ...lines] = readFileSync(0, 'utf8').split('\n');
const endpoints = lines.slice(0, Number(count)).map((line) => {
  const [host, port] = line.split(' ');
  return { host, port: Number(port) };
});

const before = process.resourceUsage();
const started = now();
const outcomes = await scan(endpoints, Number(timeout), Number(inFlight));
let connects = endpoints.length;
for (let retry = 0; retry < Number(retries); ++retry) {
  const silent = [...outcomes.keys()].filter((index) => outcomes[index].state === 'silent');
  const again = await scan(silent.map((index) => endpoints[index]), Number(timeout), Number(inFlight));
  silent.forEach((index, i) => { outcomes[index] = again[i]; });
  connects += silent.length;
}
const wall = now() - started;
const after = process.resourceUsage();
const memory = /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0;

process.stdout.write([
  `wall_us ${wall}`,
  `user_us ${after.userCPUTime - before.userCPUTime}`,
  `system_us ${after.systemCPUTime - before.systemCPUTime}`,
  `switches_voluntary ${after.voluntaryContextSwitches - before.voluntaryContextSwitches}`,
  `switches_involuntary ${after.involuntaryContextSwitches - before.involuntaryContextSwitches}`,
  `memory_kib ${memory}`,
  `connects ${connects}`,
  'threads 1',
  ...outcomes.map(({ state, began, took }) => `${state} ${began - started} ${took}`),
].join('\n') + '\n');
