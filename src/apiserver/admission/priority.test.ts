import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { priorityClasses } from '../../api/kinds/priority-class.ts';
import type { KubeObject } from '../../api/meta.ts';
import { type Admitting, admitting } from './admission-for-tests.ts';
import { priority } from './priority.ts';

const classNamed = (name: string, value: number, more: object = {}) =>
  ({ apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name }, value, ...more }) as KubeObject;
const podWith = (spec: object) => ({ metadata: { name: 'web', namespace: 'shop' }, spec: { containers: [], ...spec } });

let world: Admitting;
before(async () => {
  world = await admitting();
  world.put(priorityClasses, classNamed('high', 1000, { preemptionPolicy: 'Never' }));
});

test('a pod gets what its class says', async () => {
  const cases: [spec: object, expected: object | RegExp][] = [
    [{}, { priority: 0, preemptionPolicy: 'PreemptLowerPriority' }],
    [{ priorityClassName: 'high' }, { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' }],
    [
      { priorityClassName: 'high', priority: 1000 },
      { priorityClassName: 'high', priority: 1000, preemptionPolicy: 'Never' },
    ],
    [{ priorityClassName: 'none' }, /pods "web" is forbidden: no PriorityClass with name none was found/],
    [
      { priority: 7 },
      /the integer value of priority \(7\) must not be provided in pod spec; priority admission controller computed 0/,
    ],
    [
      { priorityClassName: 'high', preemptionPolicy: 'PreemptLowerPriority' },
      /the string value of PreemptionPolicy \(PreemptLowerPriority\) must not be provided .* computed Never/,
    ],
  ];
  for (const [spec, expected] of cases) {
    const admitted = world.admit<Pod>(priority, { kind: pods, object: podWith(spec) });
    if (expected instanceof RegExp) await assert.rejects(admitted, expected);
    else assert.deepEqual((await admitted).spec, { containers: [], ...expected });
  }
});

test('one class alone is the default, and pods without a class are of it', async () => {
  const ofTheirOwn = await admitting();
  ofTheirOwn.put(priorityClasses, classNamed('usual', 5, { globalDefault: true }));
  const pod = await ofTheirOwn.admit<Pod>(priority, { kind: pods, object: podWith({}) });
  assert.deepEqual([pod.spec.priorityClassName, pod.spec.priority], ['usual', 5]);
  const another = { kind: priorityClasses, object: classNamed('other', 6, { globalDefault: true }) };
  await assert.rejects(ofTheirOwn.admit(priority, another), /PriorityClass usual is already marked as default/);
  const same = {
    kind: priorityClasses,
    object: classNamed('usual', 5, { globalDefault: true }),
    previous: classNamed('usual', 5),
  };
  await ofTheirOwn.admit(priority, same);
});

test('who replaces a pod need not repeat its priority', async () => {
  const previous = podWith({ priority: 1000, preemptionPolicy: 'Never' });
  const pod = await world.admit<Pod>(priority, { kind: pods, object: podWith({}), previous });
  assert.deepEqual([pod.spec.priority, pod.spec.preemptionPolicy], [1000, 'Never']);
});
