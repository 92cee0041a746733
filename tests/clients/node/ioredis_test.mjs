// ioredis, as its users use it.

import assert from 'node:assert/strict';
import {after, before, beforeEach, test} from 'node:test';

import {Redis} from 'ioredis';

import {eventually, everyByte, host, port, small, unixSocket} from './where.mjs';

let redis;

before(() => { redis = new Redis({host, port}); });
beforeEach(() => redis.flushall());
after(() => redis.quit());

test('strings', async () => {
  assert.equal(await redis.set('k', 'v'), 'OK');
  assert.equal(await redis.get('k'), 'v');
  assert.equal(await redis.get('nothing'), null);
  assert.equal(await redis.set('k', 'w', 'NX'), null);
  assert.equal(await redis.set('k', 'w', 'EX', 100, 'GET'), 'v');
  assert.equal(await redis.append('k', '!'), 2);
  assert.equal(await redis.getrange('k', 0, 0), 'w');
  assert.equal(await redis.getdel('k'), 'w!');
  assert.equal(await redis.mset({a: 1, b: 2}), 'OK');
  assert.deepEqual(await redis.mget('a', 'nothing', 'b'), ['1', null, '2']);
});

test('numbers', async () => {
  assert.equal(await redis.incr('n'), 1);
  assert.equal(await redis.incrby('n', 41), 42);
  assert.equal(await redis.decrby('n', 2), 40);
  assert.equal(await redis.incrbyfloat('f', 1.5), '1.5');
});

test('bitmaps', async () => {
  assert.equal(await redis.setbit('bits', 10, 1), 0);
  assert.equal(await redis.getbit('bits', 10), 1);
  assert.equal(await redis.bitcount('bits'), 1);
  assert.equal(await redis.bitpos('bits', 1), 10);
  assert.deepEqual(await redis.bitfield('bits', 'SET', 'u8', 0, 200, 'GET', 'u8', 0), [0, 200]);
});

test('binary values', async () => {
  await redis.set(everyByte, everyByte);
  assert.deepEqual(await redis.getBuffer(everyByte), everyByte);
  const large = Buffer.alloc(small ? 1 << 20 : 16 << 20, everyByte);
  await redis.set('large', large);
  assert.ok(large.equals(await redis.getBuffer('large')));
});

test('keys', async () => {
  await redis.mset('a', 1, 'b', 2);
  assert.equal(await redis.exists('a', 'b', 'nothing'), 2);
  assert.equal(await redis.type('a'), 'string');
  assert.equal(await redis.rename('a', 'c'), 'OK');
  assert.deepEqual((await redis.keys('*')).sort(), ['b', 'c']);
  assert.equal(await redis.unlink('b', 'c'), 2);
  assert.equal(await redis.dbsize(), 0);
});

test('expiry', async () => {
  await redis.set('later', 1, 'PX', 100000);
  assert.ok(await redis.ttl('later') > 90);
  assert.equal(await redis.persist('later'), 1);
  assert.equal(await redis.ttl('later'), -1);
  await redis.set('soon', 1, 'PX', 20);
  assert.ok(await eventually(async () => await redis.dbsize() === 1));
});

test('scan stream', async () => {
  const names = Array.from({length: 1000}, (_, i) => `user:${i}`);
  await redis.mset(...names.flatMap((name) => [name, 'x']), 'other', 'x');
  const seen = new Set();
  for await (const keys of redis.scanStream({match: 'user:*', count: 100})) {
    keys.forEach((key) => seen.add(key));
  }
  assert.deepEqual([...seen].sort(), names.sort());
});

test('pipelines', async () => {
  const count = small ? 500 : 10000;
  const pipeline = redis.pipeline();
  for (let i = 0; i < count; i++) pipeline.set(`k${i}`, i).incr(`k${i}`);
  const replies = await pipeline.exec();
  assert.equal(replies.length, 2 * count);
  replies.forEach(([error, reply], i) => {
    assert.equal(error, null);
    assert.equal(reply, i % 2 ? (i - 1) / 2 + 1 : 'OK');
  });
});

test('a pipeline with an error in it', async () => {
  const replies = await redis.pipeline().set('word', 'abc').incr('word').get('word').exec();
  assert.deepEqual(replies[0], [null, 'OK']);
  assert.match(replies[1][0].message, /value is not an integer or out of range/);
  assert.deepEqual(replies[2], [null, 'abc']);
});

test('automatic pipelining', async () => {
  const client = new Redis({host, port, enableAutoPipelining: true});
  await Promise.all(Array.from({length: 300}, () => client.incr('count')));
  assert.equal(await client.get('count'), '300');
  await client.quit();
});

test('client name and database', async () => {
  const client = new Redis({host, port, connectionName: 'by-ioredis', db: 4});
  assert.equal(await client.client('GETNAME'), 'by-ioredis');
  assert.match(await client.client('INFO'), / db=4 /);
  await client.set('where', 'four');
  assert.equal(await redis.get('where'), null);
  await client.quit();
});

test('unix socket', async () => {
  const client = new Redis({path: unixSocket});
  assert.equal(await client.ping(), 'PONG');
  await client.quit();
});

test('a killed connection comes back', async () => {
  const client = new Redis({host, port, retryStrategy: () => 5});
  const id = await client.client('ID');
  assert.equal(await redis.client('KILL', 'ID', id), 1);
  assert.ok(await eventually(async () => {
    try {
      return await client.client('ID') > id;
    } catch {
      return false;  // The call that was under way when the connection went.
    }
  }));
  await client.quit();
});

test('info and configuration', async () => {
  const info = await redis.info();
  assert.match(info, /^redis_version:7\./m);
  assert.match(info, new RegExp(`^tcp_port:${port}\r$`, 'm'));
  assert.deepEqual(await redis.config('GET', 'maxmemory'), ['maxmemory', '0']);
});

test('errors', async () => {
  await assert.rejects(redis.call('NOSUCH', 'x'), /unknown command 'NOSUCH'/);
  await assert.rejects(redis.call('GET'), /wrong number of arguments for 'get' command/);
});

test('monitor', async () => {
  const monitor = await redis.monitor();
  const seen = new Promise((resolve) => monitor.on('monitor', (time, args) => {
    if (args[1] === 'seen') resolve(args);
  }));
  await redis.set('seen', 'a value');
  assert.deepEqual(await seen, ['set', 'seen', 'a value']);
  monitor.disconnect();
});
