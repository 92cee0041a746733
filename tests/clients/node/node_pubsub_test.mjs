// Publish/subscribe through node-redis (RESP2, RESP3 and shard channels) and ioredis, and the
// client-side cache of node-redis, which lives on invalidations.

import assert from 'node:assert/strict';
import {once} from 'node:events';
import {after, before, beforeEach, describe, test} from 'node:test';

import {Redis} from 'ioredis';
import {createClient} from 'redis';

import {eventually, everyByte, host, port, small} from './where.mjs';

for (const RESP of [2, 3]) describe(`node-redis, RESP${RESP}`, () => {
  let client, subscriber;

  const connected = async (more = {}) => {
    const fresh = createClient({RESP, socket: {host, port}, ...more});
    fresh.on('error', () => {});
    return fresh.connect();
  };

  before(async () => {
    client = await connected();
    subscriber = await connected({name: 'subscriber'});
  });
  after(async () => {
    await subscriber.close();
    await client.close();
  });

  test('channels', async () => {
    const got = [];
    await subscriber.subscribe(['a', 'b'], (message, channel) => got.push([channel, message]));
    assert.equal(await client.publish('a', '1'), 1);
    assert.equal(await client.publish('b', '2'), 1);
    assert.equal(await client.publish('c', '3'), 0);
    assert.ok(await eventually(async () => got.length === 2));
    assert.deepEqual(got, [['a', '1'], ['b', '2']]);
    assert.deepEqual({...await client.pubSubNumSub(['a', 'b', 'c'])}, {a: 1, b: 1, c: 0});
    await subscriber.unsubscribe();
    assert.equal(await client.publish('a', '4'), 0);
  });

  test('patterns', async () => {
    const got = [];
    await subscriber.pSubscribe('n?ws.*', (message, channel) => got.push([channel, message]));
    assert.equal(await client.publish('news.art', 'x'), 1);
    assert.ok(await eventually(async () => got.length === 1));
    assert.deepEqual(got, [['news.art', 'x']]);
    assert.equal(await client.pubSubNumPat(), 1);
    await subscriber.pUnsubscribe('n?ws.*');
    assert.equal(await client.pubSubNumPat(), 0);
  });

  test('shard channels', async () => {
    const got = [];
    await subscriber.sSubscribe('shard', (message) => got.push(message));
    assert.equal(await client.sPublish('shard', 'x'), 1);
    assert.ok(await eventually(async () => got.length === 1));
    assert.deepEqual(await client.pubSubShardChannels(), ['shard']);
    await subscriber.sUnsubscribe('shard');
  });

  test('binary messages', async () => {
    const got = [];
    await subscriber.subscribe('bytes', (message) => got.push(message), true);
    await client.publish('bytes', everyByte);
    assert.ok(await eventually(async () => got.length === 1));
    assert.deepEqual(got[0], everyByte);
    await subscriber.unsubscribe('bytes');
  });

  test('many messages, in order', async () => {
    const got = [], count = small ? 500 : 20000;
    await subscriber.subscribe('feed', (message) => got.push(Number(message)));
    for (let i = 0; i < count; i += 500) {
      await Promise.all(Array.from({length: 500}, (_, j) => client.publish('feed', `${i + j}`)));
    }
    assert.ok(await eventually(async () => got.length === count));
    assert.ok(got.every((message, i) => message === i));
    await subscriber.unsubscribe('feed');
  });

  test('a killed subscriber subscribes again', async () => {
    const got = [];
    await subscriber.subscribe('a', (message) => got.push(message));
    const victim = (await client.clientList()).find(({name}) => name === 'subscriber');
    assert.equal(await client.clientKill({filter: 'ID', id: victim.id}), 1);
    assert.ok(await eventually(async () => await client.publish('a', 'again') === 1));
    assert.ok(await eventually(async () => got.includes('again')));
    await subscriber.unsubscribe('a');
  });

  test('keyspace notifications', async () => {
    const got = [];
    await client.configSet('notify-keyspace-events', 'KEA');
    await subscriber.pSubscribe('__keyevent@0__:*', (key, channel) =>
      got.push([channel.split(':')[1], key]));
    await client.hSet('h', {f: 'v'});
    await client.zAdd('z', {score: 1, value: 'm'});
    await client.set('soon', '1', {expiration: {type: 'PX', value: 20}});
    assert.ok(await eventually(async () => got.length === 5));
    assert.deepEqual(got, [['hset', 'h'], ['zadd', 'z'], ['set', 'soon'], ['expire', 'soon'],
                           ['expired', 'soon']]);
    await subscriber.pUnsubscribe();
    await client.configSet('notify-keyspace-events', '');
    await client.flushAll();
  });
});

describe('node-redis, one connection for everything', () => {
  test('RESP3 pushes between replies', async () => {
    const client = await createClient({RESP: 3, socket: {host, port}}).connect();
    const got = [];
    await client.subscribe('own', (message) => got.push(message));
    const calls = [];
    for (let i = 0; i < 200; i++) calls.push(client.publish('own', `${i}`), client.incr('n'));
    const replies = await Promise.all(calls);
    assert.deepEqual(replies.filter((_, i) => i % 2), Array.from({length: 200}, (_, i) => i + 1));
    assert.ok(await eventually(async () => got.length === 200));
    assert.deepEqual(got, Array.from({length: 200}, (_, i) => `${i}`));
    await client.flushAll();
    await client.close();
  });

  test('the client-side cache', async () => {
    const clientSideCache = {ttl: 0, maxEntries: 0, evictPolicy: 'LRU'};
    const caching = await createClient({RESP: 3, socket: {host, port}, clientSideCache}).connect();
    const other = await createClient({socket: {host, port}}).connect();
    await other.set('k', 'old');
    assert.deepEqual([await caching.get('k'), await caching.get('k')], ['old', 'old']);
    assert.match((await caching.clientInfo()).flags, /t/);
    await other.set('k', 'new');
    assert.ok(await eventually(async () => await caching.get('k') === 'new'));
    await other.hSet('h', {f: '1'});
    assert.deepEqual({...await caching.hGetAll('h')}, {f: '1'});
    await other.flushAll();
    assert.ok(await eventually(async () => await caching.get('k') === null));
    assert.deepEqual({...await caching.hGetAll('h')}, {});
    await caching.close();
    await other.close();
  });
});

describe('ioredis', () => {
  let redis, subscriber;

  before(async () => {
    redis = new Redis({host, port});
    subscriber = new Redis({host, port, retryStrategy: () => 5, connectionName: 'subscriber'});
    await once(subscriber, 'ready');  // Until then it asks for INFO itself.
  });
  beforeEach(() => redis.flushall());
  after(() => Promise.all([redis.quit(), subscriber.quit()]));

  test('channels and patterns', async () => {
    const got = [];
    subscriber.on('message', (channel, message) => got.push([channel, message]));
    subscriber.on('pmessage', (pattern, channel, message) => got.push([pattern, channel, message]));
    assert.equal(await subscriber.subscribe('a', 'b'), 2);
    assert.equal(await subscriber.psubscribe('?'), 3);
    assert.equal(await redis.publish('a', 'x'), 2);
    assert.equal(await redis.publish('z', 'y'), 1);
    assert.ok(await eventually(async () => got.length === 3));
    assert.deepEqual(got, [['a', 'x'], ['?', 'a', 'x'], ['?', 'z', 'y']]);
    assert.deepEqual((await redis.pubsub('CHANNELS')).sort(), ['a', 'b']);
    await assert.rejects(subscriber.get('k'), /subscriber mode/);
    assert.equal(await subscriber.unsubscribe('a', 'b'), 1);
    assert.equal(await subscriber.punsubscribe('?'), 0);
  });

  test('subscriptions come back after a lost connection', async () => {
    const got = [];
    subscriber.on('message', (channel, message) => got.push(message));
    await subscriber.subscribe('a');
    const id = /id=(\d+) [^\n]*name=subscriber/.exec(await redis.client('LIST'))[1];
    assert.equal(await redis.client('KILL', 'ID', id), 1);
    assert.ok(await eventually(async () => await redis.publish('a', 'again') === 1));
    assert.ok(await eventually(async () => got.includes('again')));
    await subscriber.unsubscribe('a');
  });
});
