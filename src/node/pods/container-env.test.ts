import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service } from '../../api/kinds/service.ts';
import { ConfigProblem, containerEnv, type EnvSources } from './container-env.ts';
import { expandReferences } from './expand.ts';
import { samplePod } from './pod-samples.ts';
import { resourceFieldValue } from './resource-field.ts';
import { serviceEnv } from './service-env.ts';

const sources: EnvSources = {
  configMap: async (name) => (name === 'settings' ? { color: 'blue', size: '9' } : undefined),
  secret: async (name) => (name === 'login' ? { password: 'secret' } : undefined),
  services: [],
  podAddress: '10.42.0.2',
  hostAddress: '192.0.2.7',
  allocatable: { cpu: '2', memory: '4Gi', 'ephemeral-storage': '10G' },
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
  const side = { name: 'side', resources: { requests: { memory: '1Mi' } } };
  const pod = samplePod({ containers: [side] }, { labels: { app: 'shop' } });
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
        { name: 'IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
        { name: 'HOSTS', valueFrom: { fieldRef: { fieldPath: 'status.hostIPs' } } },
        { name: 'CORES', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'SIDE', valueFrom: { resourceFieldRef: { containerName: 'side', resource: 'requests.memory' } } },
        { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'NO_LABEL', valueFrom: { fieldRef: { fieldPath: "metadata.labels['toString']" } } },
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
    IPS: '10.42.0.2',
    HOSTS: '192.0.2.7',
    CORES: '2',
    SIDE: '1048576',
    APP: 'shop',
    NO_LABEL: '',
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
    [{ env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.dogs' } } }] }, /resource : limits.dogs/],
    [
      { env: [{ name: 'A', valueFrom: { resourceFieldRef: { containerName: 'x', resource: 'limits.cpu' } } }] },
      /container x not found/,
    ],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }] }, /unsupported fieldPath: spec.x/],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'constructor' } } }] },
      /couldn't find key constructor in ConfigMap default\/settings/,
    ],
  ];
  for (const [env, message] of missing) {
    await assert.rejects(envOf(env), (error) => error instanceof ConfigProblem && message.test(error.message));
  }
});

test('nothing is made before it is known which services there are', async () => {
  const env = containerEnv(samplePod(), { name: 'main' }, { ...sources, services: undefined });
  await assert.rejects(
    env,
    (error) => error instanceof ConfigProblem && /services have not yet been read/.test(error.message),
  );
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

test('resources are counted in their divisor and rounded up; what has no limit may use what the pod or the node has', () => {
  const resources = {
    requests: { cpu: '250m', memory: '1Gi', 'hugepages-2Mi': '4Mi' },
    limits: { cpu: '1500m', memory: '3000000', 'hugepages-2Mi': '4Mi' },
  };
  const allocatable = { cpu: '4', memory: '8Gi', 'ephemeral-storage': '10Gi' };
  const bounded = samplePod({ resources: { limits: { memory: '2Gi' } } });
  const cases: [Parameters<typeof resourceFieldValue>[0], object, string, string | undefined, string | undefined][] = [
    [samplePod(), resources, 'limits.cpu', undefined, '2'],
    [samplePod(), resources, 'limits.cpu', '1m', '1500'],
    [samplePod(), resources, 'limits.cpu', '0', '2'],
    [samplePod(), resources, 'requests.cpu', '1', '1'],
    [samplePod(), resources, 'requests.cpu', '100m', '3'],
    [samplePod(), resources, 'limits.memory', '1Mi', '3'],
    [samplePod(), resources, 'requests.memory', undefined, '1073741824'],
    [samplePod(), resources, 'requests.hugepages-2Mi', '1Mi', '4'],
    [samplePod(), resources, 'requests.ephemeral-storage', undefined, '0'],
    [samplePod(), {}, 'limits.cpu', undefined, '4'],
    [samplePod(), {}, 'limits.memory', '1Gi', '8'],
    [samplePod(), {}, 'limits.ephemeral-storage', '1Gi', '10'],
    [samplePod(), {}, 'limits.hugepages-2Mi', undefined, '0'],
    [samplePod(), {}, 'requests.cpu', undefined, '0'],
    [bounded, {}, 'limits.memory', '1Gi', '2'],
    [bounded, {}, 'limits.cpu', undefined, '4'],
    [samplePod(), {}, 'limits.dogs', undefined, undefined],
    [samplePod(), {}, 'cpu', undefined, undefined],
  ];
  for (const [pod, given, resource, divisor, value] of cases) {
    const found = resourceFieldValue(pod, { name: 'main', resources: given }, { resource, divisor }, allocatable);
    assert.equal(found, value, `${resource} / ${divisor}`);
  }
});
