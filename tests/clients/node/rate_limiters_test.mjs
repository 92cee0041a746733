// Rate limiters. `ratelimiter` keeps a sorted set a visitor and works in transactions.
// `rate-limiter-flexible` counts within a time by a script, which waits until the server has them;
// here it counts without an end, blocks, pays back, and has its variant that is not atomic.

import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';
import {promisify} from 'node:util';

import {Redis} from 'ioredis';
import {RateLimiterRedis, RateLimiterRedisNonAtomic, RateLimiterRes} from 'rate-limiter-flexible';
import Limiter from 'ratelimiter';
import {createClient} from 'redis';

import {eventually, host, port} from './where.mjs';

let redis;

before(() => { redis = new Redis({host, port}); });
beforeEach(() => redis.flushall());
after(() => redis.quit());

describe('ratelimiter', () => {
  const limiter = (id, options) => {
    const made = new Limiter({id, db: redis, ...options});
    return promisify(made.get.bind(made));
  };

  test('counts down to nothing, a visitor at a time', async () => {
    const [mine, yours] = [limiter('me', {max: 5}), limiter('you', {max: 5})];
    const left = [];
    for (let i = 0; i < 7; i++) left.push((await mine()).remaining);
    assert.deepEqual(left, [5, 4, 3, 2, 1, 0, 0]);
    assert.equal((await yours()).remaining, 5);
    assert.ok(await redis.zcard('limit:me') <= 5);
    assert.ok(await redis.pttl('limit:me') > 3500000);
  });

  test('the window moves on', async () => {
    const get = limiter('me', {max: 2, duration: 300});
    await Promise.all([get(), get(), get()]);
    assert.equal((await get()).remaining, 0);
    await new Promise((resolve) => setTimeout(resolve, 320));
    assert.equal((await get()).remaining, 2);
    assert.ok(await eventually(async () => await redis.exists('limit:me') === 0));
  });
});

describe('rate-limiter-flexible', () => {
  const flexible = (options) => new RateLimiterRedis({storeClient: redis, points: 5, ...options});

  test('points that never come back by themselves', async () => {
    const limiter = flexible({duration: 0});
    for (let i = 1; i <= 5; i++) assert.equal((await limiter.consume('me')).consumedPoints, i);
    await assert.rejects(limiter.consume('me'),
                         (why) => why instanceof RateLimiterRes && why.remainingPoints === 0);
    await limiter.reward('me', 3);
    assert.equal((await limiter.get('me')).remainingPoints, 2);
    await limiter.penalty('me');
    assert.equal((await limiter.get('me')).remainingPoints, 1);
    assert.equal(await limiter.delete('me'), true);
    assert.equal(await limiter.get('me'), null);
  });

  test('blocking for a time', async () => {
    const limiter = flexible({duration: 0});
    await limiter.block('me', 1);
    await assert.rejects(limiter.consume('me'), (why) => why.msBeforeNext > 0);
    assert.ok(await eventually(async () => await limiter.get('me') === null));
    assert.equal((await limiter.consume('me')).remainingPoints, 4);
  });

  test('a hundred at once', async () => {
    const limiter = flexible({points: 60, duration: 0});
    const outcomes = await Promise.allSettled(
        Array.from({length: 100}, () => limiter.consume('me')));
    assert.equal(outcomes.filter(({status}) => status === 'fulfilled').length, 60);
  });

  test('through node-redis', async () => {
    const client = await createClient({socket: {host, port}}).connect();
    const limiter = flexible({storeClient: client, useRedisPackage: true, duration: 0});
    assert.equal((await limiter.consume('me', 2)).remainingPoints, 3);
    await limiter.set('me', 5, 100);
    assert.ok((await limiter.get('me')).msBeforeNext > 90000);
    await assert.rejects(limiter.consume('me'), RateLimiterRes);
    await client.close();
  });

  test('the variant without scripts', async () => {
    const limiter = new RateLimiterRedisNonAtomic({storeClient: redis, points: 2, duration: 100});
    assert.equal((await limiter.consume('me')).remainingPoints, 1);
    assert.equal((await limiter.consume('me')).remainingPoints, 0);
    await assert.rejects(limiter.consume('me'), RateLimiterRes);
  });
});
