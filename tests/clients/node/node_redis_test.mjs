// node-redis, as its users use it, speaking RESP2 and RESP3.

import assert from 'node:assert/strict';
import {after, before, beforeEach, describe, test} from 'node:test';

import {createClient, createClientPool, RESP_TYPES} from 'redis';

import {eventually, everyByte, host, port, small, unixSocket} from './where.mjs';

for (const RESP of [2, 3]) describe(`RESP${RESP}`, () => {
  const options = {RESP, socket: {host, port}};
  let client;

  const connected = async (more = {}) => {
    const fresh = createClient({...options, ...more});
    fresh.on('error', () => {});
    return fresh.connect();
  };

  before(async () => { client = await connected(); });
  beforeEach(() => client.flushAll());
  after(() => client.close());

  test('protocol', async () => {
    const hello = await client.sendCommand(['HELLO']);
    const proto = RESP === 2 ? hello[hello.indexOf('proto') + 1] : hello.proto;
    assert.equal(proto, RESP);
  });

  test('strings', async () => {
    assert.equal(await client.set('k', 'v'), 'OK');
    assert.equal(await client.get('k'), 'v');
    assert.equal(await client.get('nothing'), null);
    assert.equal(await client.set('k', 'w', {condition: 'NX'}), null);
    const lasting = {expiration: {type: 'EX', value: 100}, GET: true};
    assert.equal(await client.set('k', 'w', lasting), 'v');
    assert.equal(await client.append('k', '!'), 2);
    assert.equal(await client.getEx('k', {type: 'PERSIST'}), 'w!');
    assert.equal(await client.getDel('k'), 'w!');
    assert.equal(await client.mSet({a: '1', b: '2'}), 'OK');
    assert.deepEqual(await client.mGet(['a', 'nothing', 'b']), ['1', null, '2']);
  });

  test('numbers', async () => {
    assert.equal(await client.incr('n'), 1);
    assert.equal(await client.incrBy('n', 41), 42);
    assert.equal(await client.decrBy('n', 2), 40);
    assert.equal(await client.incrByFloat('f', 1.5), '1.5');
  });

  test('bitmaps', async () => {
    assert.equal(await client.setBit('bits', 10, 1), 0);
    assert.equal(await client.getBit('bits', 10), 1);
    assert.equal(await client.bitCount('bits'), 1);
    assert.equal(await client.bitPos('bits', 1), 10);
  });

  test('binary values', async () => {
    const binary = client.withTypeMapping({[RESP_TYPES.BLOB_STRING]: Buffer});
    await binary.set(everyByte, everyByte);
    assert.deepEqual(await binary.get(everyByte), everyByte);
    const large = Buffer.alloc(small ? 1 << 20 : 16 << 20, everyByte);
    await binary.set('large', large);
    assert.ok(large.equals(await binary.get('large')));
  });

  test('keys', async () => {
    await client.mSet({a: '1', b: '2'});
    assert.equal(await client.exists(['a', 'b', 'nothing']), 2);
    assert.equal(await client.type('a'), 'string');
    assert.equal(await client.copy('a', 'z'), 1);
    assert.equal(await client.rename('a', 'c'), 'OK');
    assert.deepEqual((await client.keys('*')).sort(), ['b', 'c', 'z']);
    assert.equal(await client.unlink(['b', 'c', 'z']), 3);
    assert.equal(await client.dbSize(), 0);
  });

  test('expiry', async () => {
    await client.set('later', '1', {expiration: {type: 'PX', value: 100000}});
    assert.ok(await client.ttl('later') > 90);
    assert.equal(await client.expire('later', 50, 'GT'), 0);
    assert.equal(await client.persist('later'), 1);
    assert.equal(await client.ttl('later'), -1);
    await client.set('soon', '1', {expiration: {type: 'PX', value: 20}});
    assert.ok(await eventually(async () => await client.dbSize() === 1));
  });

  test('scan iterator', async () => {
    const names = Array.from({length: 1000}, (_, i) => `user:${i}`);
    await client.mSet([...names.map((name) => [name, 'x']), ['other', 'x']]);
    const seen = new Set();
    for await (const keys of client.scanIterator({MATCH: 'user:*', COUNT: 100})) {
      keys.forEach((key) => seen.add(key));
    }
    assert.deepEqual([...seen].sort(), names.sort());
  });

  test('automatic pipelining', async () => {
    const count = small ? 500 : 10000;
    const calls = [];
    for (let i = 0; i < count; i++) calls.push(client.set(`k${i}`, `${i}`), client.incr(`k${i}`));
    const replies = await Promise.all(calls);
    replies.forEach((reply, i) => assert.equal(reply, i % 2 ? (i - 1) / 2 + 1 : 'OK'));
  });

  test('a pipeline with an error in it', async () => {
    const replies = await Promise.allSettled(
        [client.set('word', 'abc'), client.incr('word'), client.get('word')]);
    assert.equal(replies[0].value, 'OK');
    assert.match(replies[1].reason.message, /value is not an integer or out of range/);
    assert.equal(replies[2].value, 'abc');
  });

  test('client name and database', async () => {
    const named = await connected({name: 'by-node', database: 4});
    assert.equal(await named.clientGetName(), 'by-node');
    assert.equal((await named.clientInfo()).db, 4);
    await named.set('where', 'four');
    assert.equal(await client.get('where'), null);
    await named.close();
  });

  test('unix socket', async () => {
    const local = await connected({socket: {path: unixSocket}});
    assert.equal(await local.ping(), 'PONG');
    await local.close();
  });

  test('a pool', async () => {
    const pool = createClientPool(options, {minimum: 3, maximum: 3});
    await pool.connect();
    await Promise.all(Array.from({length: 200}, () => pool.incr('count')));
    assert.equal(await pool.get('count'), '200');
    await pool.close();
  });

  test('a killed connection comes back', async () => {
    const victim = await connected();
    const id = await victim.clientId();
    assert.equal(await client.clientKill({filter: 'ID', id}), 1);
    assert.ok(await eventually(async () => {
      try {
        return await victim.clientId() > id;
      } catch {
        return false;  // The call that was under way when the connection went.
      }
    }));
    await victim.close();
  });

  test('info and configuration', async () => {
    const info = await client.info();
    assert.match(info, /^redis_version:7\./m);
    assert.match(info, new RegExp(`^tcp_port:${port}\r$`, 'm'));
    assert.equal({...await client.configGet('maxmemory')}.maxmemory, '0');
    assert.equal(typeof await client.commandCount(), 'number');
    assert.equal((await client.commandInfo(['get']))[0].arity, 2);
  });

  test('errors', async () => {
    await assert.rejects(client.sendCommand(['NOSUCH', 'x']), /unknown command 'NOSUCH'/);
    await assert.rejects(client.sendCommand(['GET']), /wrong number of arguments for 'get'/);
  });

  test('monitor', async () => {
    const monitor = await connected();
    const seen = new Promise((resolve) => monitor.monitor((line) => {
      if (String(line).includes('"seen"')) resolve(String(line));
    }).then(() => client.set('seen', 'a value')));
    assert.match(await seen, /"SET" "seen" "a value"$/);
    monitor.destroy();
  });
});
