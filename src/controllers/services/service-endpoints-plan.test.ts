import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Endpoints } from '../../api/kinds/endpoints.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Service } from '../../api/kinds/service.ts';
import { planEndpoints, planSlices, type SliceStep } from './service-endpoints-plan.ts';

interface Traits {
  ready?: boolean;
  ending?: boolean;
  phase?: 'Running' | 'Succeeded';
  ip?: string | undefined;
  port?: number;
  hostname?: string;
}

function pod(name: string, traits: Traits = {}): Pod {
  const { ready = true, ending = false, phase = 'Running', port = 8080, hostname } = traits;
  const ip = 'ip' in traits ? traits.ip : `10.0.0.${name.length}`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: name, ...(ending && { deletionTimestamp: '2026-01-01T00:00:00Z' }) },
    spec: {
      nodeName: 'one',
      containers: [{ name: 'c', ports: [{ name: 'http', containerPort: port }] }],
      ...(hostname && { hostname, subdomain: 'web' }),
    },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      ...(ip && { podIP: ip }),
    },
  };
}

function service(spec: Partial<Service['spec']> = {}, labels?: Record<string, string>): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'service', ...(labels && { labels }) },
    spec: { selector: { app: 'web' }, ports: [{ name: 'web', port: 80, targetPort: 'http' }], ...spec },
    status: {},
  };
}

let serial = 0;
/** What the API would have after the steps. */
function apply(slices: EndpointSlice[], steps: SliceStep[]): EndpointSlice[] {
  let result = slices;
  for (const step of steps) {
    if (step.do === 'create') {
      serial += 1;
      const { metadata, ...rest } = step.draft;
      const made = {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        addressType: 'IPv4',
        endpoints: [],
        ...rest,
      };
      result = [
        ...result,
        { ...made, metadata: { ...metadata, name: `web-${serial}`, uid: `slice-${serial}` } } as EndpointSlice,
      ];
    } else {
      const { uid } = step.slice.metadata;
      result = result.flatMap((slice) => (slice.metadata.uid !== uid ? slice : step.do === 'update' ? step.slice : []));
    }
  }
  return result;
}

const made = (pods: Pod[], of = service()) => apply([], planSlices(of, pods, []));
const inWords = (steps: SliceStep[]) => steps.map((step) => step.do);
const many = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => pod(`p-${String(from + index).padStart(4, '0')}`, { ip: '10.0.0.1' }));

const conditions: { name: string; pod: Pod; service?: Service; expected: object | undefined }[] = [
  { name: 'ready', pod: pod('p'), expected: { ready: true, serving: true, terminating: false } },
  {
    name: 'not ready',
    pod: pod('p', { ready: false }),
    expected: { ready: false, serving: false, terminating: false },
  },
  { name: 'ending', pod: pod('p', { ending: true }), expected: { ready: false, serving: true, terminating: true } },
  {
    name: 'not ready, but published all the same',
    pod: pod('p', { ready: false }),
    service: service({ publishNotReadyAddresses: true }),
    expected: { ready: true, serving: false, terminating: false },
  },
  { name: 'ended', pod: pod('p', { phase: 'Succeeded' }), expected: undefined },
  { name: 'without an address', pod: pod('p', { ip: undefined }), expected: undefined },
];

for (const { name, pod: one, service: of, expected } of conditions) {
  test(`a pod that is ${name}`, () => assert.deepEqual(made([one], of)[0]?.endpoints[0]?.conditions, expected));
}

test('an endpoint says where it is and what it stands for', () => {
  const [slice] = made([pod('web-0', { hostname: 'web-0' })], service({ clusterIP: 'None' }, { team: 'a' }));
  assert.deepEqual(slice?.endpoints[0], {
    addresses: ['10.0.0.5'],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name: 'web-0', uid: 'web-0' },
    nodeName: 'one',
    hostname: 'web-0',
  });
  assert.deepEqual(slice?.ports, [{ name: 'web', port: 8080, protocol: 'TCP' }]);
  assert.deepEqual(slice?.metadata.labels, {
    team: 'a',
    'service.kubernetes.io/headless': '',
    'kubernetes.io/service-name': 'web',
    'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  });
});

test('only a headless service says so, in both forms; what there is none of is left out', () => {
  const [slice] = made([pod('p')], service());
  assert.equal(slice?.metadata.labels?.['service.kubernetes.io/headless'], undefined);
  const written = planEndpoints(service(), [pod('p')], undefined);
  assert.ok(written?.do === 'create');
  assert.equal(written.draft.metadata.labels?.['service.kubernetes.io/headless'], undefined);
  assert.deepEqual(Object.keys(written.draft.subsets?.[0] ?? {}), ['addresses', 'ports']);
});

test('what is as it should be is left alone, also the empty slice of a service without pods', () => {
  for (const pods of [[], [pod('a'), pod('bb')], many(250)]) {
    assert.deepEqual(planSlices(service(), pods, made(pods)), []);
  }
});

test('one pod that changes is one slice that changes', () => {
  const pods = many(250);
  const slices = made(pods);
  assert.deepEqual(
    slices.map(({ endpoints }) => endpoints.length),
    [100, 100, 50],
  );
  const steps = planSlices(service(), pods.with(120, pod('p-0120', { ip: '10.0.0.1', ending: true })), slices);
  assert.deepEqual(inWords(steps), ['update']);
});

test('new pods fill the slice that changes anyway, or the fullest with room, before a new one is made', () => {
  const pods = many(250);
  const slices = made(pods);
  const replaced = planSlices(service(), [...pods.slice(1), pod('p-9999', { ip: '10.0.0.1' })], slices);
  assert.deepEqual(inWords(replaced), ['update']);
  assert.deepEqual(inWords(planSlices(service(), many(260), slices)), ['update']);
  assert.deepEqual(inWords(planSlices(service(), many(350), slices)), ['create']);
});

test('slices without endpoints go, the first comes from the placeholder’s place', () => {
  const slices = made(many(150));
  const fewer = planSlices(service(), many(150).slice(0, 100), slices);
  assert.deepEqual(inWords(fewer), ['delete']);
  const none = planSlices(service(), [], slices);
  assert.deepEqual(inWords(none), ['create', 'delete', 'delete'], 'made before the others go');
  assert.deepEqual(inWords(planSlices(service(), [pod('a')], apply(slices, none))), ['create', 'delete']);
});

test('slices of a service that had the name before go', () => {
  const old = made([pod('a')], { ...service(), metadata: { ...service().metadata, uid: 'before' } });
  assert.deepEqual(inWords(planSlices(service(), [pod('a')], old)), ['create', 'delete']);
});

test('the older form: ready and not ready apart, none that ends', () => {
  const pods = [pod('a'), pod('bb', { ready: false }), pod('ccc', { ending: true })];
  const step = planEndpoints(service(), pods, undefined);
  assert.ok(step.do === 'create');
  const address = (name: string) => ({
    ip: `10.0.0.${name.length}`,
    targetRef: { kind: 'Pod', namespace: 'default', name, uid: name },
    nodeName: 'one',
  });
  assert.deepEqual(step.draft.subsets, [
    {
      addresses: [address('a')],
      notReadyAddresses: [address('bb')],
      ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
    },
  ]);
  const known: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    subsets: step.draft.subsets ?? [],
    metadata: { ...step.draft.metadata, name: 'web' },
  };
  assert.deepEqual(planEndpoints(service(), pods, known), { do: 'nothing' });
  assert.equal(planEndpoints(service(), pods.slice(1), known).do, 'update');
});

test('pods that answer on different ports stand apart', () => {
  const pods = [pod('a', { port: 8080 }), pod('bb', { port: 9090 })];
  assert.deepEqual(
    made(pods).map(({ ports }) => ports?.[0]?.port),
    [8080, 9090],
  );
  const step = planEndpoints(service(), pods, undefined);
  assert.deepEqual(step.do === 'create' && step.draft.subsets?.map(({ ports }) => ports?.[0]?.port), [8080, 9090]);
});

const near: [wish: string | undefined, zone: string | undefined, hints: object | undefined][] = [
  [undefined, 'a', undefined],
  ['PreferClose', 'a', { forZones: [{ name: 'a' }] }],
  ['PreferSameZone', 'a', { forZones: [{ name: 'a' }] }],
  ['PreferSameZone', undefined, undefined],
  ['PreferSameNode', 'a', { forZones: [{ name: 'a' }], forNodes: [{ name: 'one' }] }],
  ['PreferSameNode', undefined, { forNodes: [{ name: 'one' }] }],
];
for (const [trafficDistribution, zone, hints] of near) {
  test(`an endpoint in zone ${zone} of a service with ${trafficDistribution} is for ${JSON.stringify(hints)}`, () => {
    const wish = service(trafficDistribution ? { trafficDistribution } : {});
    const pods = [pod('serving'), pod('down', { ready: false })];
    const [slice] = apply(
      [],
      planSlices(wish, pods, [], (node) => (node === 'one' ? zone : undefined)),
    );
    const endpoints = Object.fromEntries((slice?.endpoints ?? []).map((each) => [each.targetRef?.name, each]));
    assert.equal(endpoints.serving?.zone, zone);
    assert.deepEqual(endpoints.serving?.hints, hints);
    assert.equal(endpoints.down?.hints, undefined, 'nobody is sent to who is not ready');
  });
}

const crowds: [ready: number, others: number, shownReady: number, shownOthers: number][] = [
  [600, 400, 600, 400],
  [600, 500, 600, 400],
  [1200, 5, 1000, 0],
];
for (const [ready, others, shownReady, shownOthers] of crowds) {
  test(`Endpoints of ${ready} pods that are ready and ${others} that are not`, () => {
    const many = (count: number, isReady: boolean) =>
      Array.from({ length: count }, (_, index) => pod(`${isReady}-${index}`, { ready: isReady }));
    const step = planEndpoints(service(), [...many(ready, true), ...many(others, false)], undefined);
    assert.ok(step.do === 'create');
    const [subset] = step.draft.subsets ?? [];
    assert.equal(subset?.addresses?.length ?? 0, shownReady);
    assert.equal(subset?.notReadyAddresses?.length ?? 0, shownOthers);
    const isTruncated = ready + others > shownReady + shownOthers;
    const said = step.draft.metadata.annotations?.['endpoints.kubernetes.io/over-capacity'];
    assert.equal(said, isTruncated ? 'truncated' : undefined);
  });
}

test('Endpoints that have room again no longer say that they were truncated', () => {
  const full = planEndpoints(
    service(),
    Array.from({ length: 1001 }, (_, index) => pod(`p-${index}`)),
    undefined,
  );
  assert.ok(full.do === 'create');
  const known = { apiVersion: 'v1', kind: 'Endpoints', ...full.draft } as Endpoints;
  const again = planEndpoints(service(), [pod('one')], known);
  assert.ok(again.do === 'update');
  assert.deepEqual(again.endpoints.metadata.annotations, {});
  assert.equal(planEndpoints(service(), [pod('one')], again.endpoints).do, 'nothing');
});
