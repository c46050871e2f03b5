import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Node, nodes } from './node.ts';

const nodeWith = (spec: object, status: object = {}): Node => {
  const node = {
    metadata: { name: 'n' },
    spec: structuredClone(spec),
    status: structuredClone(status),
  } as unknown as Node;
  nodes.setDefaults?.(node);
  return node;
};
const taint = { key: 'a', effect: 'NoSchedule' };

const cases: [name: string, node: Node, fields: string[]][] = [
  ['plain', nodeWith({ podCIDR: '10.42.0.0/24', taints: [taint] }), []],
  ['with one taint twice', nodeWith({ taints: [taint, taint] }), ['metadata.taints[1]']],
  ['with a taint without effect', nodeWith({ taints: [{ key: 'a' }] }), ['metadata.taints[0].effect']],
  ['with half a network', nodeWith({ podCIDR: 'x' }), ['spec.podCIDRs[0]']],
  ['with two networks of one family', nodeWith({ podCIDRs: ['10.0.0.0/24', '10.1.0.0/24'] }), ['spec.podCIDRs']],
  [
    'with half a device',
    nodeWith({}, { capacity: { 'a.b/c': '500m' } }),
    ['status.capacity.a.b/c', 'status.allocatable.a.b/c'],
  ],
];

for (const [name, node, fields] of cases) {
  test(`a node ${name}`, () =>
    assert.deepEqual(
      [...(nodes.validate?.(node) ?? [])].map(({ field }) => field),
      fields,
    ));
}

const changes: [name: string, before: object, after: object, fields: string[]][] = [
  ['a network', {}, { podCIDR: '10.42.0.0/24' }, []],
  ['another network', { podCIDR: '10.42.0.0/24' }, { podCIDR: '10.42.1.0/24' }, ['spec.podCIDRs', '[]']],
  ['another provider', { providerID: 'a' }, { providerID: 'b' }, ['spec.providerID', '[]']],
  ['unschedulable', {}, { unschedulable: true }, []],
];

for (const [name, before, after, fields] of changes) {
  test(`a node becomes or gets ${name}`, () => {
    const causes = [...(nodes.validateUpdate?.(nodeWith(after), nodeWith(before)) ?? [])];
    assert.deepEqual(
      causes.map(({ field }) => field),
      fields,
    );
  });
}

test('a node may use all that it has, unless it says otherwise', () => {
  const { status } = nodeWith({}, { capacity: { cpu: '2000m' } });
  assert.deepEqual(status.allocatable, { cpu: '2' });
});
