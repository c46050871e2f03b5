// Random nodes and pods with rules of every sort, small enough that the rules meet.
import fc from 'fast-check';
import type { Pod } from '../../api/kinds/pod.ts';
import type { NodeTraits } from './cluster-for-tests.ts';

const apps = ['red', 'green', 'blue'];
const topologyKey = fc.constantFrom('zone', 'kubernetes.io/hostname');
const app = fc.constantFrom(...apps);
const term = fc.record({ topologyKey, labelSelector: app.map((name) => ({ matchLabels: { app: name } })) });
const maybe = <T>(value: fc.Arbitrary<T>, weight = 3) => fc.option(value, { nil: undefined, freq: weight });

export const randomNode: fc.Arbitrary<NodeTraits> = fc
  .record({
    zone: maybe(fc.constantFrom('1', '2', '3'), 6),
    disk: fc.constantFrom('ssd', 'hdd'),
    cpu: fc.integer({ min: 1, max: 8 }),
    pods: fc.integer({ min: 1, max: 12 }),
    isTainted: fc.boolean(),
    isCordoned: fc.integer({ min: 0, max: 9 }),
  })
  .map(({ zone, disk, cpu, pods, isTainted, isCordoned }) => ({
    labels: { disk, ...(zone && { zone }) },
    allocatable: { cpu: String(cpu), memory: `${cpu}Gi`, pods: String(pods), 'example.com/gpu': String(cpu % 3) },
    spec: {
      ...(isTainted && { taints: [{ key: 'gpu', effect: 'NoSchedule' as const }] }),
      ...(isCordoned === 0 && { unschedulable: true }),
    },
  }));

export interface RandomPod {
  app: string;
  namespace: string;
  spec: Partial<Pod['spec']>;
}

export const randomPod: fc.Arbitrary<RandomPod> = fc
  .record({
    app,
    namespace: fc.constantFrom('default', 'default', 'default', 'kube-public'),
    cpu: fc.integer({ min: 0, max: 1500 }),
    memory: fc.integer({ min: 1, max: 1500 }),
    gpu: maybe(fc.constant('1'), 2),
    hostPort: maybe(fc.constantFrom(8080, 8081), 2),
    disk: maybe(fc.constantFrom('ssd', 'hdd'), 2),
    isTolerant: fc.boolean(),
    near: maybe(term, 2),
    apart: maybe(term, 2),
    spread: maybe(fc.record({ topologyKey, maxSkew: fc.integer({ min: 1, max: 2 }) }), 2),
    priority: fc.constantFrom(0, 0, 0, 10, 20),
  })
  .map(({ app, namespace, cpu, memory, gpu, hostPort, disk, isTolerant, near, apart, spread, priority }) => ({
    app,
    namespace,
    spec: {
      containers: [
        {
          name: 'main',
          image: 'nginx',
          resources: {
            requests: { cpu: `${cpu}m`, memory: `${memory}Mi`, ...(gpu && { 'example.com/gpu': gpu }) },
            ...(gpu && { limits: { 'example.com/gpu': gpu } }),
          },
          ...(hostPort && { ports: [{ containerPort: 80, hostPort }] }),
        },
      ],
      priority,
      ...(disk && { nodeSelector: { disk } }),
      ...(isTolerant && { tolerations: [{ key: 'gpu', operator: 'Exists' as const }] }),
      ...((near || apart) && {
        affinity: {
          ...(near && { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near] } }),
          ...(apart && { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } }),
        },
      }),
      ...(spread && {
        topologySpreadConstraints: [
          {
            ...spread,
            whenUnsatisfiable: 'DoNotSchedule' as const,
            labelSelector: { matchLabels: { app } },
          },
        ],
      }),
    },
  }));
