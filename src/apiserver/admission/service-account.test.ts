import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import type { KubeObject } from '../../api/meta.ts';
import { admitting } from './admission-for-tests.ts';
import { serviceAccount } from './service-account.ts';

const account = (name: string, more: object = {}, annotations = {}) =>
  ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace: 'shop', annotations },
    ...more,
  }) as KubeObject;
const podWith = (spec: object = {}, annotations = {}) => ({
  metadata: { name: 'web', namespace: 'shop', annotations },
  spec: { containers: [{ name: 'main' }], ...spec },
});

async function world(...accounts: KubeObject[]) {
  const made = await admitting();
  for (const each of accounts) made.put(serviceAccounts, each);
  return { ...made, pod: (object: object) => made.admit<Pod>(serviceAccount, { kind: pods, object }) };
}

test('a pod without an account is of the default one, and gets its token', async () => {
  const { pod } = await world(account('default', { imagePullSecrets: [{ name: 'registry' }] }));
  const { spec } = await pod(podWith({ initContainers: [{ name: 'first' }] }));
  assert.deepEqual([spec.serviceAccountName, spec.serviceAccount], ['default', 'default']);
  assert.deepEqual(spec.imagePullSecrets, [{ name: 'registry' }]);
  const [volume] = spec.volumes ?? [];
  assert.match(volume?.name ?? '', /^kube-api-access-[a-z0-9]{5}$/);
  assert.deepEqual(
    volume?.projected?.sources?.map((source) => Object.keys(source)[0]),
    ['serviceAccountToken', 'configMap', 'downwardAPI'],
  );
  const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    assert.deepEqual(container.volumeMounts, [{ name: volume?.name, readOnly: true, mountPath }]);
  }
});

test('who gets a token', async () => {
  const mounted = [
    { name: 'main', volumeMounts: [{ name: 'own', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }] },
  ];
  const cases: [ofAccount: object, spec: object, volumes: number][] = [
    [{}, {}, 1],
    [{ automountServiceAccountToken: false }, {}, 0],
    [{ automountServiceAccountToken: false }, { automountServiceAccountToken: true }, 1],
    [{}, { automountServiceAccountToken: false }, 0],
    [{}, { containers: mounted }, 0],
  ];
  for (const [ofAccount, spec, volumes] of cases) {
    const { pod } = await world(account('default', ofAccount));
    assert.equal((await pod(podWith(spec))).spec.volumes?.length ?? 0, volumes, JSON.stringify([ofAccount, spec]));
  }
});

test('an account must be there; the default one of a new namespace is waited for', async () => {
  const { pod, put } = await world();
  await assert.rejects(
    pod(podWith({ serviceAccountName: 'runner' })),
    /pods "web" is forbidden: error looking up service account shop\/runner: serviceaccount "runner" not found/,
  );
  const waiting = pod(podWith());
  put(serviceAccounts, account('default'));
  assert.equal((await waiting).spec.serviceAccountName, 'default');
});

test('an account may be confined to the secrets that it names', async () => {
  const confined = { 'kubernetes.io/enforce-mountable-secrets': 'true' };
  const { pod } = await world(account('default', { secrets: [{ name: 'own' }] }, confined));
  const mounting = (secretName: string) => podWith({ volumes: [{ name: 'v', secret: { secretName } }] });
  await pod(mounting('own'));
  await assert.rejects(
    pod(mounting('other')),
    /volume with secret.secretName="other" is not allowed because service account default/,
  );
  const env = [{ name: 'KEY', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }];
  await assert.rejects(
    pod(podWith({ containers: [{ name: 'main', env }] })),
    /container main with envVar KEY referencing/,
  );
});

test('pictures of what nodes run are left as they are, and name no account', async () => {
  const { pod } = await world(account('default'));
  const mirror = { 'kubernetes.io/config.mirror': 'x' };
  assert.deepEqual((await pod(podWith({}, mirror))).spec, { containers: [{ name: 'main' }] });
  await assert.rejects(
    pod(podWith({ serviceAccountName: 'default' }, mirror)),
    /a mirror pod may not reference service accounts/,
  );
});
