// Changes by Kubernetes' own JavaScript library on a real server: every type of patch, applies, subresources, and what of it is
// refused.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AppsV1Api, CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';
import { TestServer } from '../controllers/test-server.ts';
import { deployment, mapNamed, namespace, patchedBy, refused } from './client-node.ts';

let server: TestServer;
let core: CoreV1Api;
let apps: AppsV1Api;
before(async () => {
  // Nobody but the test changes what it looks at.
  server = await TestServer.open(['--without', 'deployment,replicaset']);
  const config = new KubeConfig();
  config.loadFromFile(server.kubeconfigFile);
  core = config.makeApiClient(CoreV1Api);
  apps = config.makeApiClient(AppsV1Api);
});
after(() => server?.close());

describe('a patch', () => {
  const name = 'patched';
  const patches: [string, PatchStrategy, unknown, string[]][] = [
    [
      'as JSON',
      PatchStrategy.JsonPatch,
      [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'j' }],
      ['c j'],
    ],
    [
      'that merges',
      PatchStrategy.MergePatch,
      { spec: { template: { spec: { containers: [{ name: 'd', image: 'm' }] } } } },
      ['d m'],
    ],
    [
      'that knows lists',
      PatchStrategy.StrategicMergePatch,
      { spec: { template: { spec: { containers: [{ name: 'e', image: 's' }] } } } },
      ['e s', 'c i'],
    ],
  ];
  for (const [what, strategy, body, wanted] of patches) {
    test(what, async () => {
      await apps.createNamespacedDeployment({ namespace, body: deployment(name) });
      const { spec } = await apps.patchNamespacedDeployment({ name, namespace, body }, patchedBy(strategy));
      assert.deepEqual(
        spec?.template.spec?.containers.map((container) => `${container.name} ${container.image}`),
        wanted,
      );
      await apps.deleteNamespacedDeployment({ name, namespace });
    });
  }

  test('of a type that there is not', async () => {
    await core.createNamespacedConfigMap({ namespace, body: mapNamed(name) });
    const patching = (contentType: string, body: unknown) =>
      refused(core.patchNamespacedConfigMap({ name, namespace, body }, setHeaderOptions('Content-Type', contentType)));
    assert.equal((await patching('application/json', {})).code, 415);
    assert.equal((await patching(PatchStrategy.JsonPatch, { data: {} })).code, 400);
    const test = [{ op: 'test', path: '/metadata/name', value: 'other' }];
    assert.equal((await patching(PatchStrategy.JsonPatch, test)).reason, 'Invalid');
  });

  test('that applies owns what it says, and takes from others by force alone', async () => {
    const at = { name: 'applied', namespace };
    const apply = (a: string, fieldManager: string, force = false) =>
      core.patchNamespacedConfigMap(
        {
          ...at,
          fieldManager,
          force,
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: at.name }, data: { a } },
        },
        patchedBy(PatchStrategy.ServerSideApply),
      );
    const created = await apply('1', 'one');
    assert.deepEqual(
      created.metadata?.managedFields?.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1]),
      [['one', 'Apply', { 'f:data': { 'f:a': {} } }]],
    );
    const conflict = await refused(apply('2', 'two'));
    assert.deepEqual([conflict.code, conflict.reason], [409, 'Conflict']);
    assert.deepEqual(conflict.details?.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.a' },
    ]);
    const forced = await apply('2', 'two', true);
    assert.deepEqual(
      [forced.data, forced.metadata?.managedFields?.map(({ manager }) => manager)],
      [{ a: '2' }, ['two']],
    );
  });
});

describe('a subresource', () => {
  const at = { name: 'sub', namespace };
  before(() => apps.createNamespacedDeployment({ namespace, body: deployment(at.name) }));

  test('status is written apart from the spec', async () => {
    const { spec, ...read } = await apps.readNamespacedDeploymentStatus(at);
    const body = {
      ...read,
      spec: { ...spec, replicas: 5 } as NonNullable<typeof spec>,
      status: { observedGeneration: 1, replicas: 2 },
    };
    const through = await apps.replaceNamespacedDeploymentStatus({ ...at, body });
    assert.deepEqual([through.spec?.replicas, through.status?.replicas], [0, 2]);
    const beside = await apps.replaceNamespacedDeployment({ ...at, body: { ...through, status: { replicas: 7 } } });
    assert.equal(beside.status?.replicas, 2);
    const patch = { body: { status: { collisionCount: 3 } } };
    const patched = await apps.patchNamespacedDeploymentStatus(
      { ...at, ...patch },
      patchedBy(PatchStrategy.MergePatch),
    );
    assert.deepEqual([patched.status?.collisionCount, patched.metadata?.generation], [3, 1]);
  });

  test('scale is read and written', async () => {
    const scale = await apps.readNamespacedDeploymentScale(at);
    assert.deepEqual([scale.kind, scale.apiVersion, scale.status?.selector], ['Scale', 'autoscaling/v1', 'app=web']);
    const written = await apps.replaceNamespacedDeploymentScale({ ...at, body: { ...scale, spec: { replicas: 2 } } });
    assert.equal(written.spec?.replicas, 2);
    const body = { spec: { replicas: 3 } };
    await apps.patchNamespacedDeploymentScale({ ...at, body }, patchedBy(PatchStrategy.MergePatch));
    assert.equal((await apps.readNamespacedDeployment(at)).spec?.replicas, 3);
    const bad = await refused(
      apps.replaceNamespacedDeploymentScale({
        ...at,
        body: { ...scale, metadata: { name: at.name }, spec: { replicas: -1 } },
      }),
    );
    assert.deepEqual([bad.code, bad.details?.causes?.[0]?.field], [422, 'spec.replicas']);
  });
});

test('fields that there are not are refused, or dropped, as one asks', async () => {
  // The library drops what its types do not know, but in a patch everything goes.
  await core.createNamespacedConfigMap({ namespace, body: mapNamed('strict') });
  const patch = (fieldValidation: string) =>
    core.patchNamespacedConfigMap(
      { name: 'strict', namespace, fieldValidation, body: { dta: { a: '1' } } },
      patchedBy(PatchStrategy.MergePatch),
    );
  const strict = await refused(patch('Strict'));
  assert.deepEqual([strict.code, strict.reason], [422, 'Invalid']);
  assert.match(strict.message ?? '', /strict decoding error: unknown field "dta"/);
  for (const lenient of ['Warn', 'Ignore']) assert.equal('dta' in (await patch(lenient)), false, lenient);
});

test('what is invalid is told field by field', async () => {
  const body = { metadata: { name: 'Bad_Name' }, spec: { containers: [{ name: 'c' }] } };
  const { code, reason, details } = await refused(core.createNamespacedPod({ namespace, body }));
  assert.deepEqual([code, reason, details?.kind], [422, 'Invalid', 'Pod']);
  assert.deepEqual(
    details?.causes?.map(({ field }) => field),
    ['metadata.name', 'spec.containers[0].image'],
  );
});
