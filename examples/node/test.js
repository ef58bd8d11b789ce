'use strict';
// Tests the addon as a program would use it. The build runs it with PORTLOOP_ADDON set.
const assert = require('node:assert');
const net = require('node:net');
const { Worker } = require('node:worker_threads');

const { scan, version, native } = require('./index.js');

function listen(greeting) {
  return new Promise((resolve) => {
    const server = net.createServer((socket) => {
      socket.on('error', () => {}); // the scanner resets
      if (greeting) socket.write(greeting);
    });
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

async function main() {
  assert.match(version, /^\d+\.\d+\.\d+$/);
  const server = await listen('220 hello\r\n');
  const { port } = server.address();

  // Every port once, the open one with its banner; Node's own timers run meanwhile.
  let ticks = 0;
  const timer = setInterval(() => { ++ticks; }, 1);
  const results = [];
  for await (const result of scan({ targets: ['127.0.0.1'], ports: `${port},61001-61500`, banners: true })) results.push(result);
  clearInterval(timer);
  const expected = new Set([port, ...Array.from({ length: 500 }, (_, i) => 61001 + i)]);
  assert.strictEqual(results.length, expected.size);
  assert.deepStrictEqual(new Set(results.map((result) => result.port)), expected);
  const open = results.find((result) => result.port === port);
  assert.strictEqual(open.state, 'open');
  assert.strictEqual(open.reason, 'syn-ack');
  assert.strictEqual(String(open.banner), '220 hello\r\n');
  assert.ok(ticks > 0);

  // An invalid option throws portloop's own message.
  await assert.rejects(scan({ targets: ['no such host'], ports: '1' }).next(), /'no such host'/);
  await assert.rejects(scan({ targets: ['127.0.0.1'], ports: '70000' }).next(), /'70000'/);
  await assert.rejects(scan({ targets: ['127.0.0.1'], timeoutMs: -5 }).next(), /timeout is 1-600000/);
  await assert.rejects(scan({ targets: ['127.0.0.1'], retries: 14 }).next(), /retries is 0-13/);
  await assert.rejects(scan({ targets: ['127.0.0.1'], retries: 2 ** 40 }).next(), /retries is 0-13/);
  await assert.rejects(scan({ targets: ['127.0.0.1'], ports: '80\u00001' }).next(), /invalid argument/);
  await assert.rejects(scan({ targets: ['127.0.0.1'], ports: `${'1,'.repeat(4000)}70000` }).next(), /'70000'/);
  for (const [wrong, words] of [
    [{ ports: 80 }, /ports must be a string/], [{ targets: '127.0.0.1' }, /targets must be an array/], [{ inFlight: '9' }, /inFlight must be a whole number/],
    [{ timeoutMs: 1.5 }, /timeoutMs must be a whole number/], [{ timeout: 5 }, /'timeout' is not an option/], [{ signal: {} }, /signal must be an AbortSignal/],
  ]) await assert.rejects(scan({ targets: ['127.0.0.1'], ...wrong }).next(), words);
  await assert.rejects(scan({ targets: [] }).next(), /no address/);
  assert.throws(() => native.start(), /an object and two functions/);
  assert.throws(() => native.stop({}), /must be a scan/);

  // The scan ends if it is left early or aborted, and so does Node.
  for await (const result of scan({ targets: ['127.0.0.0/16'], ports: '61001-65535' })) {
    assert.ok(result.port);
    break;
  }
  const controller = new AbortController();
  let count = 0;
  await assert.rejects(async () => {
    for await (const result of scan({ targets: ['127.0.0.0/16'], ports: '61001-65535', signal: controller.signal })) {
      assert.ok(result.port);
      if (++count === 100) controller.abort();
    }
  }, { name: 'AbortError' });
  assert.ok(count >= 100);
  await assert.rejects(scan({ targets: ['127.0.0.1'], ports: '61001', signal: AbortSignal.abort(new Error('too late')) }).next(), /too late/);

  // What the consumer throws ends the scan, too, and is passed on.
  await assert.rejects(async () => {
    for await (const result of scan({ targets: ['127.0.0.0/16'], ports: '61001-65535' })) throw new Error(result.state);
  }, /closed/);

  // Two at once, one of them on two loop threads.
  const counted = async (options) => {
    let n = 0;
    for await (const result of scan(options)) n += result.port > 0 ? 1 : 0;
    return n;
  };
  assert.deepStrictEqual(await Promise.all([
    counted({ targets: ['127.0.0.1'], ports: '61001-62000' }),
    counted({ targets: ['127.0.0.2'], ports: '61001-62000', loops: 2 }),
  ]), [1000, 1000]);

  // A worker that is terminated during its scan.
  const worker = new Worker(`
    const { scan } = require(${JSON.stringify(require.resolve('./index.js'))});
    (async () => {
      let posted = false;
      for await (const result of scan({ targets: ['127.0.0.0/8'], ports: '61001-65535' })) {
        if (!posted) require('node:worker_threads').parentPort.postMessage(result.state);
        posted = true;
      }
    })();`, { eval: true });
  await new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  await worker.terminate();
  server.close();
  console.log('node', process.version, 'libuv', process.versions.uv, 'portloop', version);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
