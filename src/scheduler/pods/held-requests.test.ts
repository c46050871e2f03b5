import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import { podOf, wants } from '../cluster/cluster-for-tests.ts';
import { heldRequests } from './held-requests.ts';

type ContainerStatus = NonNullable<Pod['status']['containerStatuses']>[number];

const cases: { name: string; asked: string; given?: string; allocated?: string; reason?: string; expected: number }[] =
  [
    { name: 'nothing is told yet', asked: '1', expected: 1000 },
    { name: 'it has what it asks for', asked: '1', given: '1', expected: 1000 },
    { name: 'it asks for more', asked: '2', given: '1', expected: 2000 },
    { name: 'it asks for less, and has not given it back', asked: '1', given: '2', expected: 2000 },
    {
      name: 'the node has agreed to less, and the container has not',
      asked: '1',
      given: '2',
      allocated: '1',
      expected: 2000,
    },
    { name: 'it asks for more than there ever is', asked: '9', given: '1', reason: 'Infeasible', expected: 1000 },
    { name: 'it asks for more than there is now', asked: '3', given: '1', reason: 'Deferred', expected: 3000 },
  ];

for (const { name, asked, given, allocated = given, reason, expected } of cases) {
  test(`a pod holds of its node: ${name}`, () => {
    const told = {
      name: 'c',
      resources: { requests: { cpu: given } },
      allocatedResources: { cpu: allocated },
    } as unknown as ContainerStatus;
    const conditions = reason ? [{ type: 'PodResizePending', status: 'True', reason }] : [];
    const status = { ...(given && { containerStatuses: [told] }), conditions } as Pod['status'];
    assert.deepEqual(heldRequests(podOf({ ...wants({ cpu: asked }), nodeName: 'n' }, { status })), { cpu: expected });
  });
}
