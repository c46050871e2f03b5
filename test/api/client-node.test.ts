// The JavaScript library that Kubernetes' own people make, as it is, on a real server: what programs do with it, and what
// they are told when it is refused.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AppsV1Api,
  AuthorizationV1Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  PatchStrategy,
  RbacAuthorizationV1Api,
  VersionApi,
} from '@kubernetes/client-node';
import { TestServer } from '../controllers/test-server.ts';
import { deployment, mapNamed, namespace, podTemplate, refused } from './client-node.ts';

let server: TestServer;
let config: KubeConfig;
let core: CoreV1Api;
let apps: AppsV1Api;
let batch: BatchV1Api;
let rbac: RbacAuthorizationV1Api;
let objects: KubernetesObjectApi;

before(async () => {
  // Nobody but the test changes what it looks at.
  server = await TestServer.open(['--without', 'deployment,replicaset']);
  config = new KubeConfig();
  config.loadFromFile(server.kubeconfigFile);
  core = config.makeApiClient(CoreV1Api);
  apps = config.makeApiClient(AppsV1Api);
  batch = config.makeApiClient(BatchV1Api);
  rbac = config.makeApiClient(RbacAuthorizationV1Api);
  objects = KubernetesObjectApi.makeApiClient(config);
});
after(() => server?.close());

describe('a kind is created, read, replaced, listed and deleted', () => {
  interface Life {
    create(): Promise<KubernetesObject>;
    read(): Promise<KubernetesObject>;
    replace(body: KubernetesObject): Promise<KubernetesObject>;
    list(): Promise<{ items: KubernetesObject[] }>;
    remove(): Promise<unknown>;
  }
  const name = 'life';
  const at = { name, namespace };
  const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  const jobSpec = { template: { spec: { ...podTemplate.spec, restartPolicy: 'Never' } } };
  const lives: Record<string, Life> = {
    Namespace: {
      create: () => core.createNamespace({ body: { metadata: { name } } }),
      read: () => core.readNamespace({ name }),
      replace: (body) => core.replaceNamespace({ name, body }),
      list: () => core.listNamespace(),
      remove: () => core.deleteNamespace({ name }),
    },
    ConfigMap: {
      create: () => core.createNamespacedConfigMap({ namespace, body: mapNamed(name, { a: '1' }) }),
      read: () => core.readNamespacedConfigMap(at),
      replace: (body) => core.replaceNamespacedConfigMap({ ...at, body }),
      list: () => core.listNamespacedConfigMap({ namespace }),
      remove: () => core.deleteNamespacedConfigMap(at),
    },
    Service: {
      create: () =>
        core.createNamespacedService({ namespace, body: { metadata: { name }, spec: { ports: [{ port: 80 }] } } }),
      read: () => core.readNamespacedService(at),
      replace: (body) => core.replaceNamespacedService({ ...at, body }),
      list: () => core.listServiceForAllNamespaces(),
      remove: () => core.deleteNamespacedService(at),
    },
    Deployment: {
      create: () => apps.createNamespacedDeployment({ namespace, body: deployment(name) }),
      read: () => apps.readNamespacedDeployment(at),
      replace: (body) => apps.replaceNamespacedDeployment({ ...at, body }),
      list: () => apps.listNamespacedDeployment({ namespace }),
      remove: () => apps.deleteNamespacedDeployment(at),
    },
    CronJob: {
      create: () =>
        batch.createNamespacedCronJob({
          namespace,
          body: { metadata: { name }, spec: { schedule: '@daily', jobTemplate: { spec: jobSpec } } },
        }),
      read: () => batch.readNamespacedCronJob(at),
      replace: (body) => batch.replaceNamespacedCronJob({ ...at, body: body as never }),
      list: () => batch.listCronJobForAllNamespaces(),
      remove: () => batch.deleteNamespacedCronJob(at),
    },
    Role: {
      create: () => rbac.createNamespacedRole({ namespace, body: { metadata: { name }, rules: [rule] } }),
      read: () => rbac.readNamespacedRole(at),
      replace: (body) => rbac.replaceNamespacedRole({ ...at, body: body as never }),
      list: () => rbac.listNamespacedRole({ namespace }),
      remove: () => rbac.deleteNamespacedRole(at),
    },
    ClusterRoleBinding: {
      create: () => rbac.createClusterRoleBinding({ body: { metadata: { name }, roleRef } }),
      read: () => rbac.readClusterRoleBinding({ name }),
      replace: (body) => rbac.replaceClusterRoleBinding({ name, body: body as never }),
      list: () => rbac.listClusterRoleBinding(),
      remove: () => rbac.deleteClusterRoleBinding({ name }),
    },
  };
  const named = ({ metadata }: KubernetesObject) => metadata?.name === name;

  for (const [kind, life] of Object.entries(lives)) {
    test(kind, async () => {
      const created = await life.create();
      assert.ok(created.metadata?.uid);
      assert.ok(created.metadata.creationTimestamp instanceof Date, 'a time is read as one');
      const read = await life.read();
      assert.deepEqual(read, created);
      const replaced = await life.replace({ ...read, metadata: { ...read.metadata, labels: { l: '1' } } });
      assert.equal(replaced.metadata?.labels?.l, '1');
      const conflict = await refused(life.replace({ ...read, metadata: { ...read.metadata, labels: { l: '2' } } }));
      assert.deepEqual([conflict.code, conflict.reason], [409, 'Conflict']);
      assert.deepEqual(
        (await life.list()).items.filter(named).map(({ metadata }) => metadata?.uid),
        [created.metadata.uid],
      );
      const exists = await refused(life.create());
      assert.deepEqual([exists.code, exists.reason], [409, 'AlreadyExists']);
      await life.remove();
      if (kind === 'Namespace') return;
      const gone = await refused(life.read());
      assert.deepEqual([gone.code, gone.reason, gone.details?.name], [404, 'NotFound', name]);
    });
  }
});

describe('many objects', () => {
  const names = Array.from({ length: 7 }, (_, n) => `many-${n}`);
  const listed = (query: { labelSelector?: string; fieldSelector?: string }) =>
    core
      .listNamespacedConfigMap({ namespace, ...query })
      .then(({ items }) => items.map(({ metadata }) => metadata?.name));

  before(async () => {
    const labelsOf = (n: number) => ({ many: 'yes', parity: n % 2 ? 'odd' : 'even' });
    await Promise.all(
      names.map((name, n) => core.createNamespacedConfigMap({ namespace, body: mapNamed(name, {}, labelsOf(n)) })),
    );
  });

  test('come in pages of one state', async () => {
    const pages: (string | undefined)[][] = [];
    const revisions = new Set<string | undefined>();
    let next: string | undefined;
    do {
      const page = await core.listNamespacedConfigMap({
        namespace,
        limit: 3,
        labelSelector: 'many=yes',
        ...(next && { _continue: next }),
      });
      pages.push(page.items.map(({ metadata }) => metadata?.name));
      revisions.add(page.metadata?.resourceVersion);
      // What is written between the pages does not show in them.
      if (!next) await core.deleteNamespacedConfigMap({ namespace, name: names[6] ?? '' });
      next = page.metadata?._continue;
    } while (next);
    assert.deepEqual(pages, [names.slice(0, 3), names.slice(3, 6), names.slice(6)]);
    assert.equal(revisions.size, 1);
    const { code, reason } = await refused(
      core.listNamespacedConfigMap({ namespace, limit: 3, _continue: 'nonsense' }),
    );
    assert.deepEqual([code, reason], [400, 'BadRequest']);
  });

  test('are selected by labels and fields', async () => {
    assert.deepEqual(await listed({ labelSelector: 'many,parity notin (even)' }), ['many-1', 'many-3', 'many-5']);
    assert.deepEqual(await listed({ fieldSelector: 'metadata.name=many-2' }), ['many-2']);
    assert.deepEqual(await listed({ labelSelector: 'parity=odd', fieldSelector: 'metadata.name!=many-3' }), [
      'many-1',
      'many-5',
    ]);
    assert.equal((await refused(listed({ labelSelector: 'a in' }))).code, 400);
    assert.match(
      (await refused(listed({ fieldSelector: 'data.a=1' }))).message ?? '',
      /"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"/,
    );
  });

  test('go together', async () => {
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'parity=odd', dryRun: 'All' });
    await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'parity=even' });
    assert.deepEqual(await listed({ labelSelector: 'many' }), ['many-1', 'many-3', 'many-5']);
  });
});

test('a dry run answers as if, and keeps nothing', async () => {
  const created = await core.createNamespacedConfigMap({ namespace, dryRun: 'All', body: mapNamed('dry') });
  assert.ok(created.metadata?.uid);
  assert.equal((await refused(core.readNamespacedConfigMap({ name: 'dry', namespace }))).code, 404);
  assert.equal(
    (await refused(core.createNamespacedConfigMap({ namespace, dryRun: 'Some', body: mapNamed('dry') }))).code,
    422,
  );
});

test('documents of YAML go in as they are', async () => {
  const documents = loadAllYaml(`
apiVersion: v1
kind: Namespace
metadata: {name: generic}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: generic, labels: {app: generic}}
data: {a: "1", time: "2026-01-02T03:04:05Z"}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: one, namespace: generic}
spec: {maxUnavailable: 30%, selector: {matchLabels: {app: generic}}}
`) as (KubernetesObject & { apiVersion: string; kind: string; metadata: { name: string } })[];
  for (const document of documents) await objects.create(document);
  for (const { apiVersion, kind, metadata } of documents) {
    const read = await objects.read({ apiVersion, kind, metadata });
    assert.deepEqual([read.kind, read.metadata?.name], [kind, metadata.name]);
  }
  const [, map] = documents;
  assert.ok(map);
  await objects.patch({ ...map, data: { a: '2' } } as KubernetesObject);
  const applied = await objects.patch(
    { ...map, data: { a: '3' } } as KubernetesObject,
    undefined,
    undefined,
    'm',
    true,
    PatchStrategy.ServerSideApply,
  );
  assert.deepEqual((applied as KubernetesObject & { data: object }).data, { a: '3', time: '2026-01-02T03:04:05Z' });
  await objects.replace({ ...applied, data: { b: '4' } } as KubernetesObject);
  const unknown = { apiVersion: 'v1', kind: 'Sercet', metadata: { name: 'x' } };
  await assert.rejects(objects.create(unknown), /Unrecognized API version and kind: v1 Sercet/);
  const { items } = await objects.list<KubernetesObject & { data: object }>(
    'v1',
    'ConfigMap',
    'generic',
    undefined,
    undefined,
    undefined,
    undefined,
    'app=generic',
  );
  assert.deepEqual(
    items.map(({ data }) => data),
    [{ b: '4' }],
  );
  for (const document of documents.reverse()) await objects.delete(document);
  assert.equal((await refused(objects.read(map))).code, 404);
});

test('the server tells its version and what it serves', async () => {
  const version = await config.makeApiClient(VersionApi).getCode();
  assert.deepEqual([version.major, version.minor], ['1', '34']);
  assert.ok((await core.getAPIResources()).resources.some(({ name }) => name === 'pods/log'));
  const { resources } = await apps.getAPIResources();
  const found = resources.find(({ name }) => name === 'deployments');
  assert.deepEqual([found?.kind, found?.namespaced, found?.shortNames], ['Deployment', true, ['deploy']]);
});

test('a service account’s token opens what its roles allow, and nothing else', async () => {
  const name = 'program';
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  await rbac.createNamespacedRole({
    namespace,
    body: { metadata: { name }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list'] }] },
  });
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  });
  const { status } = await core.createNamespacedServiceAccountToken({
    name,
    namespace,
    body: { spec: { audiences: [], expirationSeconds: 600 } },
  });
  const token = status?.token ?? '';
  assert.ok(Number(status?.expirationTimestamp) > Date.now());

  const configWith = (bearerToken: string) => {
    const bearer = new KubeConfig();
    const cluster = config.getCurrentCluster();
    assert.ok(cluster);
    bearer.loadFromClusterAndUser(cluster, { name, token: bearerToken });
    return bearer;
  };
  const allowed = configWith(token).makeApiClient(CoreV1Api);
  assert.ok((await allowed.listNamespacedConfigMap({ namespace })).items.length > 0);
  const { code, reason, message, details } = await refused(allowed.listNamespacedSecret({ namespace }));
  assert.deepEqual([code, reason, details?.kind], [403, 'Forbidden', 'secrets']);
  assert.equal(
    message,
    'secrets is forbidden: User "system:serviceaccount:default:program" cannot list resource "secrets" in API group "" in the namespace "default"',
  );
  const review = configWith(token).makeApiClient(AuthorizationV1Api);
  const asked = { namespace, verb: 'delete', resource: 'configmaps' };
  const answer = await review.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: asked } } });
  assert.equal(answer.status?.allowed, false);
  const forged = configWith(`${token.slice(0, -8)}AAAAAAAA`).makeApiClient(CoreV1Api);
  // The library leaves the body of this one away.
  await assert.rejects(forged.listNamespacedConfigMap({ namespace }), { code: 401 });
});
