// memjs, which speaks the binary protocol only, with and without SASL. (Its prepend() appends.)

import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';

import memjs from 'memjs';

import {eventually, everyByte, host, port, small} from './where.mjs';

const username = process.env.TARN_USER;
const password = process.env.TARN_PASSWORD;
const options = {timeout: 20, conntimeout: 20, retries: 0};
const login = password ? {username, password} : {};

let client;

before(() => { client = memjs.Client.create(`${host}:${port}`, {...options, ...login}); });
beforeEach(() => client.flush());
after(() => client.close());

test('storing', async () => {
  assert.equal(await client.set('k', 'v', {expires: 600}), true);
  assert.equal((await client.get('k')).value.toString(), 'v');
  assert.equal((await client.get('nothing')).value, null);
  assert.equal(await client.add('k', 'w', {}), false);
  assert.equal(await client.add('new', 'w', {}), true);
  assert.equal(await client.replace('k', 'w', {}), true);
  assert.equal(await client.replace('nothing', 'w', {}), false);
  assert.equal(await client.append('k', '!'), true);
  await assert.rejects(client.append('nothing', '!'));
  assert.equal((await client.get('k')).value.toString(), 'w!');
  assert.equal(await client.delete('k'), true);
  assert.equal(await client.delete('k'), false);
});

test('every byte and large values', async () => {
  for (const value of [everyByte, Buffer.alloc(0), Buffer.alloc(1_000_000, everyByte)]) {
    assert.equal(await client.set('bytes', value, {}), true);
    assert.deepEqual((await client.get('bytes')).value, value);
  }
  await assert.rejects(client.set('bytes', Buffer.alloc(2_000_000), {}));
  assert.equal(await client.set('bytes', 'v', {}), true);
});

test('numbers', async () => {
  assert.equal((await client.increment('n', 5, {initial: 10, expires: 100})).value, 10);
  assert.equal((await client.increment('n', 5, {})).value, 15);
  assert.equal((await client.decrement('n', 3, {})).value, 12);
  assert.equal((await client.decrement('n', 100, {})).value, 0);
  await client.set('text', 'not a number', {});
  await assert.rejects(client.increment('text', 1, {}));
});

test('times', async () => {
  await client.set('soon', 'v', {expires: 1});
  assert.ok(await eventually(async () => (await client.get('soon')).value === null));
  await client.set('k', 'v', {expires: 1});
  assert.equal(await client.touch('k', 1000), true);
  assert.equal(await client.touch('nothing', 1000), false);
  assert.equal((await client.get('k')).value.toString(), 'v');
});

test('many at once', async () => {
  const count = small ? 200 : 2000;
  const numbers = Array.from({length: count}, (_, i) => i);
  const stored = await Promise.all(numbers.map((i) => client.set(`k${i}`, `v${i}`, {})));
  assert.ok(stored.every((ok) => ok));
  const found = await Promise.all(numbers.map((i) => client.get(`k${i}`)));
  assert.deepEqual(found.map(({value}) => value.toString()), numbers.map((i) => `v${i}`));
});

test('flushing and statistics', async () => {
  await client.set('k', 'v', {});
  const stats = await new Promise((resolve, reject) => {
    client.stats((error, server, found) => error ? reject(error) : resolve(found));
  });
  assert.ok(Number(stats.curr_items) > 0);
  await client.flush();
  assert.equal((await client.get('k')).value, null);
});

test('the wrong password', {skip: !password}, async () => {
  for (const wrong of [{username, password: 'wrong'}, {username: 'nobody', password}]) {
    const other = memjs.Client.create(`${host}:${port}`, {...options, ...wrong});
    await assert.rejects(other.set('k', 'v', {}));
    other.close();
  }
  const anonymous = memjs.Client.create(`${host}:${port}`, options);
  await assert.rejects(anonymous.set('k', 'v', {}));
  anonymous.close();
  assert.equal((await client.get('k')).value, null);
});
