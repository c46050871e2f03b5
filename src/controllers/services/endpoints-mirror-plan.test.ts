import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Endpoints } from '../../api/kinds/endpoints.ts';
import type { Service } from '../../api/kinds/service.ts';
import { isMirrored, planMirror } from './endpoints-mirror-plan.ts';

function kept(subsets: Endpoints['subsets'], metadata: Partial<Endpoints['metadata']> = {}): Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'db', namespace: 'shop', uid: 'u1', ...metadata },
    ...(subsets && { subsets }),
  };
}
const service = (spec: Partial<Service['spec']> = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'db', namespace: 'shop' },
  spec: { type: 'ClusterIP', ports: [], ...spec },
  status: {},
});
const ports = [{ port: 5432 }];

/** What the steps leave. */
function mirrored(endpoints: Endpoints, before: EndpointSlice[] = []): EndpointSlice[] {
  const slices = new Map(before.map((slice) => [slice.metadata.name, slice]));
  for (const step of planMirror(endpoints, before)) {
    if (step.do === 'delete') slices.delete(step.slice.metadata.name);
    else {
      const slice = (step.do === 'create' ? step.draft : step.slice) as EndpointSlice;
      slices.set(slice.metadata.name, slice);
    }
  }
  return [...slices.values()];
}

test('a slice for each set of ports and each family, with the labels of the object', () => {
  const slices = mirrored(
    kept(
      [
        { addresses: [{ ip: '192.0.2.1', nodeName: 'a' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports },
        { addresses: [{ ip: '192.0.2.3' }, { ip: 'fd00::3' }], ports },
        { addresses: [{ ip: '192.0.2.4' }], ports: [{ port: 1, name: 'other' }] },
      ],
      { labels: { app: 'db' }, annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
    ),
  );
  const brief = slices.map(({ addressType, ports: [port] = [], endpoints }) => [
    addressType,
    port?.port,
    endpoints.map(({ addresses: [address], conditions }) => `${address} ${conditions?.ready}`).join(),
  ]);
  assert.deepEqual(brief, [
    ['IPv4', 5432, '192.0.2.1 true,192.0.2.2 false,192.0.2.3 true'],
    ['IPv6', 5432, 'fd00::3 true'],
    ['IPv4', 1, '192.0.2.4 true'],
  ]);
  assert.equal(slices[0]?.endpoints[0]?.nodeName, 'a');
  const { labels, annotations, ownerReferences } = slices[0]?.metadata ?? {};
  assert.deepEqual(labels, {
    app: 'db',
    'kubernetes.io/service-name': 'db',
    'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
  });
  assert.deepEqual(annotations, { note: 'x' });
  assert.equal(ownerReferences?.[0]?.uid, 'u1');
});

test('nothing is done again, a change changes its slice, what is gone goes', () => {
  const before = mirrored(kept([{ addresses: [{ ip: '192.0.2.1' }], ports }]));
  assert.deepEqual(planMirror(kept([{ addresses: [{ ip: '192.0.2.1' }], ports }]), before), []);
  const changed = planMirror(kept([{ addresses: [{ ip: '192.0.2.9' }], ports }]), before);
  assert.deepEqual(
    changed.map((step) => step.do),
    ['update'],
  );
  assert.deepEqual(
    planMirror(kept(undefined), before).map((step) => step.do),
    ['delete'],
  );
});

test('an endpoint says all that its address says, and nothing else', () => {
  const targetRef = { kind: 'Pod', name: 'db-0' };
  const addresses = [{ ip: '192.0.2.1', hostname: 'db-0', nodeName: 'a', targetRef }, { ip: '192.0.2.2' }];
  const [slice] = mirrored(kept([{ addresses, ports: [{ port: 1, appProtocol: 'http' }] }]));
  assert.deepEqual(slice?.endpoints, [
    { addresses: ['192.0.2.1'], conditions: { ready: true }, hostname: 'db-0', nodeName: 'a', targetRef },
    { addresses: ['192.0.2.2'], conditions: { ready: true } },
  ]);
  assert.deepEqual(slice?.ports, [{ name: '', port: 1, protocol: 'TCP', appProtocol: 'http' }]);
});

test('no more than a thousand of one kind', () => {
  const addresses = Array.from({ length: 1200 }, (_, index) => ({ ip: `10.0.${index >> 8}.${index & 255}` }));
  assert.equal(mirrored(kept([{ addresses, ports }]))[0]?.endpoints.length, 1000);
});

const cases: [string, Endpoints, Service | undefined, boolean][] = [
  ['of a service without a selector', kept([]), service(), true],
  ['of a service with one', kept([]), service({ selector: { app: 'db' } }), false],
  ['without a service', kept([]), undefined, false],
  [
    'of a service that is being deleted',
    kept([]),
    { ...service(), metadata: { name: 'db', deletionTimestamp: '2026-01-01T00:00:00Z' } },
    false,
  ],
  ['that are being deleted', kept([], { deletionTimestamp: '2026-01-01T00:00:00Z' }), service(), false],
  ['of an external name', kept([]), service({ type: 'ExternalName' }), false],
  ['that ask not to be', kept([], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } }), service(), false],
  [
    'that elect a leader',
    kept([], { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } }),
    service(),
    false,
  ],
];

for (const [name, endpoints, of, expected] of cases) {
  test(`endpoints ${name} are ${expected ? '' : 'not '}mirrored`, () =>
    assert.equal(isMirrored(endpoints, of), expected));
}
