'use strict';
// The package as a program uses it. PORTLOOP_PACKAGE is its folder; without it, it is an installed one.
const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const { test } = require('node:test');
const { Worker } = require('node:worker_threads');

const place = process.env.PORTLOOP_PACKAGE || 'portloop';
const { scan, Scan, Group, version } = require(place);

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
  assert.deepStrictEqual(open, {
    address: '127.0.0.1', port, state: 'open', reason: 'syn-ack', service: '', error: undefined, tag: 0, connection: undefined,
  });
  assert.strictEqual(String(banner), '220 hello\r\n');
  assert.ok(rttUs > 0 && attempts >= 1);
  const closed = results.find((result) => result.port === 61001);
  assert.deepStrictEqual([closed.state, closed.reason, closed.banner], ['closed', 'conn-refused', undefined]);
});

test('every option is accepted', async () => {
  const results = await collect(scan({
    targets: '127.0.0.1-4', exclude: '127.0.0.2', ports: '61001-61010', excludePorts: [61001, '61002'], inFlight: 10, rate: 1e6, timeoutMs: 500, adaptive: false,
    stopAfter: 3, allOpen: 'report', retries: 0, order: 'sequential', seed: 2n ** 64n - 1n, shard: { number: 1, count: 2 }, loops: 1, connector: 'portable', highWaterMark: 1,
    banners: { kind: 'http', timeoutMs: 100, maxBytes: 10 }, signal: undefined, threaded: false, source: ['127.0.0.1', '::1'], interface: 'lo', dscp: 46,
    mark: 0, keepConnections: true, group: new Group({ inFlight: 100, rate: 1e6 }), openInput: false, onHost() {}, onProgress() {}, progressMs: 60_000,
  }));
  assert.strictEqual(results.length, 12);
  assert.ok(results.every((result) => result.port > 61002 && result.address !== '127.0.0.2'));
});

test('options of the wrong type are refused by name', () => {
  for (const [wrong, words] of [
    [{ ports: true }, /^ports must be a string, .*, not true$/], [{ targets: 1 }, /^targets must be a string, .*, not 1$/],
    [{ inFlight: '9' }, /^inFlight must be a whole number .*, not '9'$/], [{ timeoutMs: 1.5 }, /^timeoutMs must be .*, not 1.5$/],
    [{ timeoutMs: -5 }, /^timeoutMs must be .*, not -5$/], [{ retries: 2 ** 40 }, /^retries must be .*, not 1099511627776$/],
    [{ timeout: 5 }, /^'timeout' is not an option; the options are targets, /], [{ signal: {} }, /^signal must be an AbortSignal/],
    [{ seed: -1 }, /^seed must be/], [{ shard: { number: 1 } }, /^shard must be/], [{ order: 'up' }, /^order must be 'random' or 'sequential', not 'up'$/],
    [{ banners: { bytes: 1 } }, /^banners must be/], [{ highWaterMark: 0 }, /^highWaterMark must be/],
    [{ targets: [{ target: '127.0.0.1', port: 1 }] }, /^targets must be/], [{ targets: { target: '127.0.0.1', tag: -1 } }, /^targets must be/],
    [{ group: {} }, /^group must be a Group, not {}$/], [{ onHost: 1 }, /^onHost must be a function, not 1$/], [{ progressMs: 0 }, /^progressMs must be/],
    [{ allOpen: 'scan' }, /^allOpen must be 'ignore' or 'report' or 'skip', not 'scan'$/],
    [{ mark: -1 }, /^mark must be/], [{ interface: 1 }, /^interface must be a string/], [{ threaded: 1 }, /^threaded must be true or false/],
  ]) assert.throws(() => scan({ targets: '127.0.0.1', ...wrong }), { name: 'TypeError', message: words });
  assert.throws(() => scan('127.0.0.1'), /the options must be an object, not '127.0.0.1'/);
});

test("values that are refused are quoted in portloop's own message", async () => {
  for (const [wrong, words] of [
    [{ targets: ['no such host'] }, /'no such host'/], [{ ports: '70000' }, /'70000'/], [{ ports: 70000 }, /'70000'/], [{ timeoutMs: 0 }, /not 0/],
    [{ retries: 14 }, /retries is 0-13/], [{ ports: '80\u00001' }, /invalid argument/], [{ ports: `${'1,'.repeat(4000)}70000` }, /'70000'/],
    [{ rate: NaN }, /rate/], [{ exclude: 'x' }, /'x'/], [{ shard: { number: 3, count: 2 } }, /3/], [{ dscp: 64 }, /DSCP is 0-63, or -1 for none, not 64/],
    [{ source: 'here' }, /'here'/], [{ interface: 'x'.repeat(16) }, /15 bytes/], [{ targets: ['127.0.0.1', { target: 'here' }] }, /'here'/],
    [{ targets: { target: '127.0.0.1', ports: 70000 } }, /'70000'/],
  ]) assert.throws(() => scan({ targets: '127.0.0.1', ...wrong }), { code: 'EINVAL', message: words });
  await assert.rejects(collect(scan({ targets: [] })), { code: 'EINVAL', message: /no address/ });
  await assert.rejects(collect(scan({ targets: '127.0.0.1', interface: 'nosuchif0' })), { code: 'EINVAL', message: /'nosuchif0'/ });
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

test('a consumer that takes long does not hold up the loop for a whole batch', async () => {
  let turns = 0;
  const count = () => { ++turns; timer = setImmediate(count); };
  let timer = setImmediate(count);
  let results = 0;
  for await (const result of scan({ targets: '127.0.0.1', ports: '61001-61100' })) {
    results += result.port > 0;
    const start = performance.now();
    while (performance.now() < start + 1);
  }
  clearImmediate(timer);
  assert.strictEqual(results, 100);
  assert.ok(turns >= 90, `${turns} turns`);
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

async function* each(...targets) {
  for (const target of targets) {
    await turn();
    yield target;
  }
}

const shown = ({ address, port, tag }) => `${address}:${port}=${tag}`;

test('targets of an async iterable have ports and tags of their own', async () => {
  const targets = [
    '127.0.0.1', { target: '127.0.0.2', ports: [61001, '61003'], tag: Number.MAX_SAFE_INTEGER }, { target: '127.0.0.1', tag: 5 },
  ];
  const expected = [
    '127.0.0.1:61001=0', '127.0.0.1:61001=5', '127.0.0.1:61002=0', '127.0.0.1:61002=5',
    `127.0.0.2:61001=${Number.MAX_SAFE_INTEGER}`, `127.0.0.2:61003=${Number.MAX_SAFE_INTEGER}`,
  ];
  for (const given of [targets, each(...targets)]) {
    assert.deepStrictEqual((await collect(scan({ targets: given, ports: '61001-61002' }))).map(shown).sort(), expected);
  }
});

test('an endless input is scanned while it comes, and asked for no more than the scan can take', async () => {
  let asked = 0;
  async function* endless() {
    for (;;) {
      ++asked;
      yield `127.${asked >> 16 & 255}.${asked >> 8 & 255}.${asked & 255}`;
    }
  }
  let count = 0;
  const running = scan({ targets: endless(), ports: 61001, inFlight: 10 });
  for await (const result of running) {
    assert.strictEqual(result.port, 61001);
    assert.ok(running.stats().waiting < 1100);
    if (++count === 3000) break;
  }
  assert.ok(asked < count + 8000, `${asked} targets`); // what waits for the program, the scan, and its parts
});

test('an error of the input is thrown after what is known', async () => {
  async function* broken() {
    yield '127.0.0.1';
    throw new RangeError('of my own');
  }
  await assert.rejects(collect(scan({ targets: broken(), ports: 61001 })), { name: 'RangeError', message: 'of my own' });
  await assert.rejects(collect(scan({ targets: each('127.0.0.1', 'here'), ports: 61001 })), { code: 'EINVAL', message: /'here'/ });
  await assert.rejects(collect(scan({ targets: each(5), ports: 61001 })), { name: 'TypeError', message: /not 5$/ });
});

test('a scan that is left ends its input', async () => {
  for (const leave of ['break', 'stop', 'input']) {
    let ended = 0;
    async function* input() {
      try {
        yield '127.0.0.1';
        yield leave === 'input' ? 'here' : '127.0.0.2';
        if (leave === 'stop') await new Promise(setImmediate);
      } finally {
        ++ended;
      }
    }
    const running = scan({ targets: input(), ports: 61001 });
    try {
      for await (const result of running) {
        assert.strictEqual(result.port, 61001);
        if (leave === 'break') break;
        if (leave === 'stop') running.stop();
      }
      assert.notStrictEqual(leave, 'input');
    } catch (error) {
      assert.strictEqual(error.code, 'EINVAL');
    }
    while (ended === 0) await turn();
    assert.strictEqual(ended, 1);
  }
});

test('targets are added one by one', async () => {
  const running = scan({ targets: [], ports: 61001, openInput: true });
  running.add('127.0.0.1');
  const found = [];
  for await (const result of running) {
    found.push(shown(result));
    if (found.length > 1) continue;
    assert.throws(() => running.add('here'), { code: 'EINVAL', message: /'here'/ });
    assert.throws(() => running.add('127.0.0.1\0'), { code: 'EINVAL' });
    assert.throws(() => running.add({ target: '127.0.0.1', ports: '80\0' }), { code: 'EINVAL' });
    assert.throws(() => running.add(5), { name: 'TypeError' });
    running.add({ target: '127.0.0.2', ports: '61002-61003', tag: 9 });
    running.finish();
    assert.throws(() => running.add('127.0.0.3'), { code: 'ESHUTDOWN', message: /the input of the scan is not open/ });
  }
  assert.deepStrictEqual(found.sort(), ['127.0.0.1:61001=0', '127.0.0.2:61002=9', '127.0.0.2:61003=9']);
  assert.throws(() => scan({ targets: each('127.0.0.1'), openInput: true }), /^TypeError: openInput is for add\(\)/);
});

test('a scan that is paused starts nothing, and has other limits then', async () => {
  const running = scan({ ...ENDLESS, inFlight: 20 });
  running.pause(); // also before the start
  const results = running[Symbol.asyncIterator]();
  const first = results.next();
  for (let i = 0; i < 50; ++i) await turn();
  assert.strictEqual(running.stats().connects, 0);
  running.resume();
  await first;
  running.pause();
  while (running.stats().inFlight > 0) await turn();
  const { connects } = running.stats();
  for (let i = 0; i < 50; ++i) await turn();
  assert.strictEqual(running.stats().connects, connects);
  running.setInFlight(1);
  running.setRate(1e9);
  running.resume();
  while (running.stats().connects === connects) {
    await turn();
    assert.ok(running.stats().inFlight <= 1);
  }
  assert.throws(() => running.setInFlight(0), { code: 'EINVAL', message: /inFlight is 1-1000000/ });
  assert.throws(() => running.setRate(-1), { code: 'EINVAL', message: /rate is/ });
  assert.throws(() => running.setInFlight('1'), { name: 'TypeError' });
  await results.return();
  running.setRate(5); // no effect any more
});

test('a pause outlives that of a full queue', async () => {
  const running = scan({ ...ENDLESS, inFlight: 50, highWaterMark: 100 });
  const results = running[Symbol.asyncIterator]();
  await results.next();
  while (running.stats().closed < 101) await turn();
  running.pause();
  while (running.stats().inFlight > 0) await turn();
  for (let i = 0; i < 50; ++i) await turn(); // results come a turn later than they are counted
  const { closed } = running.stats();
  for (let i = 1; i < closed; ++i) await results.next();
  const next = results.next();
  for (let i = 0; i < 50; ++i) await turn();
  assert.strictEqual(running.stats().closed, closed);
  running.resume();
  assert.strictEqual((await next).done, false);
  await results.return();
});

test('a group holds for all of its scans', async () => {
  const group = new Group({ inFlight: 3 });
  const scans = [1, 2].map(() => scan({ ...ENDLESS, group }));
  const iterators = scans.map((each) => each[Symbol.asyncIterator]());
  for (let i = 0; i < 200; ++i) {
    for (const iterator of iterators) await iterator.next();
    assert.ok(scans[0].stats().inFlight + scans[1].stats().inFlight <= 3);
  }
  group.setInFlight(1);
  group.setRate(1e6);
  for (const iterator of iterators) await iterator.return();
  assert.throws(() => new Group({ speed: 1 }), /^TypeError: 'speed' is not a limit/);
  assert.throws(() => group.setInFlight(0), { code: 'EINVAL' });
  assert.throws(() => group.setRate(-1), { code: 'EINVAL' });
  assert.throws(() => group.setInFlight(1.5), { name: 'TypeError' });
});

test('progress comes while a scan waits', async () => {
  const running = scan({ targets: [], openInput: true, threaded: true, progressMs: 1, onProgress });
  function onProgress(stats) {
    assert.strictEqual(stats.probes, 0);
    running.finish();
  }
  assert.deepStrictEqual(await collect(running), []);
});

test('a host that is absent is an event', { skip: process.env.ABSENT_HOST ? false : 'needs a link without hosts, which run_in_host.py makes' }, async () => {
  const events = [];
  const results = await collect(scan({ targets: process.env.ABSENT_HOST, ports: '1-3', onHost: (event) => events.push(event) }));
  assert.deepStrictEqual(results.map(({ reason }) => reason), Array(3).fill('host-unreach'));
  assert.deepStrictEqual(events, [{ address: process.env.ABSENT_HOST, event: 'absent' }]);
});

test('a host that accepts everything is an event, and may be left out', { skip: process.env.TARPIT_HOST ? false : 'needs such a host, which run_in_host.py makes' }, async () => {
  for (const [allOpen, count] of [['ignore', 20], ['report', 20], ['skip', 1]]) {
    const events = [];
    const results = await collect(scan({ targets: process.env.TARPIT_HOST, ports: '101-120', allOpen, onHost: (event) => events.push(event) }));
    assert.deepStrictEqual(results.map(({ state }) => state), Array(count).fill('open'));
    assert.deepStrictEqual(events, allOpen === 'ignore' ? [] : [{ address: process.env.TARPIT_HOST, event: 'all-open' }]);
  }
});

async function accepting(t) {
  const peers = new Map(); // by their port
  const server = net.createServer((socket) => {
    peers.set(socket.remotePort, socket);
    socket.on('error', (error) => { socket.failure = error.code; });
  });
  server.listen(0, '127.0.0.1', 1024);
  await once(server, 'listening');
  t.after(() => server.close());
  return { port: server.address().port, peers };
}

test('a connection is taken over', async (t) => {
  for (const engine of [{}, { loops: 2 }, { connector: 'portable' }]) {
    const { port, peers } = await accepting(t);
    let taken;
    for await (const { state, connection } of scan({ targets: '127.0.0.1', ports: [port, 61001], keepConnections: true, ...engine })) {
      assert.strictEqual(connection === undefined, state !== 'open');
      if (connection === undefined) continue;
      taken = connection.take();
      assert.throws(() => connection.take(), /taken over or closed before/);
    }
    assert.deepStrictEqual([taken.remoteAddress, taken.remotePort], ['127.0.0.1', port]);
    while (!peers.has(taken.localPort)) await turn();
    peers.get(taken.localPort).end('hello');
    const [data] = await once(taken, 'data');
    assert.strictEqual(String(data), 'hello');
    taken.destroy();
  }
});

test('a connection that nobody takes is reset', async (t) => {
  const descriptors = () => fs.readdirSync('/proc/self/fd').length;
  for (const leave of ['next', 'break', 'close', 'queued']) {
    const { port, peers } = await accepting(t);
    const before = descriptors() + 1; // libuv may keep one for its next file
    const running = scan({ targets: '127.0.0.1', ports: port, keepConnections: true });
    const results = running[Symbol.asyncIterator]();
    const { value } = await results.next();
    if (leave === 'close') value.connection.close();
    if (leave === 'break') await results.return();
    if (leave === 'next') assert.strictEqual((await results.next()).done, true);
    if (leave !== 'queued') assert.throws(() => value.connection.take(), /taken over or closed before/);
    await results.return();
    while (peers.size === 0 || [...peers.values()].some((peer) => peer.failure === undefined)) await turn();
    assert.ok([...peers.values()].every((peer) => peer.failure === 'ECONNRESET'));
    assert.ok(descriptors() <= before, 'descriptors are left');
  }
});

test('a scan pauses while connections wait', async (t) => {
  const server = net.createServer((socket) => socket.on('error', () => {}));
  server.listen(0, '0.0.0.0', 1024);
  await once(server, 'listening');
  t.after(() => server.close());
  const running = scan({ targets: '127.0.0.1-254', ports: server.address().port, keepConnections: true, inFlight: 10 });
  const results = running[Symbol.asyncIterator]();
  const { value: first } = await results.next();
  for (let i = 0; i < 500 || running.stats().inFlight > 0; ++i) await turn();
  assert.ok(running.stats().open < 64 + 1 + 20, `${running.stats().open} are open`);
  const { value: second } = await results.next();
  assert.throws(() => first.connection.take(), /taken over or closed before/); // the next result was asked for
  second.connection.take().destroy();
  let count = 2;
  while (!(await results.next()).done) ++count;
  assert.strictEqual(count, 254);
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
