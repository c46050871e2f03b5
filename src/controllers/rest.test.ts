// What looks at all of something at each of its changes rests in between, when it is large.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobs } from '../api/kinds/job.ts';
import type { Kind } from '../api/kinds/kind.ts';
import { namespaces } from '../api/kinds/namespace.ts';
import { pods } from '../api/kinds/pod.ts';
import { podDisruptionBudgets } from '../api/kinds/pod-disruption-budget.ts';
import { replicaSets } from '../api/kinds/replica-set.ts';
import { resourceQuotas } from '../api/kinds/resource-quota.ts';
import type { KubeObject } from '../api/meta.ts';
import { systemClock } from '../base/clock.ts';
import { createLog } from '../base/log.ts';
import { Metrics } from '../base/metrics.ts';
import { Client } from '../client/client.ts';
import { Informers } from '../client/informers.ts';
import type { ApiRequest, Transport } from '../client/transport.ts';
import { WorkQueue, type WorkQueueOptions } from '../client/work-queue.ts';
import type { Controller, ControllerContext } from './controller.ts';
import { disruptionController } from './disruptions/disruption.ts';
import { jobController } from './jobs/job.ts';
import { namespaceController } from './namespaces/namespace.ts';
import { resourceQuotaController } from './namespaces/resource-quota.ts';
import { replicaSetController } from './replicas/replica-set.ts';
import { restAfter } from './rest.ts';

test('who is small does not rest, and nobody for long', () => {
  assert.deepEqual([0, 119, 120, 1000, 5000, 100_000].map(restAfter), [0, 0, 6, 50, 250, 500]);
});

interface Case {
  make: (context: ControllerContext) => Controller;
  key: string;
  /** What there is when it is about so many pods. */
  world: (count: number) => [kind: unknown, objects: object[]][];
}

const named = (more: object) => ({ metadata: { namespace: 'default', name: 'all', uid: 'all' }, ...more });

const deleted = { deletionTimestamp: '2026-01-01T00:00:00Z' };
const podsOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    metadata: { namespace: 'default', name: `${index}`, uid: `${index}`, ...deleted },
    ...{ spec: { containers: [] }, status: {} },
  }));

const cases: Case[] = [
  {
    make: replicaSetController,
    key: 'default/all',
    world: (count) => [[replicaSets, [named({ spec: { replicas: 0 }, status: { replicas: count } })]]],
  },
  {
    make: jobController,
    key: 'default/all',
    world: (count) => [[jobs, [named({ spec: { parallelism: 0, template: {} }, status: { active: count } })]]],
  },
  {
    make: disruptionController,
    key: 'default/all',
    world: (count) => [
      [podDisruptionBudgets, [named({ spec: { selector: {}, minAvailable: 1 }, status: {} })]],
      [pods, podsOf(count)],
    ],
  },
  {
    make: resourceQuotaController,
    key: 'default/all',
    world: (count) => [
      [resourceQuotas, [named({ spec: { hard: { pods: '1' } }, status: {} })]],
      [pods, podsOf(count)],
    ],
  },
  {
    make: namespaceController,
    key: 'default',
    world: (count) => [
      [namespaces, [{ metadata: { name: 'default', ...deleted }, spec: { finalizers: ['kubernetes'] }, status: {} }]],
      [pods, podsOf(count)],
    ],
  },
];

for (const { make, key, world } of cases) {
  test(`${make.name} rests by how much it looks at`, async () => {
    for (const [count, restMs] of [
      [100, 0],
      [1000, 50],
    ] as const) {
      const queue = queueOf(make, world(count) as [Kind, KubeObject[]][]);
      await queue.sync(key, new AbortController().signal);
      assert.equal(queue.restMs?.(key), restMs);
    }
  });
}

/** What the controller makes its queue of, in a world that stays as it is whatever is written. */
function queueOf(make: Case['make'], world: [Kind, KubeObject[]][]): WorkQueueOptions {
  const objectsOf = ({ plural }: { plural: string }) => world.find(([kind]) => kind.plural === plural)?.[1] ?? [];
  const transport: Transport = {
    request: async ({ verb, resource, body }: ApiRequest) => {
      if (verb === 'list') return { metadata: { resourceVersion: '1' }, items: objectsOf(resource) };
      return body ?? objectsOf(resource)[0];
    },
    watch: () => assert.fail('nobody looks'),
  };
  const client = new Client(transport);
  const log = createLog({ write: () => {} });
  const informers = new Informers(client, log);
  for (const [kind, objects] of world) informers.for(kind).assume(objects);
  let made: WorkQueueOptions | undefined;
  make({
    ...{ client, informers, log, clock: systemClock, metrics: new Metrics() },
    workQueue: (options: WorkQueueOptions) => {
      made = options;
      return new WorkQueue(options);
    },
    recorder: () => ({ record: () => {} }),
  } as unknown as ControllerContext);
  return made ?? assert.fail('it has no queue');
}
