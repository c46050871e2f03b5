import assert from 'node:assert/strict';
import { test } from 'node:test';
import { strategicMergePatch } from './strategic.ts';

const pod = {
  spec: {
    containers: [
      { name: 'a', image: 'a:1', ports: [{ containerPort: 80, name: 'web' }], args: ['x', 'y'] },
      { name: 'b', image: 'b:1' },
    ],
    tolerations: [{ key: 'k' }],
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
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
    name: 'a new item is added, an item with $patch delete goes',
    patch: {
      spec: {
        containers: [
          { name: 'c', image: 'c:1' },
          { name: 'a', $patch: 'delete' },
        ],
      },
    },
    at: ({ spec }) => spec.containers.map(({ name }) => name),
    expected: ['b', 'c'],
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
    patch: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    at: ({ spec }) => spec.strategy,
    expected: { type: 'Recreate' },
  },
  {
    name: 'sets of plain values grow, and shrink by directive',
    patch: { metadata: { finalizers: ['three'], '$deleteFromPrimitiveList/finalizers': ['one'] } },
    at: ({ metadata }) => metadata.finalizers,
    expected: ['two', 'three'],
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
    assert.deepEqual(at(strategicMergePatch(pod, patch) as never), expected);
    assert.deepEqual(pod, before, 'the arguments are left as they were');
  });
}

test('an item without its key is refused', () => {
  assert.throws(() => strategicMergePatch(pod, { spec: { containers: [{ image: 'x' }] } }), /merge key: name/);
});
