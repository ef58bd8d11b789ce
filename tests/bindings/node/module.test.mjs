// The same package as an ECMAScript module.
import assert from 'node:assert';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';

const place = process.env.PORTLOOP_PACKAGE;
const portloop = await import(place ? path.join(place, 'index.mjs') : 'portloop');

test('has the same functions as the CommonJS module', async () => {
  const { scan, Scan, Group, version } = createRequire(import.meta.url)(place ?? 'portloop');
  assert.deepStrictEqual({ ...portloop }, { scan, Scan, Group, version });
  const states = [];
  for await (const { state } of portloop.scan({ targets: '127.0.0.1', ports: '61001-61003' })) states.push(state);
  assert.deepStrictEqual(states, ['closed', 'closed', 'closed']);
});
