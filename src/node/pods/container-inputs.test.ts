import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { containerResources } from './container-resources.ts';
import { containerSecurity } from './container-security.ts';
import { containerSpec } from './container-spec.ts';
import { samplePod } from './pod-samples.ts';
import type { ProjectionSources } from './projected-volume.ts';
import { unsupportedFeatures } from './unsupported-features.ts';
import { MountError, prepareVolumes, volumeMounts } from './volumes.ts';

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

test('command and arguments are those of the manifest', () => {
  const pod = samplePod({ shareProcessNamespace: true });
  const security = containerSecurity(pod, { name: 'main' }, { isSeccompDefault: false });
  const circumstances = {
    attempt: 1,
    backoffSeconds: 10,
    pauseId: 'p',
    env: new Map([['A', 'x']]),
    mounts: [],
    image: { source: 'i', digest: '' },
    security,
  };
  const spec = containerSpec(pod, { name: 'main', image: 'i', command: ['run', '$(A)'] }, circumstances);
  assert.deepEqual([spec.entrypoint, spec.args, spec.env], [['run', 'x'], undefined, ['A=x']]);
  assert.equal(spec.processes, 'of the pod');
  assert.equal(containerSpec(samplePod(), { name: 'main' }, circumstances).processes, 'own');
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
      runtimeClassName: 'fast',
      securityContext: { fsGroup: 1 },
      containers: [
        { name: 'main', readinessProbe: { periodSeconds: 1 }, ports: [{ containerPort: 80, hostPort: 80 }] },
      ],
    }),
  );
  const expected = [
    'runtimeClassName',
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
