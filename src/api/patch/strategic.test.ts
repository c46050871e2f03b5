import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeNamed } from '../openapi/schema.ts';
import type { ObjectType } from '../openapi/type.ts';
import { StatusError } from '../status.ts';
import { strategicMergePatch } from './strategic.ts';

const typeOf = (name: string) => typeNamed(`io.k8s.api.${name}`) as ObjectType;

const pod = {
  spec: {
    containers: [
      { name: 'a', image: 'a:1', ports: [{ containerPort: 80, name: 'web' }], args: ['x', 'y'] },
      { name: 'b', image: 'b:1' },
    ],
    tolerations: [{ key: 'k' }],
    volumes: [{ name: 'v', emptyDir: {} }],
    nodeSelector: { a: '1' },
  },
  metadata: { name: 'p', finalizers: ['one', 'two'] },
};

const cases: {
  name: string;
  patch: Record<string, unknown>;
  expected: unknown;
  at: (result: typeof pod) => unknown;
}[] = [
  {
    name: 'an item of a keyed list is merged, the others stay',
    patch: { spec: { containers: [{ name: 'b', image: 'b:2' }] } },
    at: ({ spec }) => spec.containers.map(({ image }) => image),
    expected: ['a:1', 'b:2'],
  },
  {
    name: 'a new item is added before what it does not know, an item with $patch delete goes',
    patch: {
      spec: {
        containers: [
          { name: 'c', image: 'c:1' },
          { name: 'a', $patch: 'delete' },
        ],
      },
    },
    at: ({ spec }) => spec.containers.map(({ name }) => name),
    expected: ['c', 'b'],
  },
  {
    name: 'container ports are keyed by containerPort',
    patch: {
      spec: { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }, { containerPort: 81 }] }] },
    },
    at: ({ spec }) => spec.containers[0]?.ports,
    expected: [{ containerPort: 80, name: 'web', protocol: 'UDP' }, { containerPort: 81 }],
  },
  {
    name: 'plain lists and lists without a key are replaced',
    patch: { spec: { tolerations: [{ key: 'z' }], containers: [{ name: 'a', args: ['z'] }] } },
    at: ({ spec }) => [spec.tolerations, spec.containers[0]?.args],
    expected: [[{ key: 'z' }], ['z']],
  },
  {
    name: '$patch replace takes the whole list',
    patch: { spec: { containers: [{ $patch: 'replace' }, { name: 'z', image: 'z:1' }] } },
    at: ({ spec }) => spec.containers,
    expected: [{ name: 'z', image: 'z:1' }],
  },
  {
    name: '$retainKeys drops what it does not name',
    patch: { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/' } }] } },
    at: ({ spec }) => spec.volumes,
    expected: [{ name: 'v', hostPath: { path: '/' } }],
  },
  {
    name: '$patch replace takes the whole object, $patch delete empties it',
    patch: { spec: { nodeSelector: { $patch: 'replace', b: '2' } }, metadata: { $patch: 'delete' } },
    at: ({ spec, metadata }) => [spec.nodeSelector, metadata],
    expected: [{ b: '2' }, {}],
  },
  {
    name: 'what is new is taken without its directives and nulls',
    patch: {
      spec: {
        '$setElementOrder/initContainers': [{ name: 'i' }],
        initContainers: [{ name: 'i', image: null, env: [{ name: 'E', $patch: 'delete' }], $retainKeys: ['name'] }],
      },
    },
    at: ({ spec }) => (spec as { initContainers?: unknown }).initContainers,
    expected: [{ name: 'i', env: [] }],
  },
  {
    name: 'sets of plain values grow, and shrink by directive',
    patch: { metadata: { finalizers: ['three'], '$deleteFromPrimitiveList/finalizers': ['one'] } },
    at: ({ metadata }) => metadata.finalizers,
    expected: ['three', 'two'],
  },
  {
    name: '$setElementOrder orders the items it names',
    patch: {
      spec: {
        '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }],
        containers: [{ name: 'c', image: 'c:1' }],
      },
    },
    at: ({ spec }) => spec.containers.map(({ name }) => name),
    expected: ['c', 'b', 'a'],
  },
  {
    name: 'null removes a field',
    patch: { spec: { tolerations: null } },
    at: ({ spec }) => 'tolerations' in spec,
    expected: false,
  },
];

for (const { name, patch, at, expected } of cases) {
  test(name, () => {
    const before = structuredClone(pod);
    assert.deepEqual(at(strategicMergePatch(typeOf('core.v1.Pod'), pod, patch) as never), expected);
    assert.deepEqual(pod, before, 'the arguments are left as they were');
  });
}

test('the type of the object says how its lists merge', () => {
  const merged = (typeName: string, current: object, patch: object) =>
    strategicMergePatch(typeOf(typeName), current as Record<string, unknown>, patch as Record<string, unknown>);
  const service = { spec: { ports: [{ port: 1, name: 'a' }] } };
  assert.deepEqual(merged('core.v1.Service', service, { spec: { ports: [{ port: 1, nodePort: 3 }] } }), {
    spec: { ports: [{ port: 1, name: 'a', nodePort: 3 }] },
  });
  const account = { secrets: [{ name: 'a' }], imagePullSecrets: [{ name: 'a' }] };
  assert.deepEqual(
    merged('core.v1.ServiceAccount', account, { secrets: [{ name: 'b' }], imagePullSecrets: [{ name: 'b' }] }),
    { secrets: [{ name: 'b' }, { name: 'a' }], imagePullSecrets: [{ name: 'b' }] },
  );
  const budget = { spec: { selector: { matchLabels: { a: '1' } } } };
  assert.deepEqual(
    merged('policy.v1.PodDisruptionBudget', budget, { spec: { selector: { matchLabels: { b: '1' } } } }),
    { spec: { selector: { matchLabels: { b: '1' } } } },
  );
});

test('faults of a patch are told as Kubernetes tells them', () => {
  const faults: [Record<string, unknown>, number, RegExp][] = [
    [{ spec: { containers: [{ image: 'x' }] } }, 500, /does not contain declared merge key: name/],
    [{ spec: { containers: [{ name: 'a', $patch: 'merge' }] } }, 500, /merging lists cannot yet/],
    [{ spec: { containers: [{ name: 'a', $patch: 'frob' }] } }, 500, /unknown patch type: frob/],
    [{ spec: { $patch: 'frob' } }, 500, /unknown patch type: frob/],
    [{ spec: { containers: ['x'] } }, 500, /not identical/],
    [{ spec: { containers: [['x']] } }, 500, /lists of lists/],
    [{ spec: { $retainKeys: ['containers'], tolerations: [] } }, 400, /retainKeys/],
    [{ spec: { $retainKeys: 'x' } }, 400, /retainKeys/],
    [{ spec: { '$setElementOrder/containers': 'x' } }, 400, /setElementOrder/],
    [
      { spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'z' }] } },
      500,
      /^The order in patch list/,
    ],
    [{ metadata: { '$deleteFromPrimitiveList/finalizers': 'x' } }, 422, /patch: Invalid value/],
  ];
  for (const [patch, code, text] of faults) {
    assert.throws(
      () => strategicMergePatch(typeOf('core.v1.Pod'), pod, patch),
      (error) => error instanceof StatusError && error.code === code && text.test(error.message),
      JSON.stringify(patch),
    );
  }
});

test('long lists are merged in no time', { timeout: 5_000 }, () => {
  const finalizers = (letter: string) => Array.from({ length: 30_000 }, (_, index) => `a.b/${letter}${index}`);
  const owners = (letter: string) => Array.from({ length: 30_000 }, (_, index) => ({ uid: `${letter}${index}` }));
  const metadata = (letter: string) => ({ finalizers: finalizers(letter), ownerReferences: owners(letter) });
  const begun = process.cpuUsage();
  const merged = strategicMergePatch(typeOf('core.v1.Pod'), { metadata: metadata('c') }, { metadata: metadata('d') });
  const { user } = process.cpuUsage(begun);
  assert.ok(user / 1000 < 3_000, `${user / 1000} ms of processor time`);
  const { finalizers: all, ownerReferences } = merged.metadata as ReturnType<typeof metadata>;
  assert.deepEqual([all.length, ownerReferences.length], [60_000, 60_000]);
});
