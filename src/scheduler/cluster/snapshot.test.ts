import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { Labels } from '../../api/selector.ts';
import { podDemand } from '../pods/pod-demand.ts';
import { podOf } from './cluster-for-tests.ts';
import { Snapshot } from './snapshot.ts';

const namespace = (labels: Labels | undefined, conditions: Namespace['status']['conditions'] = []): Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'default', ...(labels && { labels }) },
  spec: {},
  status: { conditions },
});

test('pods are counted anew when a namespace has other labels, and for nothing else of it', () => {
  const snapshot = new Snapshot();
  const ofTeam = { key: 'team', includes: () => snapshot.labelsOfNamespace('default').team === 'blue' };
  let looked = 0;
  const look = () => {
    looked += 1;
    return true;
  };
  const all = { key: 'all', includes: look };
  snapshot.place(podDemand(podOf()), 'one');
  const count = () => ({ ofTeam: snapshot.count(ofTeam).get('one') ?? 0, all: snapshot.count(all).get('one'), looked });
  assert.deepEqual(count(), { ofTeam: 0, all: 1, looked: 1 });
  snapshot.setNamespace(namespace(undefined));
  assert.deepEqual(count(), { ofTeam: 0, all: 1, looked: 1 });
  snapshot.setNamespace(namespace({ team: 'blue' }));
  assert.deepEqual(count(), { ofTeam: 1, all: 1, looked: 2 });
  snapshot.setNamespace(namespace({ team: 'blue' }, [{ type: 'NamespaceContentRemaining', status: 'True' }]));
  assert.deepEqual(count(), { ofTeam: 1, all: 1, looked: 2 });
});
