// Who may ask the agent what: certificates and tokens as the master knows them, permissions as roles give them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAuthority, openAuthority } from '../../src/pki/authority.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { OneNode } from './one-node.ts';

let one: OneNode;
before(async () => {
  one = await OneNode.open();
});
after(async () => {
  await one?.close();
});

/** A service account that may do this on nodes; its token. */
async function account(name: string, rules: object[]): Promise<string> {
  const rbac = 'rbac.authorization.k8s.io';
  await one.apply(
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } },
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'default' }],
    },
  );
  return (await one.kubectl('create', 'token', name)).trim();
}

const onNodes = (verbs: string[], ...resources: string[]) => ({ apiGroups: [''], verbs, resources });

test('who does not say who he is, or lies, is not answered', async () => {
  assert.equal(await one.askAgent('/healthz', undefined), 'Unauthorized 401');
  assert.equal(await one.askAgent('/healthz', { token: 'abc.def.ghi' }), 'Unauthorized 401');
  // An authority that only calls itself as the cluster's does.
  const foreign = openAuthority(await createAuthority('wherry-ca'));
  const subject = { commonName: 'kubernetes-admin', organizations: ['system:masters'] };
  assert.equal(
    await one.askAgent('/healthz', await foreign.issue(subject, { usages: ['client'] })),
    'Unauthorized 401',
  );
});

test('masters may everything, and another node of the cluster nothing', async () => {
  const master = await one.masterIdentity();
  assert.equal(await one.askAgent('/healthz', master), 'ok 200');
  assert.match(await one.askAgent('/pods', master), /"kind":"PodList".* 200$/);
  assert.match(await one.askAgent('/containerLogs/default/none/main', master), /pod "none" does not exist 404$/);
  const node = await one.nodeIdentity();
  const refusal = 'Forbidden (user=system:node:n1, verb=get, resource=nodes, subresource(s)=[pods proxy])\n 403';
  assert.equal(await one.askAgent('/pods', node), refusal);
});

test('a token is permitted what its account may do on this node', async () => {
  const reader = await account('reader', [onNodes(['get'], 'nodes/pods', 'nodes/healthz')]);
  assert.match(await one.askAgent('/pods', { token: reader }), / 200$/);
  assert.equal(await one.askAgent('/healthz', { token: reader }), 'ok 200');
  const refusal =
    / \(user=system:serviceaccount:default:reader, verb=get, resource=nodes, subresource\(s\)=\[proxy\]\)/;
  const logs = await one.askAgent('/containerLogs/default/none/main', { token: reader });
  assert.match(logs, refusal);
  assert.match(logs, / 403$/);

  const proxy = await account('proxy', [onNodes(['get'], 'nodes/proxy')]);
  assert.match(await one.askAgent('/pods', { token: proxy }), / 200$/, 'the wide permission is enough');
  assert.match(await one.askAgent('/containerLogs/default/none/main', { token: proxy }), / 404$/);

  const elsewhere = await account('elsewhere', [{ ...onNodes(['get'], 'nodes/proxy'), resourceNames: ['n2'] }]);
  assert.match(await one.askAgent('/pods', { token: elsewhere }), / 403$/);
});

test('what the master said holds while it is away, and what it was not asked is refused', async () => {
  const known = await account('known', [onNodes(['get'], 'nodes/pods')]);
  const unknown = await account('unknown', [onNodes(['get'], 'nodes/pods')]);
  assert.match(await one.askAgent('/pods', { token: known }), / 200$/);
  await one.server?.kill('SIGKILL');
  assert.match(await one.askAgent('/pods', { token: known }), / 200$/);
  assert.match(await one.askAgent('/pods', await one.masterIdentity()), / 200$/);
  assert.equal(await one.askAgent('/pods', { token: unknown }), 'Unauthorized 401');
  await one.startServer();
  await waitUntil('the master is asked again', async () =>
    / 200$/.test(await one.askAgent('/pods', { token: unknown })),
  );
});
