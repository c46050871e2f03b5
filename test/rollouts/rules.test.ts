// The audit itself: each broken promise is told, and what Kubernetes may do is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '../../src/api/meta.ts';
import { audit } from './audit.ts';
import type { Happening } from './happenings.ts';
import { daemonSetRules, deploymentRules, jobRules, replicaSetRules, statefulSetRules } from './rules.ts';

const rules = [deploymentRules, replicaSetRules, statefulSetRules, daemonSetRules, jobRules];
const template = (release: number) => ({ metadata: { labels: { release: String(release) } } });

function object(kind: string, uid: string, more: object = {}, owner?: { kind: string; uid: string }): KubeObject {
  const ownerReferences = owner && [{ apiVersion: 'v1', ...owner, name: owner.uid, controller: true }];
  const metadata = { name: uid, namespace: 'default', uid, generation: 1, ...(ownerReferences && { ownerReferences }) };
  return { apiVersion: 'v1', kind, metadata, ...more } as KubeObject;
}

const observed = { observedGeneration: 1 };
const deployment = (spec: object) => object('Deployment', 'web', { spec: { replicas: 4, ...spec }, status: observed });
const rolling = (maxSurge: number, maxUnavailable: number) => ({
  strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
});
const set = (uid: string, replicas: number) =>
  object('ReplicaSet', uid, { spec: { replicas }, status: observed }, { kind: 'Deployment', uid: 'web' });

/** A pod told as "serving", "down", "ending" or "done". */
function pod(
  uid: string,
  owner: { kind: string; uid: string },
  told: string,
  more: Partial<KubeObject['metadata']> = {},
): KubeObject {
  const bare = object('Pod', uid, {}, owner);
  const ready = {
    type: 'Ready',
    status: told === 'serving' || told === 'ending' ? 'True' : 'False',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  return {
    ...bare,
    metadata: {
      ...bare.metadata,
      labels: { release: '1' },
      creationTimestamp: '2026-01-01T01:00:00Z',
      ...(told === 'ending' && { deletionTimestamp: 'x' }),
      ...more,
    },
    spec: { nodeName: 'one' },
    status: { phase: told === 'done' ? 'Succeeded' : 'Running', conditions: [ready] },
  } as KubeObject;
}

const ofSet = (uid: string) => ({ kind: 'ReplicaSet', uid });
const pods = (count: number, owner: { kind: string; uid: string }, told = 'serving') =>
  Array.from({ length: count }, (_, index) => pod(`${owner.uid}-${index}`, owner, told));
const stateful = (spec: object = {}) =>
  object('StatefulSet', 'db', { spec: { replicas: 3, template: template(1), ...spec }, status: observed });
const db = { kind: 'StatefulSet', uid: 'db' };
const daemons = (rollingUpdate: object) =>
  object('DaemonSet', 'log', {
    spec: { template: template(1), updateStrategy: { rollingUpdate } },
    status: { ...observed, numberAvailable: 3 },
  });
const log = { kind: 'DaemonSet', uid: 'log' };
const nodes = ['one', 'two', 'three'].map((name) => object('Node', name));
const on = (node: string, uid: string, told: string, release = 1) => {
  const made = pod(uid, log, told, { labels: { release: String(release) } });
  return { ...made, spec: { nodeName: node } } as KubeObject;
};
const job = object('Job', 'sums', { spec: { parallelism: 2, completions: 3 } });
const sums = { kind: 'Job', uid: 'sums' };
const indexed = (uid: string, index: string) =>
  pod(uid, sums, 'done', { annotations: { 'batch.kubernetes.io/job-completion-index': index } });

const cases: { name: string; first: KubeObject[]; next: KubeObject[]; fault?: RegExp; byHand?: string }[] = [
  {
    name: 'a set grows as far as the surge allows',
    first: [deployment(rolling(1, 0)), set('old', 4), set('new', 0), ...pods(4, ofSet('old'))],
    next: [set('new', 1), pod('new-0', ofSet('new'), 'down')],
  },
  {
    name: 'a set grows further',
    first: [deployment(rolling(1, 0)), set('old', 4), set('new', 0)],
    next: [set('new', 2)],
    fault: /replicas of all its sets \(maxSurge\): 4 -> 6, at most 5/,
  },
  {
    name: 'pods come beyond the surge',
    first: [deployment(rolling(1, 0)), set('old', 4), set('new', 1), ...pods(5, ofSet('old'))],
    next: [pod('new-0', ofSet('new'), 'down')],
    fault: /Deployment default\/web: pods \(maxSurge\): 5 -> 6, at most 5/,
  },
  {
    name: 'as many pods go as may be missing',
    first: [deployment(rolling(0, 1)), set('old', 3), ...pods(4, ofSet('old'))],
    next: [pod('old-0', ofSet('old'), 'ending')],
  },
  {
    name: 'more pods go than may be missing',
    first: [deployment(rolling(1, 0)), set('old', 3), ...pods(4, ofSet('old'))],
    next: [pod('old-0', ofSet('old'), 'ending')],
    fault: /serving pods \(maxUnavailable\): 4 -> 3, at least 4/,
  },
  {
    name: 'people may delete what they like',
    first: [deployment(rolling(1, 0)), set('old', 4), ...pods(4, ofSet('old'))],
    next: [pod('old-0', ofSet('old'), 'ending')],
    byHand: 'old-0',
  },
  {
    name: 'a set has a pod twice',
    first: [deployment({ strategy: { type: 'Recreate' } }), set('old', 4), ...pods(4, ofSet('old'))],
    next: [pod('old-again', ofSet('old'), 'down')],
    fault: /ReplicaSet default\/old: pods: 4 -> 5, at most 4/,
  },
  {
    name: 'a recreated one begins before the last has ended',
    first: [
      deployment({ strategy: { type: 'Recreate' } }),
      set('old', 0),
      set('new', 4),
      pod('old-0', ofSet('old'), 'ending'),
    ],
    next: [pod('new-0', ofSet('new'), 'down')],
    fault: /a pod of new came while 1 of other sets were left/,
  },
  {
    name: 'a stateful pod comes in its turn',
    first: [stateful(), pod('db-0', db, 'serving')],
    next: [pod('db-1', db, 'down')],
  },
  {
    name: 'a stateful pod comes before its turn',
    first: [stateful(), pod('db-0', db, 'down')],
    next: [pod('db-1', db, 'down')],
    fault: /db-1 came before all below it served/,
  },
  {
    name: 'parallel ones have no turns',
    first: [stateful({ podManagementPolicy: 'Parallel' }), pod('db-0', db, 'down')],
    next: [pod('db-1', db, 'down')],
  },
  {
    name: 'a stateful set shrinks from below',
    first: [stateful({ replicas: 1 }), ...pods(3, db)],
    next: [pod('db-1', db, 'ending')],
    fault: /db-1 went before db-2/,
  },
  {
    name: 'a stateful update goes on while one is down',
    first: [
      stateful({ template: template(2) }),
      pod('db-0', db, 'serving'),
      pod('db-1', db, 'serving'),
      pod('db-2', db, 'down', { labels: { release: '2' } }),
    ],
    next: [pod('db-1', db, 'ending')],
    fault: /db-1 was replaced while 1 of 3 others did not serve, 1 may be missing/,
  },
  {
    name: 'a parallel update goes on while one that it has replaced is down',
    first: [
      stateful({ template: template(2), podManagementPolicy: 'Parallel' }),
      pod('db-0', db, 'serving'),
      pod('db-1', db, 'serving'),
      pod('db-2', db, 'down', { labels: { release: '2' } }),
    ],
    next: [pod('db-1', db, 'ending')],
    fault: /db-1 was replaced while 1 of 3 others did not serve, 1 may be missing/,
  },
  {
    name: 'a parallel update goes on while one that it has not come to is down',
    first: [
      stateful({ template: template(2), podManagementPolicy: 'Parallel' }),
      pod('db-0', db, 'down'),
      pod('db-1', db, 'serving'),
      pod('db-2', db, 'serving', { labels: { release: '2' } }),
    ],
    next: [pod('db-1', db, 'ending')],
  },
  {
    name: 'a stateful update begins below',
    first: [stateful({ template: template(2) }), ...pods(3, db)],
    next: [pod('db-0', db, 'ending')],
    fault: /db-0 was replaced before db-1/,
  },
  {
    name: 'what is up to date is replaced',
    first: [stateful(), ...pods(3, db)],
    next: [pod('db-2', db, 'ending')],
    fault: /db-2 went although it was wanted and of the present template/,
  },
  {
    name: 'two daemons of a set on a node',
    first: [...nodes, daemons({}), on('one', 'a', 'ending')],
    next: [on('one', 'b', 'down')],
    fault: /pods on one: 1 -> 2, at most 1/,
  },
  {
    name: 'a second daemon where there may be one more',
    first: [...nodes, daemons({ maxSurge: 1, maxUnavailable: 0 }), on('one', 'a', 'serving')],
    next: [on('one', 'b', 'down')],
  },
  {
    name: 'second daemons on more nodes than may have two',
    first: [
      ...nodes,
      daemons({ maxSurge: 1, maxUnavailable: 0 }),
      on('one', 'a', 'serving'),
      on('two', 'b', 'serving'),
      on('two', 'c', 'down'),
    ],
    next: [on('one', 'd', 'down')],
    fault: /d came as the second of 2 nodes, at most 1/,
  },
  {
    name: 'more daemons go than may be missing',
    first: [
      ...nodes,
      daemons({ maxUnavailable: 1 }),
      on('one', 'a', 'serving', 0),
      on('two', 'b', 'serving', 0),
      on('three', 'c', 'down'),
    ],
    next: [on('one', 'a', 'ending', 0)],
    fault: /a went while 1 of 3 nodes were served, 1 may be missing/,
  },
  {
    name: 'a job runs more at a time than it may',
    first: [job, ...pods(2, sums)],
    next: [pod('more', sums, 'down')],
    fault: /active pods \(parallelism\): 2 -> 3, at most 2/,
  },
  {
    name: 'a piece of a job is done twice',
    first: [job, indexed('a', '0')],
    next: [indexed('b', '0')],
    fault: /done twice: 0/,
  },
  {
    name: 'a job has one piece more done than it wanted',
    first: [job, ...pods(3, sums, 'done')],
    next: [pod('more', sums, 'done')],
    fault: /4 pods are done, 3 were wanted/,
  },
  {
    name: "one of a job's pods ends well though it was told to go",
    first: [job, ...pods(3, sums, 'done')],
    next: [pod('more', sums, 'done', { deletionTimestamp: 'x' })],
  },
];

let revision = 0;
const happening = (each: KubeObject, at: number): Happening => ({
  kind: each.kind,
  uid: each.metadata.uid ?? '',
  object: each,
  from: at,
  to: at,
});

for (const { name, first, next, fault, byHand } of cases) {
  test(`${name}: ${fault ? 'told' : 'no fault'}`, () => {
    // What was there before came all at once, so that only the last steps are judged.
    const begin = ++revision;
    const steps = [first.map((each) => happening(each, begin)), ...next.map((each) => [happening(each, ++revision)])];
    const { faults } = audit(steps, rules, new Set(byHand ? [byHand] : []));
    const last = faults.filter((each) => !each.startsWith(`@${begin} `));
    if (!fault) assert.deepEqual(last, []);
    else assert.match(last.join('\n'), fault);
  });
}

test('who came in a step and was ended by hand in the same is missed by no fault of a controller', () => {
  const [first = [], next = []] = [
    [deployment(rolling(1, 0)), set('old', 1), set('new', 3), pod('old-0', ofSet('old'), 'serving')],
    [pod('new-0', ofSet('new'), 'serving'), pod('old-0', ofSet('old'), 'ending'), pod('new-0', ofSet('new'), 'ending')],
  ].map((step) => {
    const from = ++revision;
    return step.map((each) => ({ ...happening(each, from), to: from + step.length }));
  });
  const faultsOf = (byHand: string[]) => audit([first, next], rules, new Set(byHand)).faults.slice(-2).join('\n');
  assert.doesNotMatch(faultsOf(['new-0']), /serving pods \(maxUnavailable\): 1 -> 0/);
  assert.match(faultsOf([]), /serving pods \(maxUnavailable\): 1 -> 0/);
});

test('what a set was told under the former spec may be done after the next one was observed, and no later', () => {
  const version = (generation: number, maxUnavailable: number) => {
    const made = deployment({ ...rolling(1, maxUnavailable) });
    return { ...made, metadata: { ...made.metadata, generation }, status: { observedGeneration: generation } };
  };
  const told = (generation: number, observedGeneration: number) => {
    const made = set('old', 4 - generation);
    return { ...made, metadata: { ...made.metadata, generation }, status: { observedGeneration } } as KubeObject;
  };
  const ends = (index: number) => [pod(`old-${index}`, ofSet('old'), 'ending')];
  const first = [version(1, 1), told(0, 0), ...pods(4, ofSet('old'))];
  const faultsOf = (...steps: KubeObject[][]) =>
    audit(
      steps.map((step, at) => step.map((each) => happening(each, at))),
      rules,
      new Set(),
    ).faults.filter((fault) => fault.includes('maxUnavailable'));
  assert.deepEqual(faultsOf(first, [told(1, 0)], [version(2, 0)], ends(0)), []);
  const late = faultsOf(first, [told(1, 0)], [version(2, 0)], ends(0), [told(1, 1)], ends(1));
  assert.match(late.join('\n'), /^@5 .*serving pods \(maxUnavailable\): 3 -> 2, at least 4$/);
});

test('a spec that nobody has observed yet may be acted upon or not', () => {
  const before = deployment(rolling(1, 0));
  const smaller = { ...deployment({ ...rolling(1, 0), replicas: 2 }), metadata: { ...before.metadata, generation: 2 } };
  const steps = [[before, set('old', 4)], [smaller], [set('old', 5)]].map((step, at) =>
    step.map((each) => happening(each, at)),
  );
  assert.deepEqual(audit(steps, rules, new Set()).faults, []);
  const seen = { ...smaller, status: { observedGeneration: 2 } } as KubeObject;
  const late = [[before, set('old', 4)], [smaller], [seen], [set('old', 5)]].map((step, at) =>
    step.map((each) => happening(each, at)),
  );
  assert.match(audit(late, rules, new Set()).faults.join(), /4 -> 5, at most 3/);
});

test('upon a version that came and went while nobody was told, anything may have been done', () => {
  const sized = (replicas: number, generation: number, observedGeneration: number) => {
    const made = set('old', replicas);
    return { ...made, metadata: { ...made.metadata, generation }, status: { observedGeneration } } as KubeObject;
  };
  const [one, two] = [pod('one', ofSet('old'), 'serving'), pod('two', ofSet('old'), 'down')];
  const faultsOf = (next: KubeObject) =>
    audit(
      [[deployment({})], [sized(1, 1, 1)], [one], [next], [two]].map((step, at) =>
        step.map((each) => happening(each, at)),
      ),
      rules,
      new Set(),
    ).faults.filter((fault) => fault.includes('ReplicaSet'));
  assert.match(faultsOf(sized(1, 2, 1)).join(), /pods: 1 -> 2, at most 1/);
  assert.deepEqual(faultsOf(sized(1, 3, 1)), []);
});
