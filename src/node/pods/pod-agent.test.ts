import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { Client } from '../../client/client.ts';
import { PodAgent, type PodAgentOptions } from './pod-agent.ts';
import { sampleContainer } from './pod-samples.ts';

/** Twice as many rounds as there are at a time: that it was found at the start has it looked at once more. */
const rounds = 80;

test('a pod of which there is always something left to do makes room for others, and is not forgotten', {
  timeout: 10_000,
}, async () => {
  const left = sampleContainer('main', { state: 'exited' });
  const stop = new AbortController();
  const removals: number[] = [];
  const again = Promise.withResolvers<void>();
  const nothing = async () => {};
  const none = async () => [];
  const client = new Client({ request: () => Promise.reject(new Error('nobody asks')), watch: async function* () {} });
  const watch = {
    current: true,
    listed: Promise.resolve(),
    run: nothing,
    get: () => left,
    of: () => [left],
    podUids: () => new Set(['u1']),
    // It stays, whatever is done.
    removed: async () => {
      removals.push(systemClock.monotonicMs());
      if (removals.length > rounds) again.resolve();
    },
  };
  const desired = { isComplete: true, synced: Promise.resolve(), start: nothing, get: () => undefined, uids: () => [] };
  const options = {
    client,
    clock: systemClock,
    log: createLog({ level: 'error' }),
    desired,
    watch: () => watch,
    volumes: () => ({ start: nothing, podUids: none, release: nothing }),
    files: { podUids: none, folderOf: () => '/nowhere', remove: nothing },
    network: { detachAllBut: nothing, detach: nothing },
    groups: { adopt: nothing, remove: nothing },
    runtime: { remove: nothing },
  } as object as PodAgentOptions;
  await new PodAgent(options).start(stop.signal);
  await again.promise;
  stop.abort();
  const pauseMs = (removals[rounds] ?? 0) - (removals[rounds - 1] ?? 0);
  assert.ok(pauseMs > 500, `others had ${pauseMs} ms`);
});
