// A cache without stampedes, for ioredis: fifty requests want one page, and it is made once.

import {setTimeout as sleep} from 'node:timers/promises';

import {Redis} from 'ioredis';

const leaseS = 10;  // More than making a value takes.

// The value of the key; make() makes it where it is missing, stale or about to expire.
export async function cached(redis, key, make, {ttlS, refreshS = 5}) {
  for (;;) {
    let [value, token] = await redis.call('GETLEASE', key, 'EX', leaseS, 'REFRESH', refreshS);
    if (token !== null) {
      try {
        value = await make();
      } catch (error) {
        await redis.call('INVALIDATE', key);  // Somebody else may try.
        throw error;
      }
      // Stores nothing where the key was invalidated meanwhile: then it is made again.
      await redis.call('SETLEASE', key, token, value, 'EX', ttlS);
      return value;
    }
    if (value !== null) return value;
    await sleep(20);
  }
}

// How often the page was made, and all that the requests got.
async function stampede(redis, key, version, requests = 50) {
  let made = 0;
  const make = async () => {
    ++made;
    await sleep(200);  // The database.
    return `page, version ${version}`;
  };
  const got = await Promise.all(
      Array.from({length: requests}, () => cached(redis, key, make, {ttlS: 60})));
  return {made, got};
}

const redis = new Redis(process.env.URL ?? 'redis://127.0.0.1:6379');
const key = 'leases:page:node';
await redis.del(key);
for (const [version, what] of [[1, 'missing'], [2, 'stale']]) {
  const {made, got} = await stampede(redis, key, version);
  const counts = [...new Set(got)].sort().map(
      (text) => `${got.filter((each) => each === text).length} got '${text}'`);
  console.log(`${what}: made ${made} time(s); ${counts.join(', ')}`);
  await redis.call('INVALIDATE', key, 'EX', 60);  // The source has changed.
}
await redis.del(key);
await redis.quit();
