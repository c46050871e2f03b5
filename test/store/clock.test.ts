// The clock on the wall is set, forwards and backwards, while the server runs and while it does not: keys vanish after the time they
// were given and no other, nodes that renew their leases stay, and the server goes on working.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { events } from '../../src/api/kinds/event.ts';
import { leases, nodeLeaseNamespace } from '../../src/api/kinds/lease.ts';
import { nodeReadiness, nodes } from '../../src/api/kinds/node.ts';
import { type Clock, microTimestamp, systemClock, timestamp } from '../../src/base/clock.ts';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { TestServer } from '../controllers/test-server.ts';

const hourMs = 3_600_000;
const nodeGraceMs = 2_000;
const name = 'steady';
const namespace = 'default';

let server: TestServer;
let directory: string;
let clockFile: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-clock-'));
  clockFile = join(directory, 'offset');
  await writeFile(clockFile, '0');
  const preload = `--import=${join(import.meta.dirname, 'clock-jump.mjs')}`;
  server = await TestServer.open(['--node-grace-period', `${nodeGraceMs / 1000}s`], {
    env: { NODE_OPTIONS: preload, WHERRY_TEST_CLOCK_FILE: clockFile },
  });
});
after(async () => {
  await server?.close();
  await rm(directory, { recursive: true });
});

async function setClock(offsetMs: number): Promise<void> {
  await writeFile(clockFile, String(offsetMs));
  process.kill(server.pid, 'SIGUSR2');
  // The server stamps with its own clock: so it is seen to have changed.
  await waitUntil('the clock is set', async () => {
    const made = await server.client.create(configMaps, { metadata: { namespace, generateName: 'time-' } });
    const offMs = Date.parse(made.metadata.creationTimestamp ?? '') - Date.now();
    return Math.abs(offMs - offsetMs) < 60_000;
  });
}

test('a node that renews its lease stays ready, and events stay their hour, however the clock jumps', async () => {
  const now = timestamp(Date.now());
  await server.client.create(nodes, { metadata: { name } });
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: '',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  await server.client.patch(nodes, { name }, { status: { conditions: [ready] } }, { subresource: 'status' });
  await server.client.create(leases, {
    metadata: { namespace: nodeLeaseNamespace, name },
    spec: { holderIdentity: name },
  });
  const involvedObject = { kind: 'Node', name, apiVersion: 'v1' };
  await server.client.create(events, { metadata: { namespace, name: 'seen' }, involvedObject, reason: 'Seen' });

  let renewals = 0;
  const isReady = async () => nodeReadiness(await server.client.get(nodes, { name }))?.status;
  const beat = async () => {
    const spec = { renewTime: microTimestamp(Date.now()) };
    await server.client.patch(leases, { namespace: nodeLeaseNamespace, name }, { spec });
    renewals++;
    assert.equal(await isReady(), 'True');
    await server.client.get(events, { namespace, name: 'seen' });
  };
  for (const offsetMs of [48 * hourMs, -1000 * hourMs, 0]) {
    await setClock(offsetMs);
    const until = performance.now() + 1.5 * nodeGraceMs;
    while (performance.now() < until) {
      await beat();
      await new Promise((resolve) => setTimeout(resolve, nodeGraceMs / 8));
    }
  }
  assert.ok(renewals > 10);
  // One that is silent is noticed after the same time as ever.
  await setClock(-48 * hourMs);
  await server.when('the silent node', nodes, (all) => all.some((node) => nodeReadiness(node)?.status === 'Unknown'));
});

test('after a start with another clock all is there, and later writes have later revisions', async () => {
  const read = () => server.client.list(events, { namespace });
  let { resourceVersion } = (await read()).metadata;
  for (const offsetMs of [48 * hourMs, -48 * hourMs]) {
    await server.kill();
    await writeFile(clockFile, String(offsetMs));
    await server.start();
    const { items, metadata } = await read();
    assert.ok(items.some(({ metadata: { name } }) => name === 'seen'));
    assert.ok(Number(metadata.resourceVersion) >= Number(resourceVersion));
    resourceVersion = metadata.resourceVersion;
  }
});

test('a time to live is neither cut short by a clock that jumps ahead nor prolonged by one that jumps back', async () => {
  let offsetMs = 0;
  const clock: Clock = { ...systemClock, now: () => Date.now() + offsetMs };
  const state = join(directory, 'state');
  let store = await EmbeddedStore.open(state, { clock });
  try {
    const begun = performance.now();
    await store.transact([{ key: '/brief', value: 'x', ttlSeconds: 4 }]);
    await store.transact([{ key: '/long', value: 'x', ttlSeconds: 3600 }]);
    for (offsetMs of [24 * hourMs, -24 * hourMs]) {
      await store.close();
      store = await EmbeddedStore.open(state, { clock });
      assert.equal((await store.range('/')).entries.length, 2, `after ${performance.now() - begun} ms`);
    }
    const gone = Promise.withResolvers<void>();
    store.watch('/brief', store.stats().revision, () => gone.resolve(), AbortSignal.timeout(20_000));
    offsetMs = 24 * hourMs;
    await gone.promise;
    const tookMs = performance.now() - begun;
    assert.ok(tookMs > 3_500 && tookMs < 12_000, `${tookMs} ms`);
    assert.ok(await store.get('/long'));
  } finally {
    await store.close();
  }
});
