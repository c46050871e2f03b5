import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { KubeObject } from '../../api/meta.ts';
import { AsyncQueue } from '../../base/async-queue.ts';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { Client } from '../../client/client.ts';
import { Informers } from '../../client/informers.ts';
import type { WatchEvent } from '../../client/transport.ts';
import { PolicySources } from './policy-sources.ts';

let revision = 1;
const object = (name: string, more: object = {}): KubeObject => {
  const metadata = { name, namespace: 'shop', resourceVersion: String(++revision) };
  return { apiVersion: 'v1', kind: 'X', metadata, spec: { containers: [] }, status: {}, ...more } as KubeObject;
};

/** Resolves when all that was begun has come to where it waits for the test: nothing else here takes time but files. */
async function settled(): Promise<void> {
  const hasFilesInHand = () => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
  for (let quiet = 0; quiet < 20; quiet = hasFilesInHand() ? 0 : quiet + 1) await setImmediate();
}

/** Sources of an agent whose API has what it is told to have, once it is there. */
async function openSources(
  t: TestContext,
  options: { hasRules?: boolean; remembered?: Record<string, KubeObject[]> } = {},
) {
  const { hasRules = false, remembered = {} } = options;
  const folder = await mkdtemp(join(tmpdir(), 'policy-sources-'));
  for (const [name, objects] of Object.entries(remembered))
    await writeFile(join(folder, `${name}.jsonl`), objects.map((each) => `${JSON.stringify(each)}\n`).join(''));
  const watches = new Map<string, AsyncQueue<WatchEvent>>();
  const listed: string[] = [];
  const present = Promise.withResolvers<void>();
  const patience = Promise.withResolvers<void>();
  const items: Record<string, KubeObject[]> = { pods: [object('web')], namespaces: [object('shop')] };
  const client = new Client({
    request: async ({ resource }) => {
      await present.promise;
      listed.push(resource.plural);
      return { metadata: { resourceVersion: '1' }, items: items[resource.plural] ?? [] };
    },
    watch: ({ resource }, signal) => {
      const events = new AsyncQueue<WatchEvent>();
      watches.set(resource.plural, events);
      signal.addEventListener('abort', () => {
        watches.delete(resource.plural);
        events.end();
      });
      return events;
    },
  });
  const log = createLog({ write: () => {} });
  const rests: (() => void)[] = [];
  const after = (ms: number, run: () => void) => {
    // What is remembered is written later.
    if (ms < 1_000) rests.push(run);
    return () => {};
  };
  const clock = { ...systemClock, sleep: () => patience.promise, after };
  const informers = new Informers(client, log, clock);
  const abort = new AbortController();
  let changes = 0;
  const sources = new PolicySources({ informers, folder, clock, log, onChange: () => changes++ });
  t.after(async () => {
    abort.abort();
    patience.resolve();
    await rm(folder, { recursive: true });
  });
  void informers.start(abort.signal);
  void sources.run({ hasRules }, abort.signal);
  await settled();
  return {
    sources,
    listed,
    watched: () => [...watches.keys()].sort(),
    changes: () => changes,
    endRest: () => rests.shift()?.(),
    endRests: () => {
      while (rests.length > 0) rests.shift()?.();
    },
    files: () => readdir(folder),
    appear: async () => {
      present.resolve();
      await settled();
    },
    losePatience: async () => {
      patience.resolve();
      await settled();
    },
    tell: async (plural: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', told: KubeObject) => {
      watches.get(plural)?.push({ type, object: told });
      await settled();
    },
  };
}

test('pods are watched while there is a policy, and not before or after', async (t) => {
  const { sources, tell, watched, appear, files } = await openSources(t);
  assert.equal(sources.world(), undefined);
  await appear();
  assert.deepEqual(watched(), ['networkpolicies']);
  assert.deepEqual(sources.world(), { policies: [], pods: [], namespaces: [] });

  const policy = object('one');
  await tell('networkpolicies', 'ADDED', policy);
  await tell('networkpolicies', 'ADDED', object('two'));
  assert.deepEqual(watched(), ['namespaces', 'networkpolicies', 'pods']);
  const { policies, pods, namespaces } = sources.world() ?? {};
  assert.deepEqual([policies?.length, pods?.length, namespaces?.length], [2, 1, 1]);

  await tell('networkpolicies', 'DELETED', policy);
  assert.equal(watched().length, 3);
  await tell('networkpolicies', 'DELETED', object('two'));
  assert.deepEqual(watched(), ['networkpolicies']);
  assert.deepEqual(sources.world(), { policies: [], pods: [], namespaces: [] });
  assert.deepEqual(await files(), ['network-policies.jsonl'], 'that there is none is remembered at once');

  await tell('networkpolicies', 'ADDED', object('three'));
  assert.equal(watched().length, 3);
  assert.equal(sources.world()?.pods.length, 1);
});

test('only what policies ask for is a change', async (t) => {
  const { tell, changes, appear, endRests } = await openSources(t);
  await appear();
  await tell('networkpolicies', 'ADDED', object('one'));
  endRests();
  const before = changes();
  await tell('pods', 'MODIFIED', object('web', { status: { conditions: [{ type: 'Ready' }] } }));
  assert.equal(changes(), before);
  await tell('pods', 'MODIFIED', object('web', { status: { podIP: '10.244.1.2' } }));
  assert.equal(changes(), before + 1);
});

test('a policy in place of the last one: what it is about is remembered anew', async (t) => {
  const { tell, appear, files } = await openSources(t);
  await appear();
  const policy = object('one');
  await tell('networkpolicies', 'ADDED', policy);
  const remembered = ['network-policies.jsonl', 'policy-namespaces.jsonl', 'policy-pods.jsonl'];
  assert.deepEqual((await files()).sort(), remembered);
  void tell('networkpolicies', 'DELETED', policy);
  await tell('networkpolicies', 'ADDED', object('two'));
  assert.deepEqual((await files()).sort(), remembered);
});

test('of many changes the first is told at once, the others together', async (t) => {
  const { tell, changes, appear, endRest, endRests } = await openSources(t);
  await appear();
  await tell('networkpolicies', 'ADDED', object('one'));
  endRests();
  const before = changes();
  for (const name of ['x', 'y', 'z']) await tell('pods', 'ADDED', object(name));
  assert.equal(changes(), before + 1);
  endRest();
  assert.equal(changes(), before + 2);
  endRest();
  assert.equal(changes(), before + 2);
  await tell('pods', 'ADDED', object('later'));
  assert.equal(changes(), before + 3);
});

const remembered = {
  'network-policies': [object('one')],
  'policy-pods': [object('web'), object('cart')],
  'policy-namespaces': [object('shop')],
};

test('after a reboot what was known the last time holds until the API answers', async (t) => {
  const { sources, appear } = await openSources(t, { remembered });
  assert.equal(sources.world()?.pods.length, 2);
  await appear();
  assert.equal(sources.world()?.policies.length, 0, 'the API has none');
});

test('where the kernel has rules the API is waited for, for a while', async (t) => {
  const { sources, losePatience } = await openSources(t, { remembered, hasRules: true });
  assert.equal(sources.world(), undefined);
  await losePatience();
  assert.equal(sources.world()?.pods.length, 2);
});

test('where the kernel has rules the API is believed as soon as it answers', async (t) => {
  const { sources, appear } = await openSources(t, { remembered, hasRules: true });
  await appear();
  assert.deepEqual(sources.world(), { policies: [], pods: [], namespaces: [] });
});
