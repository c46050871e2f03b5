import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterRole } from '../../api/kinds/cluster-role.ts';
import type { ClusterRoleBinding } from '../../api/kinds/cluster-role-binding.ts';
import {
  autoUpdateAnnotation,
  defaultClusterRoleBindings,
  defaultClusterRoles,
  defaultRoleBindings,
  defaultRoles,
} from '../../api/rbac/defaults/objects.ts';
import { planBinding, planRole } from './default-roles-plan.ts';

const roleNamed = (name: string) => defaultClusterRoles.find(({ metadata }) => metadata.name === name) as ClusterRole;
const bindingNamed = (name: string) =>
  defaultClusterRoleBindings.find(({ metadata }) => metadata.name === name) as ClusterRoleBinding;
const discovery = roleNamed('system:discovery');
const basic = bindingNamed('system:basic-user');

test('what misses is created, and what is as it should be stays untouched', () => {
  assert.deepEqual(planRole(discovery, undefined), { do: 'create', object: discovery });
  assert.equal(planRole(discovery, structuredClone(discovery)), undefined);
  assert.equal(planBinding(basic, structuredClone(basic)), undefined);
});

test('a role gets back what was taken from it, and keeps what was added', () => {
  const own = { verbs: ['get'], nonResourceURLs: ['/own'] };
  const step = planRole(discovery, {
    ...discovery,
    metadata: { name: 'system:discovery', labels: { mine: 'x' } },
    rules: [own, { verbs: ['get'], nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*', '/healthz', '/livez'] }],
  });
  assert.ok(step?.do === 'update');
  const { metadata, rules } = step.object;
  assert.deepEqual(metadata.labels, { mine: 'x', 'kubernetes.io/bootstrapping': 'rbac-defaults' });
  assert.deepEqual(rules?.[0], own);
  const paths = rules?.slice(2).flatMap(({ nonResourceURLs }) => nonResourceURLs);
  assert.deepEqual(paths, ['/openapi', '/openapi/*', '/readyz', '/version', '/version/']);
});

test('who switches the update off keeps his role and his binding', () => {
  const metadata = { name: 'x', annotations: { [autoUpdateAnnotation]: 'false' } };
  assert.equal(planRole(discovery, { ...discovery, metadata, rules: [] }), undefined);
  assert.equal(planBinding(basic, { ...basic, metadata, subjects: [] }), undefined);
});

test('a binding gets its subjects back, and is made anew where it is of another role', () => {
  const eve = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'eve' };
  const step = planBinding(basic, { ...basic, subjects: [eve] });
  assert.deepEqual([step?.do, step?.object.subjects], ['update', [eve, ...(basic.subjects ?? [])]]);
  const roleRef = { ...basic.roleRef, name: 'cluster-admin' };
  assert.deepEqual(planBinding(basic, { ...basic, roleRef }), { do: 'recreate', object: basic });
});

test('the selectors of a gathered role are kept and completed', () => {
  const view = roleNamed('view');
  const own = { matchLabels: { mine: 'x' } };
  const step = planRole(view, { ...view, rules: [], aggregationRule: { clusterRoleSelectors: [own] } });
  const selectors = view.aggregationRule?.clusterRoleSelectors ?? [];
  assert.deepEqual(step?.object.aggregationRule?.clusterRoleSelectors, [own, ...selectors]);
});

test('every default binding is of a default role, and no name is given twice', () => {
  const names = new Set(defaultClusterRoles.map(({ metadata }) => metadata.name));
  assert.equal(names.size, defaultClusterRoles.length);
  for (const { roleRef } of defaultClusterRoleBindings) assert.ok(names.has(roleRef.name), roleRef.name);
  for (const { metadata, roleRef } of defaultRoleBindings) {
    const isItsRole = (role: (typeof defaultRoles)[number]) =>
      role.metadata.name === roleRef.name && role.metadata.namespace === metadata.namespace;
    assert.ok(defaultRoles.some(isItsRole), roleRef.name);
  }
});
