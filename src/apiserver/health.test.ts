import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Health } from './health.ts';

const wrong = () => Promise.reject(new Error('secret'));
const fine = () => {};
const none = new URLSearchParams();

test('all checks pass, or it is told which does not', async () => {
  const health = new Health({ live: { ping: fine }, ready: { store: wrong } });
  assert.deepEqual(await health.report('/livez', none), { isHealthy: true, text: 'ok' });
  assert.deepEqual(await health.report('/livez', new URLSearchParams('verbose')), {
    isHealthy: true,
    text: '[+]ping ok\nlivez check passed\n',
  });
  assert.deepEqual(await health.report('/readyz', none), {
    isHealthy: false,
    text: '[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n',
  });
  assert.deepEqual(await health.report('/readyz', new URLSearchParams('exclude=store')), {
    isHealthy: true,
    text: 'ok',
  });
});

test('a check can be asked alone, and only one that there is', async () => {
  const health = new Health({ live: { ping: fine }, ready: { store: wrong } });
  assert.deepEqual(await health.report('/healthz/ping', none), { isHealthy: true, text: 'ok' });
  assert.equal((await health.report('/readyz/store', none))?.isHealthy, false);
  assert.equal(await health.report('/livez/store', none), undefined);
  assert.equal(await health.report('/healthz/nope', none), undefined);
  assert.deepEqual(health.paths, [
    '/healthz',
    '/healthz/ping',
    '/healthz/store',
    '/livez',
    '/livez/ping',
    '/readyz',
    '/readyz/ping',
    '/readyz/store',
  ]);
});

test('what every object has is no check', async () => {
  const health = new Health({ live: { ping: fine }, ready: {} });
  for (const path of ['/toString', '/__proto__', '/healthz/constructor', '/livez/__proto__']) {
    assert.equal(await health.report(path, none), undefined, path);
  }
});
