import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Service } from '../../api/kinds/service.ts';
import { ConfigProblem, containerEnv, type EnvSources, serviceEnv } from './container-env.ts';
import { containerResources } from './container-resources.ts';
import { containerSpec } from './container-spec.ts';
import { expandReferences } from './expand.ts';
import { podResolvConf } from './pod-dns.ts';
import { samplePod } from './pod-samples.ts';
import type { ProjectionSources } from './projected-volume.ts';
import { unsupportedFeatures } from './unsupported-features.ts';
import { MountError, prepareVolumes, volumeMounts } from './volumes.ts';

const sources: EnvSources = {
  configMap: async (name) => (name === 'settings' ? { color: 'blue', size: '9' } : undefined),
  secret: async (name) => (name === 'login' ? { password: 'secret' } : undefined),
  services: [],
  podAddress: '10.42.0.2',
  hostAddress: '192.0.2.7',
};

test('references are replaced where the name is known', () => {
  const values = new Map([
    ['A', '1'],
    ['B', '$(A)'],
  ]);
  const cases = { '$(A)-$(A)': '1-1', '$(X)': '$(X)', '$$(A)': '$(A)', '$(B)': '$(A)', '$A $': '$A $', '$(': '$(' };
  for (const [text, expanded] of Object.entries(cases)) assert.equal(expandReferences(text, values), expanded, text);
});

test('variables come from all their sources, the later ones over the earlier', async () => {
  const pod = samplePod({}, { labels: { app: 'shop' } });
  const env = await containerEnv(
    pod,
    {
      name: 'main',
      envFrom: [{ prefix: 'CM_', configMapRef: { name: 'settings' } }, { secretRef: { name: 'none', optional: true } }],
      env: [
        { name: 'CM_size', value: '10' },
        { name: 'GREETING', value: '$(CM_color) $(CM_size)' },
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
        { name: 'NOTHING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'no', optional: true } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
      ],
    },
    sources,
  );
  assert.deepEqual(Object.fromEntries(env), {
    CM_color: 'blue',
    CM_size: '10',
    GREETING: 'blue 10',
    PASSWORD: 'secret',
    IP: '10.42.0.2',
    APP: 'shop',
  });
});

test('what is missing is named', async () => {
  const envOf = (env: object) => containerEnv(samplePod(), { name: 'main', ...env }, sources);
  const missing: [object, RegExp][] = [
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, /configmap "none" not found/],
    [{ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'a' } } }] }, /secret "none" not found/],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'no' } } }] },
      /couldn't find key no in ConfigMap default\/settings/,
    ],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }, /unsupported fieldPath: spec.x/],
  ];
  for (const [env, message] of missing) {
    await assert.rejects(envOf(env), (error) => error instanceof ConfigProblem && message.test(error.message));
  }
});

test('services of the namespace are told of, and always the API’s own', () => {
  const service = (namespace: string, name: string, clusterIP: string) =>
    ({ metadata: { namespace, name }, spec: { clusterIP, ports: [{ name: 'http', port: 80 }] } }) as Service;
  const services = [
    service('default', 'kubernetes', '10.43.0.1'),
    service('shop', 'my-db', '10.43.0.9'),
    service('shop', 'headless', 'None'),
    service('other', 'web', '10.43.0.7'),
  ];
  const env = serviceEnv(services, 'shop', true);
  assert.equal(env.get('KUBERNETES_SERVICE_HOST'), '10.43.0.1');
  assert.equal(env.get('MY_DB_SERVICE_PORT_HTTP'), '80');
  assert.equal(env.get('MY_DB_PORT_80_TCP'), 'tcp://10.43.0.9:80');
  assert.deepEqual(
    [...env.keys()].filter((key) => /^(WEB|HEADLESS)/.test(key)),
    [],
  );
  assert.deepEqual(
    [...serviceEnv(services, 'shop', false).keys()].filter((key) => key.startsWith('MY_DB')),
    [],
  );
});

test('requests become shares, limits become quota and bytes', () => {
  const of = (resources: object) => containerResources({ name: 'main', resources });
  assert.deepEqual(of({}), { cpuShares: 2, cpuQuotaMicros: undefined, memoryBytes: undefined });
  assert.deepEqual(of({ requests: { cpu: '100m' }, limits: { cpu: '1500m', memory: '64Mi' } }), {
    cpuShares: 102,
    cpuQuotaMicros: 150_000,
    memoryBytes: 64 * 2 ** 20,
  });
  assert.equal(of({ limits: { cpu: '1m' } }).cpuQuotaMicros, 1_000);
});

test('command, arguments and user are those of the manifest', () => {
  const pod = samplePod({ securityContext: { runAsUser: 1000, runAsGroup: 2000 }, shareProcessNamespace: true });
  const circumstances = { attempt: 1, backoffSeconds: 10, pauseId: 'p', env: new Map([['A', 'x']]), mounts: [] };
  const spec = containerSpec(pod, { name: 'main', image: 'i', command: ['run', '$(A)'] }, circumstances);
  assert.deepEqual([spec.entrypoint, spec.args, spec.env], [['run', 'x'], undefined, ['A=x']]);
  assert.deepEqual([spec.user, spec.processes], ['1000:2000', 'of the pod']);
  const own = containerSpec(pod, { name: 'main', securityContext: { runAsUser: 0 } }, circumstances);
  assert.equal(own.user, '0:2000');
});

test('names are resolved by the cluster, the host, or as the pod says', () => {
  const settings = { clusterCidr: '', serviceCidr: '', clusterDomain: 'cluster.local', dnsAddress: '10.43.0.10' };
  const host = 'nameserver 192.0.2.53\nsearch example.org\n';
  const of = (spec: object) => podResolvConf(samplePod(spec), settings, host);
  const cluster =
    'search default.svc.cluster.local svc.cluster.local cluster.local example.org\nnameserver 10.43.0.10\noptions ndots:5\n';
  assert.equal(of({}), cluster);
  assert.equal(of({ hostNetwork: true }), 'search example.org\nnameserver 192.0.2.53\n');
  assert.equal(of({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), cluster);
  const own = { nameservers: ['192.0.2.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }] };
  assert.equal(of({ dnsPolicy: 'None', dnsConfig: own }), 'search a.b\nnameserver 192.0.2.1\noptions ndots:2\n');
  assert.match(of({ dnsConfig: own }), /nameserver 10.43.0.10\nnameserver 192.0.2.1\noptions ndots:2\n$/);
});

test('what the agent does not do yet is listed, and nothing else', () => {
  const plain = {
    containers: [
      { name: 'main', image: 'i', terminationMessagePath: '/dev/termination-log', ports: [{ containerPort: 80 }] },
    ],
    securityContext: {},
  };
  assert.deepEqual(unsupportedFeatures(samplePod(plain)), []);
  const asked = unsupportedFeatures(
    samplePod({
      hostAliases: [{ ip: '192.0.2.1' }],
      securityContext: { fsGroup: 1 },
      containers: [
        { name: 'main', readinessProbe: { periodSeconds: 1 }, ports: [{ containerPort: 80, hostPort: 80 }] },
      ],
    }),
  );
  const expected = [
    'hostAliases',
    'securityContext.fsGroup',
    'containers[main].readinessProbe',
    'containers[main].ports.hostPort',
  ];
  assert.deepEqual(asked, expected);
});

const noSources: ProjectionSources = {
  configMap: () => Promise.resolve(undefined),
  secret: () => Promise.resolve(undefined),
  token: () => Promise.reject(new Error('nobody gives tokens here')),
  nowMs: 0,
};

test('volumes are made ready, or the pod is told why not', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-volumes-'));
  try {
    await writeFile(join(folder, 'file'), '');
    const mounted = {
      name: 'main',
      volumeMounts: [{ name: 'disk', mountPath: '/disk', subPath: 'a/b', readOnly: true }],
    };
    const pod = samplePod({ containers: [mounted], volumes: [{ name: 'disk', emptyDir: {} }] });
    await prepareVolumes(pod, folder, noSources);
    const disk = join(folder, 'volumes/kubernetes.io~empty-dir/disk');
    assert.equal((await stat(disk)).mode & 0o7777, 0o777);
    assert.deepEqual(await volumeMounts(pod, mounted, folder), [
      { source: join(disk, 'a/b'), target: '/disk', readOnly: true },
    ]);
    const out = { name: 'main', volumeMounts: [{ name: 'disk', mountPath: '/disk', subPath: '../../x' }] };
    await assert.rejects(volumeMounts(pod, out, folder), /leads out of the volume/);
    const refused: [object, RegExp][] = [
      [
        { hostPath: { path: join(folder, 'file'), type: 'Directory' } },
        /hostPath type check failed: .* is not a directory/,
      ],
      [{ hostPath: { path: join(folder, 'none'), type: 'File' } }, /is not a file/],
      [{ nfs: { server: 'x', path: '/' } }, /cannot mount nfs volumes yet/],
      [{ emptyDir: { medium: 'Memory' } }, /cannot mount emptyDir of medium Memory volumes yet/],
    ];
    for (const [volume, message] of refused) {
      const asked = samplePod({ volumes: [{ name: 'disk', ...volume }] });
      await assert.rejects(
        prepareVolumes(asked, folder, noSources),
        (error) => error instanceof MountError && message.test(error.message),
      );
    }
    await prepareVolumes(
      samplePod({ volumes: [{ name: 'd', hostPath: { path: join(folder, 'new'), type: 'DirectoryOrCreate' } }] }),
      folder,
      noSources,
    );
    assert.ok((await stat(join(folder, 'new'))).isDirectory());
  } finally {
    await rm(folder, { recursive: true });
  }
});
