import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterRoles } from '../../api/kinds/cluster-role.ts';
import { clusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts';
import { namespaces } from '../../api/kinds/namespace.ts';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { pods } from '../../api/kinds/pod.ts';
import { roles } from '../../api/kinds/role.ts';
import { roleBindings } from '../../api/kinds/role-binding.ts';
import { volumeNodeLabel } from '../../api/local-path.ts';
import type { KubeObject } from '../../api/meta.ts';
import type { Attributes, ResourceAttributes } from '../../api/rbac/attributes.ts';
import {
  defaultClusterRoleBindings,
  defaultClusterRoles,
  defaultRoleBindings,
  defaultRoles,
} from '../../api/rbac/defaults/objects.ts';
import { type PolicyRule, rbacGroup } from '../../api/rbac/policy-rule.ts';
import { filledCache } from '../cache-for-tests.ts';
import type { RestRequest } from '../rest/request.ts';
import { anonymous, type User } from '../user.ts';
import { Authorizer, attributesOf } from './authorizer.ts';

const apiVersion = `${rbacGroup}/v1`;
const made = (kind: string, name: string, parts: object, namespace?: string) =>
  ({
    apiVersion,
    kind,
    metadata: { name, uid: `${kind}/${name}`, ...(namespace && { namespace }) },
    ...parts,
  }) as KubeObject;
const user = (name: string, ...groups: string[]): User => ({ name, groups: [...groups, 'system:authenticated'] });
const of = (verb: string, resource: string, more: Partial<ResourceAttributes> = {}): Attributes => ({
  verb,
  group: '',
  resource,
  ...more,
});

const roleRef = (kind: string, name: string) => ({ apiGroup: rbacGroup, kind, name });
const rules: PolicyRule[] = [
  { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] },
  { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
  { verbs: ['update'], apiGroups: ['*'], resources: ['*/scale'] },
];

async function authorizerWithRoles() {
  const filled = await filledCache();
  const { put, cache } = filled;
  const authorizer = new Authorizer(cache);
  put(roles, made('Role', 'reader', { rules }, 'a'));
  put(
    clusterRoles,
    made('ClusterRole', 'paths', { rules: [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/logs/*'] }] }),
  );
  put(clusterRoles, made('ClusterRole', 'all', { rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }] }));
  put(
    roleBindings,
    made(
      'RoleBinding',
      'readers',
      { roleRef: roleRef('Role', 'reader'), subjects: [{ kind: 'User', name: 'jane' }] },
      'a',
    ),
  );
  const subjects = [
    { kind: 'Group', name: 'ops' },
    { kind: 'ServiceAccount', namespace: 'b', name: 'bot' },
  ];
  put(roleBindings, made('RoleBinding', 'all', { roleRef: roleRef('ClusterRole', 'all'), subjects }, 'b'));
  put(clusterRoleBindings, made('ClusterRoleBinding', 'paths', { roleRef: roleRef('ClusterRole', 'paths'), subjects }));
  return { ...filled, authorizer };
}

const jane = user('jane');
const ops = user('bob', 'ops');
const bot = user('system:serviceaccount:b:bot', 'system:serviceaccounts');
const cases: { who: User; asked: Attributes; allowed: boolean }[] = [
  { who: jane, asked: of('get', 'pods', { namespace: 'a', name: 'x' }), allowed: true },
  { who: jane, asked: of('get', 'pods', { namespace: 'a', name: 'x', subresource: 'log' }), allowed: true },
  { who: jane, asked: of('get', 'pods', { namespace: 'a', name: 'x', subresource: 'exec' }), allowed: false },
  { who: jane, asked: of('delete', 'pods', { namespace: 'a', name: 'x' }), allowed: false },
  { who: jane, asked: of('get', 'pods', { namespace: 'b', name: 'x' }), allowed: false },
  { who: jane, asked: of('list', 'pods'), allowed: false },
  { who: jane, asked: of('get', 'pods', { namespace: 'a', group: 'other' }), allowed: false },
  { who: jane, asked: of('get', 'secrets', { namespace: 'a', name: 'mine' }), allowed: true },
  { who: jane, asked: of('get', 'secrets', { namespace: 'a', name: 'yours' }), allowed: false },
  { who: jane, asked: of('list', 'secrets', { namespace: 'a' }), allowed: false },
  { who: jane, asked: of('update', 'things', { namespace: 'a', group: 'g', subresource: 'scale' }), allowed: true },
  { who: jane, asked: of('update', 'things', { namespace: 'a', group: 'g' }), allowed: false },
  { who: user('eve'), asked: of('get', 'pods', { namespace: 'a' }), allowed: false },
  { who: ops, asked: of('delete', 'nodes'), allowed: false },
  { who: ops, asked: of('delete', 'pods', { namespace: 'b' }), allowed: true },
  { who: bot, asked: of('delete', 'pods', { namespace: 'b' }), allowed: true },
  { who: bot, asked: { verb: 'get', path: '/metrics' }, allowed: true },
  { who: bot, asked: { verb: 'get', path: '/metrics/x' }, allowed: false },
  { who: bot, asked: { verb: 'get', path: '/logs/a/b' }, allowed: true },
  { who: bot, asked: { verb: 'post', path: '/metrics' }, allowed: false },
  { who: user('root', 'system:masters'), asked: of('delete', 'nodes'), allowed: true },
];

for (const { who, asked, allowed } of cases) {
  test(`${who.name} ${allowed ? 'may' : 'may not'} ${Object.values(asked).filter(Boolean).join(' ')}`, async () => {
    const { authorizer } = await authorizerWithRoles();
    assert.equal(authorizer.decide(who, asked).allowed, allowed);
  });
}

test('a binding that is changed or taken away no longer counts, nor does a role', async () => {
  const { authorizer, put, remove } = await authorizerWithRoles();
  const may = (who: User) => authorizer.decide(who, of('get', 'pods', { namespace: 'a', name: 'x' })).allowed;
  const binding = (name: string) =>
    made('RoleBinding', 'readers', { roleRef: roleRef('Role', 'reader'), subjects: [{ kind: 'User', name }] }, 'a');
  put(roleBindings, binding('eve'));
  assert.deepEqual([may(jane), may(user('eve'))], [false, true]);
  remove(roles, made('Role', 'reader', {}, 'a'));
  const { allowed, reason } = authorizer.decide(user('eve'), of('get', 'pods', { namespace: 'a' }));
  assert.deepEqual([allowed, reason], [false, 'RBAC: role.rbac.authorization.k8s.io "reader" not found']);
  put(roles, made('Role', 'reader', { rules }, 'a'));
  assert.equal(may(user('eve')), true);
  remove(roleBindings, binding('eve'));
  assert.equal(may(user('eve')), false);
});

test('refusals read as Kubernetes writes them', async () => {
  const { authorizer } = await authorizerWithRoles();
  const refused = (asked: Attributes, message: string) =>
    assert.throws(() => authorizer.authorize(anonymous, asked), { code: 403, message });
  refused(
    of('list', 'pods', { namespace: 'a' }),
    'pods is forbidden: User "system:anonymous" cannot list resource "pods" in API group "" in the namespace "a"',
  );
  refused(
    of('update', 'deployments', { group: 'apps', name: 'web', subresource: 'status' }),
    'deployments.apps "web" is forbidden: User "system:anonymous" cannot update resource "deployments/status" in API group "apps" at the cluster scope',
  );
  refused({ verb: 'get', path: '/apis' }, 'forbidden: User "system:anonymous" cannot get path "/apis"');
  const allowed = authorizer.decide(bot, of('get', 'pods', { namespace: 'b' })).reason;
  assert.equal(allowed, 'RBAC: allowed by RoleBinding "all/b" of ClusterRole "all" to ServiceAccount "bot/b"');
});

const selectors: [fieldSelector: string | undefined, name: string | undefined][] = [
  [undefined, undefined],
  ['metadata.name=x', 'x'],
  ['status.phase=Running,metadata.name==x,spec.nodeName=', 'x'],
  ['metadata.name!=x', undefined],
  ['metadata.namespace=x', undefined],
];
for (const [fieldSelector, name] of selectors) {
  test(`who selects by "${fieldSelector ?? ''}" asks for ${name ?? 'all'}`, () => {
    const query = { ...(fieldSelector !== undefined && { fieldSelector }) };
    const request = { verb: 'list', kind: roles as never, namespace: 'a', query } as unknown as RestRequest;
    const asked = attributesOf(request) as ResourceAttributes;
    assert.equal(asked.name, name);
  });
}

test('who creates or deletes asks for all, whatever is selected', () => {
  for (const verb of ['create', 'deletecollection', 'update', 'patch']) {
    const query = { fieldSelector: 'metadata.name=x' };
    const request = { verb, kind: roles as never, namespace: 'a', query } as unknown as RestRequest;
    assert.equal((attributesOf(request) as ResourceAttributes).name, undefined, verb);
  }
});

test('a namespace is in itself', () => {
  const request = { verb: 'get', kind: namespaces as never, name: 'a', query: {} } as unknown as RestRequest;
  assert.equal((attributesOf(request) as ResourceAttributes).namespace, 'a');
});

async function authorizerOfNodes() {
  const { cache, put } = await filledCache();
  for (const role of defaultClusterRoles) put(clusterRoles, role);
  for (const binding of defaultClusterRoleBindings) put(clusterRoleBindings, binding);
  for (const role of defaultRoles) put(roles, role);
  for (const binding of defaultRoleBindings) put(roleBindings, binding);
  const authorizer = new Authorizer(cache);
  const pod = (name: string, nodeName: string, spec: object) =>
    put(pods, { ...made('Pod', name, { spec: { nodeName, containers: [], ...spec } }, 'a'), apiVersion: 'v1' });
  pod('own', 'one', {
    serviceAccountName: 'runner',
    imagePullSecrets: [{ name: 'pull' }],
    containers: [
      { name: 'main', env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'settings', key: 'x' } } }] },
    ],
    ephemeralContainers: [{ name: 'debug', envFrom: [{ secretRef: { name: 'debug' } }] }],
    volumes: [
      { name: 'v', secret: { secretName: 'used' } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
    ],
  });
  pod('foreign', 'two', { volumes: [{ name: 'v', secret: { secretName: 'other' } }] });
  for (const [name, of] of [
    ['on-one', 'one'],
    ['disk', 'two'],
  ] as const) {
    put(persistentVolumes, made('PersistentVolume', name, { metadata: { name, labels: { [volumeNodeLabel]: of } } }));
  }
  put(persistentVolumeClaims, made('PersistentVolumeClaim', 'data', { spec: { volumeName: 'disk' } }, 'a'));
  return authorizer;
}

const inA = (verb: string, resource: string, name?: string, more: Partial<ResourceAttributes> = {}) =>
  of(verb, resource, { namespace: 'a', name, ...more });
const nodeCases: { asked: Attributes; allowed: boolean }[] = [
  { asked: inA('get', 'secrets', 'used'), allowed: true },
  { asked: inA('watch', 'secrets', 'used', { fieldSelector: 'metadata.name=used' }), allowed: true },
  { asked: inA('get', 'secrets', 'pull'), allowed: true },
  { asked: inA('get', 'secrets', 'debug'), allowed: true },
  { asked: inA('get', 'configmaps', 'settings'), allowed: true },
  { asked: inA('get', 'configmaps', 'used'), allowed: false },
  { asked: inA('get', 'secrets', 'other'), allowed: false },
  { asked: inA('list', 'secrets'), allowed: false },
  { asked: of('list', 'secrets', { name: 'used', fieldSelector: 'metadata.name=used' }), allowed: false },
  { asked: of('watch', 'configmaps', { name: 'settings' }), allowed: false },
  { asked: of('get', 'secrets', { namespace: 'b', name: 'used' }), allowed: false },
  { asked: inA('delete', 'secrets', 'used'), allowed: false },
  { asked: inA('get', 'persistentvolumeclaims', 'data'), allowed: true },
  { asked: of('get', 'persistentvolumes', { name: 'disk' }), allowed: true },
  { asked: of('get', 'persistentvolumes', { name: 'another' }), allowed: false },
  { asked: of('get', 'persistentvolumes', { name: 'on-one' }), allowed: true },
  { asked: of('patch', 'persistentvolumes', { name: 'on-one' }), allowed: true },
  { asked: of('patch', 'persistentvolumes', { name: 'disk' }), allowed: false },
  { asked: of('delete', 'persistentvolumes', { name: 'on-one' }), allowed: false },
  { asked: of('watch', 'persistentvolumes', { labelSelector: 'wherry.io/volume-node=one' }), allowed: true },
  { asked: of('list', 'persistentvolumes', { labelSelector: 'wherry.io/volume-node=two' }), allowed: false },
  { asked: of('list', 'persistentvolumes'), allowed: false },
  { asked: inA('create', 'serviceaccounts', 'runner', { subresource: 'token' }), allowed: true },
  { asked: inA('create', 'serviceaccounts', 'default', { subresource: 'token' }), allowed: false },
  { asked: inA('get', 'pods', 'own'), allowed: true },
  { asked: inA('get', 'pods', 'foreign'), allowed: false },
  { asked: inA('delete', 'pods', 'foreign'), allowed: false },
  { asked: inA('delete', 'pods', 'gone'), allowed: true },
  { asked: inA('create', 'pods'), allowed: true },
  { asked: inA('patch', 'pods', 'own', { subresource: 'status' }), allowed: true },
  { asked: inA('patch', 'pods', 'own'), allowed: false },
  { asked: of('list', 'pods'), allowed: true },
  { asked: of('list', 'pods', { fieldSelector: 'spec.nodeName=one' }), allowed: true },
  // Network policies are about pods of all nodes.
  { asked: of('list', 'pods', { fieldSelector: 'spec.nodeName=two' }), allowed: true },
  { asked: of('watch', 'pods'), allowed: true },
  { asked: of('watch', 'networkpolicies', { group: 'networking.k8s.io' }), allowed: true },
  { asked: of('list', 'namespaces'), allowed: true },
  { asked: of('get', 'namespaces', { name: 'a' }), allowed: false },
  { asked: of('list', 'nodes'), allowed: true },
  { asked: of('patch', 'nodes', { name: 'one', subresource: 'status' }), allowed: true },
  { asked: of('patch', 'nodes', { name: 'two', subresource: 'status' }), allowed: false },
  { asked: of('delete', 'nodes', { name: 'one' }), allowed: true },
  { asked: of('delete', 'nodes', { name: 'two' }), allowed: false },
  { asked: of('deletecollection', 'nodes'), allowed: false },
  { asked: of('watch', 'endpointslices', { group: 'discovery.k8s.io' }), allowed: true },
  { asked: of('get', 'configmaps', { namespace: 'kube-system', name: 'wherry-cluster' }), allowed: true },
  {
    asked: of('update', 'leases', { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'one' }),
    allowed: true,
  },
  {
    asked: of('update', 'leases', { group: 'coordination.k8s.io', namespace: 'kube-node-lease', name: 'two' }),
    allowed: false,
  },
  { asked: of('update', 'leases', { group: 'coordination.k8s.io', namespace: 'a', name: 'one' }), allowed: false },
  { asked: of('create', 'certificatesigningrequests', { group: 'certificates.k8s.io' }), allowed: true },
  { asked: of('create', 'roles', { group: rbacGroup, namespace: 'a' }), allowed: false },
  { asked: { verb: 'get', path: '/api/v1' }, allowed: true },
];

for (const { asked, allowed } of nodeCases) {
  test(`a node ${allowed ? 'may' : 'may not'} ${Object.values(asked).filter(Boolean).join(' ')}`, async () => {
    const authorizer = await authorizerOfNodes();
    assert.equal(authorizer.decide(user('system:node:one', 'system:nodes'), asked).allowed, allowed);
  });
}

test('a host that joins asks for a certificate, and everybody sees the health of the server', async () => {
  const authorizer = await authorizerOfNodes();
  const may = (who: User, asked: Attributes) => authorizer.decide(who, asked).allowed;
  const joining = user('system:bootstrap:abcdef', 'system:bootstrappers');
  assert.ok(may(joining, of('create', 'certificatesigningrequests', { group: 'certificates.k8s.io' })));
  assert.ok(may(anonymous, of('get', 'configmaps', { namespace: 'kube-public', name: 'cluster-info' })));
  assert.ok(may(anonymous, { verb: 'get', path: '/healthz' }));
  assert.ok(!may(anonymous, { verb: 'get', path: '/api' }));
  assert.ok(!may(joining, of('list', 'pods')));
});
