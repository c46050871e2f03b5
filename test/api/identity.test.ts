// Who asks, and what he may, on a real server: certificates, tokens, acting as others, roles that are granted and refused.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { clusterRoles } from '../../src/api/kinds/cluster-role.ts';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import type { Kind } from '../../src/api/kinds/kind.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { roles } from '../../src/api/kinds/role.ts';
import { roleBindings } from '../../src/api/kinds/role-binding.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { serviceAccounts } from '../../src/api/kinds/service-account.ts';
import { rbacGroup } from '../../src/api/rbac/policy-rule.ts';
import { StatusError } from '../../src/api/status.ts';
import { execute } from '../../src/base/exec.ts';
import type { Client } from '../../src/client/client.ts';
import { createAuthority, openAuthority } from '../../src/pki/authority.ts';
import { pairIn } from '../../src/pki/certificate.ts';
import { TestServer } from '../controllers/test-server.ts';

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

async function refused(action: Promise<unknown>, code: number, message?: RegExp): Promise<void> {
  await assert.rejects(action, (error: unknown) => {
    assert.ok(error instanceof StatusError, String(error));
    assert.equal(error.code, code, error.message);
    if (message) assert.match(error.message, message);
    return true;
  });
}

async function authorityIn(file: string) {
  const pair = pairIn(await readFile(join(server.directory, 'data/server/pki', file), 'utf8'));
  assert.ok(pair, file);
  return openAuthority(pair);
}

const admin = { commonName: 'eve', organizations: ['system:masters'] };
const rules = (resource: string, ...verbs: string[]) => [{ apiGroups: [''], resources: [resource], verbs }];
const account = (name: string) => ({ kind: 'ServiceAccount', name, namespace: 'default' });

async function grant(
  namespace: string,
  name: string,
  granted: ReturnType<typeof rules>,
  subjects: object[],
): Promise<void> {
  await server.client.create(roles, { metadata: { namespace, name }, rules: granted });
  const roleRef = { apiGroup: rbacGroup, kind: 'Role', name };
  await server.client.create(roleBindings, { metadata: { namespace, name }, roleRef, subjects: subjects as never });
}

async function tokenFor(name: string, spec: object = {}): Promise<string> {
  let token = '';
  const path = `/api/v1/namespaces/default/serviceaccounts/${name}/token`;
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
  const file = join(server.directory, `token-${name}.json`);
  await writeFile(file, body);
  const answer = await server.kubectl('create', '--raw', path, '-f', file);
  token = (JSON.parse(answer) as { status: { token: string } }).status.token;
  return token;
}

test('a certificate counts only where it is of the authority of clients, and of its time', async () => {
  const ours = await authorityIn('ca.pem');
  const good = server.clientAs(await ours.issue(admin, { usages: ['client'] }));
  await good.list(namespaces);
  const foreign = openAuthority(await createAuthority('wherry-ca'));
  const agents = await authorityIn('agent-ca.pem');
  const bad = [
    await foreign.issue(admin, { usages: ['client'] }),
    await agents.issue(admin, { usages: ['client'] }),
    await ours.issue(admin, { usages: ['client'], validSeconds: -60 }),
    await ours.issue(admin, { usages: ['server'] }),
  ];
  for (const identity of bad) await refused(server.clientAs(identity).list(namespaces), 401);
});

test('a token speaks for its account, as long as the account and the pod are there', async () => {
  await server.client.create(serviceAccounts, { metadata: { namespace: 'default', name: 'bot' } });
  await grant('default', 'bots', rules('configmaps', 'get', 'list'), [account('bot')]);
  const pod = await server.client.create(pods, {
    metadata: { namespace: 'default', name: 'bot' },
    spec: { serviceAccountName: 'bot', containers: [{ name: 'main', image: 'x' }] },
  });
  const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name: 'bot', uid: pod.metadata.uid };
  const ofAccount = server.clientAs({ token: await tokenFor('bot') });
  const ofPod = server.clientAs({ token: await tokenFor('bot', { boundObjectRef }) });
  const elsewhere = server.clientAs({ token: await tokenFor('bot', { audiences: ['vault'] }) });
  const list = (client: Client, kind: Kind = configMaps) => client.list(kind, { namespace: 'default' });
  await Promise.all([list(ofAccount), list(ofPod)]);
  await refused(list(ofPod, secrets), 403, /"system:serviceaccount:default:bot" cannot list resource "secrets"/);
  await refused(list(elsewhere), 401);
  await server.client.delete(pods, pod.metadata, { gracePeriodSeconds: 0 });
  await refused(list(ofPod), 401);
  await list(ofAccount);
  await server.client.delete(serviceAccounts, { namespace: 'default', name: 'bot' });
  await refused(list(ofAccount), 401);
});

test('a Secret gets a token of the account that it names, and goes with it', async () => {
  const metadata = { namespace: 'default', name: 'holder' };
  await server.client.create(serviceAccounts, { metadata });
  await server.client.create(secrets, {
    metadata: { ...metadata, annotations: { 'kubernetes.io/service-account.name': 'holder' } },
    type: 'kubernetes.io/service-account-token',
  });
  const find = (all: { metadata: { name: string }; data?: Record<string, string> }[]) =>
    all.find((secret) => secret.metadata.name === 'holder' && secret.data?.token);
  const { data = {} } = await server.when('a token in the secret', secrets, find);
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString();
  assert.deepEqual([text('namespace'), text('ca.crt')], ['default', server.kubeconfig.ca]);
  const holder = server.clientAs({ token: text('token') });
  await refused(holder.list(pods), 403, /system:serviceaccount:default:holder/);
  await server.client.delete(serviceAccounts, metadata);
  await server.when('no secret', secrets, (all) => !all.some((secret) => secret.metadata.name === 'holder'));
  await refused(holder.list(pods), 401);
});

test('every namespace has the authority of the API, and gets it back', async () => {
  await server.client.create(namespaces, { metadata: { name: 'fresh' } });
  const published = (uid?: string) => (all: { metadata: { namespace?: string; name: string; uid?: string } }[]) =>
    all.find(
      ({ metadata }) => metadata.namespace === 'fresh' && metadata.name === 'kube-root-ca.crt' && metadata.uid !== uid,
    ) as { metadata: { uid: string }; data?: Record<string, string> } | undefined;
  const first = await server.when('the authority', configMaps, published());
  assert.equal(first.data?.['ca.crt'], server.kubeconfig.ca);
  const ref = { namespace: 'fresh', name: 'kube-root-ca.crt' };
  await server.client.delete(configMaps, ref);
  await server.when('the authority again', configMaps, published(first.metadata.uid));
});

test('who may write roles grants no more than he has', async () => {
  const token = async (name: string) => {
    await server.client.create(serviceAccounts, { metadata: { namespace: 'default', name } });
    return server.clientAs({ token: await tokenFor(name) });
  };
  const keeper = await token('keeper');
  const keeping = { apiGroups: [rbacGroup], resources: ['roles', 'rolebindings'], verbs: ['create', 'get', 'patch'] };
  await grant('default', 'keepers', [...rules('pods', 'get', 'list'), keeping], [account('keeper')]);
  const role = (name: string, ...verbs: string[]) => ({
    metadata: { namespace: 'default', name },
    rules: rules('pods', ...verbs),
  });
  await keeper.create(roles, role('less', 'get'));
  const more =
    /is attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["pods"\], Verbs:\["delete"\]\}/;
  await refused(keeper.create(roles, role('more', 'get', 'delete')), 403, more);
  await refused(keeper.patch(roles, { namespace: 'default', name: 'less' }, role('less', 'delete')), 403, more);
  const binding = (name: string, kind: string) => ({
    metadata: { namespace: 'default', name: `to-${name}` },
    roleRef: { apiGroup: rbacGroup, kind, name },
    subjects: [account('keeper')],
  });
  await keeper.create(roleBindings, binding('less', 'Role'));
  await refused(keeper.create(roleBindings, binding('view', 'ClusterRole')), 403, /not currently held/);
  await refused(keeper.create(roleBindings, binding('nothing', 'ClusterRole')), 404);
  const binds = { apiGroups: [rbacGroup], resources: ['clusterroles'], resourceNames: ['view'], verbs: ['bind'] };
  await grant('default', 'binders', [binds] as never, [account('keeper')]);
  await keeper.create(roleBindings, binding('view', 'ClusterRole'));
  await refused(keeper.create(clusterRoles, { metadata: { name: 'x' } }), 403, /cannot create resource "clusterroles"/);
});

test('the keys of tokens are told to accounts, and the health to everybody', async () => {
  await server.client.create(serviceAccounts, { metadata: { namespace: 'default', name: 'asker' } });
  const token = await tokenFor('asker');
  const get = async (path: string, authorization?: string) => {
    const args = ['-sk', '-w', ' %{http_code}', `${server.kubeconfig.server}${path}`];
    if (authorization) args.push('-H', `Authorization: ${authorization}`);
    const [, body = '', code] = /^(.*) (\d+)$/s.exec(await execute('curl', args)) ?? [];
    return { code: Number(code), body };
  };
  const configuration = await get('/.well-known/openid-configuration', `Bearer ${token}`);
  assert.equal(JSON.parse(configuration.body).issuer, 'https://kubernetes.default.svc.cluster.local');
  const { keys } = JSON.parse((await get('/openid/v1/jwks', `Bearer ${token}`)).body);
  const [head = ''] = token.split('.');
  assert.equal(keys[0].kid, JSON.parse(Buffer.from(head, 'base64url').toString()).kid);
  const open = ['/healthz', '/livez', '/readyz', '/version'];
  const closed = ['/openid/v1/jwks', '/apis', '/api/v1', '/metrics', '/nothing', '/apis/x/v1/y', '/api/v1/pods'];
  for (const path of open) assert.equal((await get(path)).code, 200, path);
  for (const path of closed) assert.equal((await get(path)).code, 403, path);
  for (const path of open) assert.equal((await get(path, 'Bearer nonsense')).code, 401, path);
});
