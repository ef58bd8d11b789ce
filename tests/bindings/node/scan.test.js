'use strict';
// The package as a program uses it. PORTLOOP_PACKAGE is its folder; without it, it is an installed one.
const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');

const place = process.env.PORTLOOP_PACKAGE || 'portloop';
const { scan, Scan, version } = require(place);

// Far too many probes to wait for: these scans are always left.
const ENDLESS = { targets: '127.0.0.0/9', ports: '61001-65535' };

async function listen(t, greeting) {
  const server = net.createServer((socket) => {
    socket.on('error', () => {}); // the scanner resets
    if (greeting) socket.write(greeting);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return server.address().port;
}

async function collect(scanned) {
  const results = [];
  for await (const result of scanned) results.push(result);
  return results;
}

const turn = () => new Promise((resolve) => { setImmediate(resolve); });

test('each port has one result, and the timers of the loop run meanwhile', async (t) => {
  const port = await listen(t, '220 hello\r\n');
  let ticks = 0;
  const timer = setInterval(() => { ++ticks; }, 1);
  const results = await collect(scan({ targets: ['127.0.0.1'], ports: [port, '61001-61500'], banners: true }));
  clearInterval(timer);
  const expected = [port, ...Array.from({ length: 500 }, (_, i) => 61001 + i)].sort((a, b) => a - b);
  assert.deepStrictEqual(results.map((result) => result.port).sort((a, b) => a - b), expected);
  assert.ok(ticks > 0);
  const { rttUs, attempts, banner, ...open } = results.find((result) => result.port === port);
  assert.deepStrictEqual(open, { address: '127.0.0.1', port, state: 'open', reason: 'syn-ack', service: '', error: undefined });
  assert.strictEqual(String(banner), '220 hello\r\n');
  assert.ok(rttUs > 0 && attempts >= 1);
  const closed = results.find((result) => result.port === 61001);
  assert.deepStrictEqual([closed.state, closed.reason, closed.banner], ['closed', 'conn-refused', undefined]);
});

test('every option is accepted', async () => {
  const results = await collect(scan({
    targets: '127.0.0.1-4', exclude: '127.0.0.2', ports: '61001-61010', excludePorts: [61001, '61002'], inFlight: 10, rate: 1e6, timeoutMs: 500, adaptive: false,
    stopAfter: 3, retries: 0, order: 'sequential', seed: 2n ** 64n - 1n, shard: { number: 1, count: 2 }, loops: 1, connector: 'portable', highWaterMark: 1,
    banners: { kind: 'http', timeoutMs: 100, maxBytes: 10 }, signal: undefined,
  }));
  assert.strictEqual(results.length, 12);
  assert.ok(results.every((result) => result.port > 61002 && result.address !== '127.0.0.2'));
});

test('options of the wrong type are refused by name', () => {
  for (const [wrong, words] of [
    [{ ports: true }, /^ports must be a string, .*, not true$/], [{ targets: 1 }, /^targets must be a string or an array of strings, not 1$/],
    [{ inFlight: '9' }, /^inFlight must be a whole number .*, not '9'$/], [{ timeoutMs: 1.5 }, /^timeoutMs must be .*, not 1.5$/],
    [{ timeoutMs: -5 }, /^timeoutMs must be .*, not -5$/], [{ retries: 2 ** 40 }, /^retries must be .*, not 1099511627776$/],
    [{ timeout: 5 }, /^'timeout' is not an option; the options are targets, /], [{ signal: {} }, /^signal must be an AbortSignal/],
    [{ seed: -1 }, /^seed must be/], [{ shard: { number: 1 } }, /^shard must be/], [{ order: 'up' }, /^order must be 'random' or 'sequential', not 'up'$/],
    [{ banners: { bytes: 1 } }, /^banners must be/], [{ highWaterMark: 0 }, /^highWaterMark must be/],
  ]) assert.throws(() => scan({ targets: '127.0.0.1', ...wrong }), { name: 'TypeError', message: words });
  assert.throws(() => scan('127.0.0.1'), /the options must be an object, not '127.0.0.1'/);
});

test("values that are refused are quoted in portloop's own message", async () => {
  for (const [wrong, words] of [
    [{ targets: ['no such host'] }, /'no such host'/], [{ ports: '70000' }, /'70000'/], [{ ports: 70000 }, /'70000'/], [{ timeoutMs: 0 }, /not 0/],
    [{ retries: 14 }, /retries is 0-13/], [{ ports: '80\u00001' }, /invalid argument/], [{ ports: `${'1,'.repeat(4000)}70000` }, /'70000'/],
    [{ rate: NaN }, /rate/], [{ exclude: 'x' }, /'x'/], [{ shard: { number: 3, count: 2 } }, /3/],
  ]) assert.throws(() => scan({ targets: '127.0.0.1', ...wrong }), { code: 'EINVAL', message: words });
  await assert.rejects(collect(scan({ targets: [] })), { code: 'EINVAL', message: /no address/ });
});

test('a loop that is left closes its scan', async () => {
  for await (const result of scan(ENDLESS)) {
    assert.ok(result.port);
    break;
  }
  await assert.rejects(async () => {
    for await (const result of scan(ENDLESS)) throw new Error(result.state);
  }, /closed/);
});

test('stop() ends the iteration after what is known, also before the start', async () => {
  const stopped = scan(ENDLESS);
  let count = 0;
  for await (const result of stopped) {
    assert.ok(result.port);
    if (++count === 100) stopped.stop();
  }
  assert.ok(count >= 100);
  const never = scan(ENDLESS);
  never.stop();
  assert.deepStrictEqual(await collect(never), []);
});

test('an aborted signal stops the scan, and its reason is thrown after the results', async () => {
  const controller = new AbortController();
  let count = 0;
  await assert.rejects(async () => {
    for await (const result of scan({ ...ENDLESS, signal: controller.signal })) {
      assert.ok(result.port);
      if (++count === 100) controller.abort();
    }
  }, { name: 'AbortError' });
  assert.ok(count >= 100);
  await assert.rejects(collect(scan({ ...ENDLESS, signal: AbortSignal.abort(new Error('too late')) })), /too late/);
});

test('a scan whose results nobody takes pauses', async () => {
  const held = scan({ ...ENDLESS, inFlight: 50, highWaterMark: 100 });
  const results = held[Symbol.asyncIterator]();
  assert.strictEqual((await results.next()).value.state, 'closed');
  // One was taken. The scan is paused when 100 wait, and what is in flight then still ends.
  while (held.stats().closed < 101 || held.stats().inFlight > 0) await turn();
  const count = held.stats().closed;
  assert.ok(count <= 101 + 50, `${count} results`);
  for (let i = 0; i < 50; ++i) await turn();
  assert.strictEqual(held.stats().closed, count);
  // It goes on once they have been taken.
  for (let i = 0; i < count; ++i) assert.strictEqual((await results.next()).done, false);
  await results.return();
  assert.strictEqual(held.stats(), undefined);
});

test('a second iteration is the first one', async () => {
  const once = scan({ targets: '127.0.0.1', ports: '61001-61010' });
  assert.ok(once instanceof Scan);
  assert.strictEqual(once[Symbol.asyncIterator](), once[Symbol.asyncIterator]());
  assert.strictEqual((await collect(once)).length, 10);
  assert.deepStrictEqual(await collect(once), []);
});

test('two scans at once, one of them on two threads', async () => {
  const counts = await Promise.all([1, 2].map(async (loops) => (await collect(scan({ targets: `127.0.0.${loops}`, ports: '61001-62000', loops }))).length));
  assert.deepStrictEqual(counts, [1000, 1000]);
});

test('worker threads scan on their own loops, and may be terminated meanwhile', async () => {
  const program = `
    const { scan } = require(${JSON.stringify(require.resolve(place))});
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      let count = 0;
      for await (const result of scan(workerData)) if (++count === 1) parentPort.postMessage(result.state);
      parentPort.postMessage(count);
    })();`;
  const whole = new Worker(program, { eval: true, workerData: { targets: '127.0.0.1', ports: '61001-61100' } });
  const messages = [];
  whole.on('message', (message) => messages.push(message));
  await once(whole, 'exit');
  assert.deepStrictEqual(messages, ['closed', 100]);
  for (const loops of [1, 2]) {
    const worker = new Worker(program, { eval: true, workerData: { ...ENDLESS, loops } });
    await once(worker, 'message');
    await worker.terminate();
  }
});

test('an unreferenced scan does not keep a worker running', async () => {
  const worker = new Worker(`
    const { scan } = require(${JSON.stringify(require.resolve(place))});
    scan(${JSON.stringify(ENDLESS)}).unref()[Symbol.asyncIterator]().next();`, { eval: true });
  assert.deepStrictEqual(await once(worker, 'exit'), [0]);
});

test('the version is that of the package', () => {
  assert.strictEqual(version, require(`${place}/package.json`).version);
});
