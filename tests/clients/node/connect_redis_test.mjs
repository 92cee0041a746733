// connect-redis: sessions of express-session, in a web server as people write them.

import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import {after, before, beforeEach, test} from 'node:test';
import {promisify} from 'node:util';

import {RedisStore} from 'connect-redis';
import session from 'express-session';
import {createClient} from 'redis';

import {eventually, host, port, small} from './where.mjs';

let client, store, site, url;

// Counts the visits of a session; /leave ends it.
function answer(request, response) {
  if (request.url === '/leave') {
    request.session.destroy(() => response.end('left'));
    return;
  }
  request.session.visits = (request.session.visits ?? 0) + 1;
  response.end(String(request.session.visits));
}

before(async () => {
  client = await createClient({socket: {host, port}}).connect();
  store = new RedisStore({client, prefix: 'sess:', ttl: 100});
  const sessions = session({store, secret: 'cat', resave: false, saveUninitialized: false});
  site = createServer((request, response) =>
    sessions(request, response, () => answer(request, response)));
  await promisify(site.listen.bind(site))(0, host);
  url = `http://${host}:${site.address().port}`;
});
beforeEach(() => client.flushAll());
after(async () => {
  site.close();
  site.closeAllConnections();
  await client.close();
});

// A visitor who keeps the cookie; returns what the site says.
function visitor() {
  let cookie;
  return async (path = '/') => {
    const response = await fetch(url + path, {headers: cookie ? {cookie} : {}});
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie;
    return response.text();
  };
}

test('a session over several requests', async () => {
  const visit = visitor();
  assert.deepEqual([await visit(), await visit(), await visit()], ['1', '2', '3']);
  const [key] = await client.keys('sess:*');
  assert.equal(JSON.parse(await client.get(key)).visits, 3);
  assert.ok(await client.ttl(key) > 90);
  assert.equal(await visit('/leave'), 'left');
  assert.equal(await client.dbSize(), 0);
  assert.equal(await visit(), '1');
});

test('many visitors at once', async () => {
  const visitors = Array.from({length: small ? 20 : 300}, visitor);
  for (const expected of ['1', '2', '3']) {
    const answers = await Promise.all(visitors.map((visit) => visit()));
    assert.ok(answers.every((answer) => answer === expected));
  }
  assert.equal((await client.keys('sess:*')).length, visitors.length);
});

test('the store', async () => {
  const call = (name, ...args) => promisify(store[name].bind(store))(...args);
  const names = Array.from({length: 250}, (_, i) => `id${i}`);
  for (const name of names) await call('set', name, {cookie: {}, name});
  await client.set('other', 'x');
  assert.equal(await call('length'), names.length);
  assert.deepEqual((await call('ids')).sort(), names.slice().sort());
  assert.equal((await call('all')).length, names.length);
  assert.equal((await call('get', 'id7')).name, 'id7');
  assert.equal(await call('get', 'nobody') ?? null, null);
  await client.expire('sess:id7', 1);
  await call('touch', 'id7', {cookie: {}});
  assert.ok(await client.ttl('sess:id7') > 90);
  await call('destroy', 'id7');
  assert.equal(await call('length'), names.length - 1);
  await call('clear');
  assert.deepEqual(await client.keys('*'), ['other']);
});

test('a session ends with its time', async () => {
  const call = promisify(store.set.bind(store));
  await call('short', {cookie: {expires: new Date(Date.now() + 1000)}});
  assert.equal(await client.exists('sess:short'), 1);
  assert.ok(await eventually(async () => await client.exists('sess:short') === 0));
});
