import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterRole } from '../../api/kinds/cluster-role.ts';
import type { PolicyRule } from '../../api/rbac/policy-rule.ts';
import { gatheredRules } from './cluster-role-aggregation.ts';

const rule = (resource: string): PolicyRule => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
const role = (name: string, parts: Partial<ClusterRole>, ...labels: string[]): ClusterRole => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name, labels: Object.fromEntries(labels.map((label) => [label, 'true'])) },
  ...parts,
});
const gathering = (name: string, ...labels: string[]) =>
  role(name, {
    aggregationRule: { clusterRoleSelectors: labels.map((label) => ({ matchLabels: { [label]: 'true' } })) },
    rules: [rule('old')],
  });

const parts = [
  role('b', { rules: [rule('pods'), rule('nodes')] }, 'one'),
  role('a', { rules: [rule('secrets'), rule('pods')] }, 'one', 'two'),
  role('c', { rules: [rule('events')] }, 'two'),
  role('d', { rules: [rule('jobs')] }),
  role('e', {}, 'one'),
];

const cases: { name: string; role: ClusterRole; resources: string[] }[] = [
  { name: 'of one selector, by their names', role: gathering('x', 'one'), resources: ['secrets', 'pods', 'nodes'] },
  {
    name: 'of two selectors, each once',
    role: gathering('x', 'two', 'one'),
    resources: ['secrets', 'pods', 'events', 'nodes'],
  },
  { name: 'of none', role: gathering('x', 'three'), resources: [] },
  {
    name: 'never its own',
    role: { ...gathering('x', 'one'), metadata: { name: 'b', labels: { one: 'true' } } },
    resources: ['secrets', 'pods'],
  },
];

for (const { name, role: gatherer, resources } of cases) {
  test(`a role gathers the rules ${name}`, () =>
    assert.deepEqual(
      gatheredRules(gatherer, parts).flatMap((each) => each.resources),
      resources,
    ));
}
