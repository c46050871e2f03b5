import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allKinds } from '../../api/kinds/all.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { pathsOf } from './kind-paths.ts';
import { titleOfGroup } from './operation.ts';

const kind = (names: Partial<Kind>): Kind => ({
  ...{ group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments', singular: 'deployment' },
  ...{ namespaced: true, hasStatus: true, columns: [] },
  ...names,
});
const idsOf = (one: Kind) =>
  Object.fromEntries(pathsOf(one).map(({ path, operations }) => [path, Object.values(operations).map(({ id }) => id)]));

test('a kind of namespaces is listed in one and in all, and watched in the old way too', () => {
  const scale = { name: 'scale', verbs: ['get'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } };
  const at = '/apis/apps/v1';
  assert.deepEqual(idsOf(kind({ subresources: [scale] })), {
    [`${at}/namespaces/{namespace}/deployments`]: [
      'listAppsV1NamespacedDeployment',
      'createAppsV1NamespacedDeployment',
      'deleteAppsV1CollectionNamespacedDeployment',
    ],
    [`${at}/namespaces/{namespace}/deployments/{name}`]: [
      'readAppsV1NamespacedDeployment',
      'replaceAppsV1NamespacedDeployment',
      'patchAppsV1NamespacedDeployment',
      'deleteAppsV1NamespacedDeployment',
    ],
    [`${at}/namespaces/{namespace}/deployments/{name}/status`]: [
      'readAppsV1NamespacedDeploymentStatus',
      'replaceAppsV1NamespacedDeploymentStatus',
      'patchAppsV1NamespacedDeploymentStatus',
    ],
    [`${at}/namespaces/{namespace}/deployments/{name}/scale`]: ['readAppsV1NamespacedDeploymentScale'],
    [`${at}/watch/namespaces/{namespace}/deployments`]: ['watchAppsV1NamespacedDeploymentList'],
    [`${at}/watch/namespaces/{namespace}/deployments/{name}`]: ['watchAppsV1NamespacedDeployment'],
    [`${at}/deployments`]: ['listAppsV1DeploymentForAllNamespaces'],
    [`${at}/watch/deployments`]: ['watchAppsV1DeploymentListForAllNamespaces'],
  });
});

test('what a kind cannot be asked for has no operation', () => {
  const review = kind({ namespaced: false, hasStatus: false, verbs: ['create'], kind: 'Review', plural: 'reviews' });
  assert.deepEqual(idsOf({ ...review, group: 'rbac.authorization.k8s.io' }), {
    '/apis/rbac.authorization.k8s.io/v1/reviews': ['createRbacAuthorizationV1Review'],
  });
});

test('what streams is connected to, or read as text', () => {
  const subresources = [
    { name: 'exec', verbs: ['create', 'get'] },
    { name: 'log', verbs: ['get'] },
    { name: 'proxy', verbs: ['get'] },
  ];
  const pods = kind({ group: '', kind: 'Pod', plural: 'pods', hasStatus: false, subresources });
  const at = '/api/v1/namespaces/{namespace}/pods/{name}';
  const ids = idsOf(pods);
  assert.deepEqual(ids[`${at}/exec`], ['connectCoreV1GetNamespacedPodExec', 'connectCoreV1PostNamespacedPodExec']);
  assert.deepEqual(ids[`${at}/log`], ['readCoreV1NamespacedPodLog']);
  assert.equal(ids[`${at}/proxy`]?.length, 7);
  assert.ok(ids[`${at}/proxy/{path}`]?.includes('connectCoreV1PutNamespacedPodProxyWithPath'));
});

test('what all operations of a path take stands at the path, and nowhere twice', () => {
  const [collection, one] = pathsOf(kind({}));
  const names = (list: readonly { name: string }[] = []) => list.map(({ name }) => name);
  assert.deepEqual(names(collection?.parameters), ['namespace', 'pretty']);
  assert.deepEqual(names(one?.operations.patch?.parameters), ['dryRun', 'fieldManager', 'fieldValidation', 'force']);
  assert.deepEqual(names(one?.operations.get?.parameters), []);
});

test('the parts of a group are words of one name', () => {
  const cases = { '': 'Core', apps: 'Apps', 'storage.k8s.io': 'Storage', 'stable.example.com': 'StableExampleCom' };
  for (const [group, title] of Object.entries(cases)) assert.equal(titleOfGroup(group), title);
});

test('no two operations have the same name', () => {
  const ids = allKinds.flatMap((each) => Object.values(idsOf(each)).flat());
  assert.deepEqual(
    ids.filter((id, index) => ids.indexOf(id) !== index),
    [],
  );
});
