import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import { countLocalReady, frontendsOf } from './frontends.ts';

const service = (spec: Partial<Service['spec']>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { type: 'ClusterIP', clusterIP: '10.96.0.80', ports: [{ port: 80, protocol: 'TCP' }], ...spec },
  status: {},
});
const slice = (
  endpoints: Endpoint[],
  ports: EndpointSlice['ports'] = [{ name: '', port: 8080, protocol: 'TCP' }],
  addressType: 'IPv4' | 'IPv6' = 'IPv4',
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', namespace: 'shop' },
  addressType,
  ports,
  endpoints,
});
const at = (address: string, conditions?: Endpoint['conditions']): Endpoint => ({
  addresses: [address],
  ...(conditions && { conditions }),
});
const ready = { ready: true, serving: true, terminating: false };
const ending = { ready: false, serving: true, terminating: true };
const gone = { ready: false, serving: false, terminating: true };
const starting = { ready: false, serving: false, terminating: false };

const backends: [string, EndpointSlice[], string[]][] = [
  ['none without slices', [], []],
  ['ready ones, in order', [slice([at('10.0.0.9', ready), at('10.0.0.1', ready)])], ['10.0.0.1:8080', '10.0.0.9:8080']],
  ['what says nothing is ready', [slice([at('10.0.0.1')])], ['10.0.0.1:8080']],
  [
    'of several slices, each once',
    [slice([at('10.0.0.1', ready)]), slice([at('10.0.0.1', ready), at('10.0.0.2', ready)])],
    ['10.0.0.1:8080', '10.0.0.2:8080'],
  ],
  ['no ending one beside a ready one', [slice([at('10.0.0.1', ending), at('10.0.0.2', ready)])], ['10.0.0.2:8080']],
  [
    'ending ones that serve when there is no ready one',
    [slice([at('10.0.0.1', ending), at('10.0.0.2', gone), at('10.0.0.3', starting)])],
    ['10.0.0.1:8080'],
  ],
  [
    'an ending one that does not say whether it serves',
    [slice([at('10.0.0.1', { ready: false, terminating: true })])],
    ['10.0.0.1:8080'],
  ],
  [
    'not one that is not ready but does not end',
    [slice([at('10.0.0.1', { ready: false, serving: true, terminating: false })])],
    [],
  ],
  [
    'only of the port of the same name',
    [slice([at('10.0.0.1', ready)], [{ name: 'other', port: 1, protocol: 'TCP' }])],
    [],
  ],
  ['only of the same protocol', [slice([at('10.0.0.1', ready)], [{ name: '', port: 1, protocol: 'UDP' }])], []],
  [
    'in one spelling, and only what is an address and a port',
    [
      slice([at('010.0.0.08', ready), at('10.0.0.8', ready), at('10.0.0.256', ready)]),
      slice([at('10.0.0.1', ready)], [{ name: '', port: 70_000, protocol: 'TCP' }]),
      slice([at('10.0.0.1', ready)], [{ name: '', port: -1, protocol: 'TCP' }]),
    ],
    ['10.0.0.8:8080'],
  ],
  ['only IPv4', [slice([at('fd00::1', ready)], undefined, 'IPv6')], []],
];

for (const [name, slices, expected] of backends) {
  test(`backends: ${name}`, () => {
    const [frontend] = frontendsOf(service({}), slices, 'here');
    assert.deepEqual(
      frontend?.backends.map(({ address, port }) => `${address}:${port}`),
      expected,
    );
  });
}

test('a frontend per port; node ports only where the type has them', () => {
  const ports: Service['spec']['ports'] = [
    { name: 'http', port: 80, nodePort: 30080, protocol: 'TCP' },
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'signal', port: 5060, protocol: 'SCTP' },
  ];
  const summary = (spec: Partial<Service['spec']>) =>
    frontendsOf(service({ ports, ...spec }), [], 'here').map(
      ({ name, protocol, clusterIp, port, nodePort }) =>
        `${name} ${protocol} ${clusterIp}:${port} ${nodePort ?? 'none'}`,
    );
  assert.deepEqual(summary({ type: 'NodePort' }), [
    'shop/web:http tcp 10.96.0.80:80 30080',
    'shop/web:dns udp 10.96.0.80:53 none',
  ]);
  assert.match(summary({})[0] ?? '', / none$/);
  const named = { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false } as const;
  assert.match(summary(named)[0] ?? '', / 30080$/, 'one that is named is served though none is given out');
});

test('addresses are those that are meant, however they are spelled: zeros before a number make it no other', () => {
  const balanced = service({
    type: 'LoadBalancer',
    clusterIP: '10.096.0.80',
    externalIPs: ['192.0.2.08', '192.000.002.010'],
    loadBalancerSourceRanges: ['010.1.0.0/16', '10.0.0.0/33'],
  });
  balanced.status = { loadBalancer: { ingress: [{ ip: '192.0.2.011', ipMode: 'VIP' }] } };
  const [frontend] = frontendsOf(balanced, [], 'here');
  assert.equal(frontend?.clusterIp, '10.96.0.80');
  assert.deepEqual(frontend.externalIps, ['192.0.2.8', '192.0.2.10']);
  assert.deepEqual(frontend.sourceRanges, ['10.1.0.0/16']);
  assert.deepEqual(frontend.balancerIps, ['192.0.2.11']);
});

const ofNode = (nodeName: string, endpoint: Endpoint): Endpoint => ({ ...endpoint, nodeName });
const locals: [string, Endpoint[], string[]][] = [
  [
    'those of this node',
    [ofNode('here', at('10.0.0.1')), ofNode('there', at('10.0.0.2')), at('10.0.0.3')],
    ['10.0.0.1'],
  ],
  ['its ready ones', [ofNode('here', at('10.0.0.1', ready)), ofNode('here', at('10.0.0.2', ending))], ['10.0.0.1']],
  [
    'its ending ones while it has no ready one, although others have',
    [ofNode('here', at('10.0.0.1', ending)), ofNode('there', at('10.0.0.2', ready))],
    ['10.0.0.1'],
  ],
  ['none', [ofNode('there', at('10.0.0.2', ready)), ofNode('here', at('10.0.0.1', gone))], []],
];

for (const [name, endpoints, expected] of locals) {
  test(`backends on this node: ${name}`, () => {
    const [frontend] = frontendsOf(service({}), [slice(endpoints)], 'here');
    assert.deepEqual(
      frontend?.localBackends.map(({ address }) => address),
      expected,
    );
  });
}

test('a health check counts what is ready here, each once', () => {
  const endpoints = [
    ofNode('here', at('10.0.0.1')),
    ofNode('here', at('10.0.0.2', ending)),
    ofNode('there', at('10.0.0.3')),
  ];
  assert.equal(countLocalReady([slice(endpoints), slice(endpoints)], 'here'), 1);
});

test('from outside: by the addresses that are to be served here, and as the service wants it', () => {
  const balanced: Service = {
    ...service({
      type: 'LoadBalancer',
      externalIPs: ['192.0.2.7', 'fd00::7'],
      loadBalancerSourceRanges: [' 198.51.100.77/24', 'fd00::/8'],
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Local',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
    }),
    status: {
      loadBalancer: {
        ingress: [{ ip: '192.0.2.8', ipMode: 'VIP' }, { ip: '192.0.2.9', ipMode: 'Proxy' }, { hostname: 'lb.example' }],
      },
    },
  };
  const [frontend] = frontendsOf(balanced, [], 'here');
  assert.deepEqual(frontend?.externalIps, ['192.0.2.7']);
  assert.deepEqual(frontend.balancerIps, ['192.0.2.8']);
  assert.deepEqual(frontend.sourceRanges, ['198.51.100.0/24']);
  assert.deepEqual(
    [frontend.externalPolicy, frontend.internalPolicy, frontend.affinitySeconds],
    ['Local', 'Local', 600],
  );
});

test('no frontend without an address, or where a proxy of another name serves', () => {
  const other = service({});
  other.metadata.labels = { 'service.kubernetes.io/service-proxy-name': 'other' };
  assert.deepEqual(frontendsOf(other, [], 'here'), []);
  assert.deepEqual(frontendsOf(service({ clusterIP: 'None' }), [], 'here'), []);
  assert.deepEqual(
    frontendsOf(service({ type: 'ExternalName', clusterIP: '', externalName: 'example.com' }), [], 'here'),
    [],
  );
});

/** As "1 a z1" or "1 a z1 ending": the last of its address, for which node and zone it is meant ("-": does not say), its state. */
function hinted(told: string): Endpoint {
  const [last, node = '-', inZone = '-', state] = told.split(' ');
  return {
    ...at(`10.0.0.${last}`, state === 'ending' ? ending : ready),
    nodeName: node === '-' ? 'elsewhere' : node,
    hints: {
      ...(node !== '-' && { forNodes: [{ name: node }] }),
      ...(inZone !== '-' && { forZones: inZone.split('+').map((name) => ({ name })) }),
    },
  };
}

const nearby: [name: string, endpoints: string[], zone: string | undefined, chosen: string][] = [
  ['nobody says anything', ['1 - -', '2 - -'], 'z1', '1 2'],
  ['those of the zone', ['1 - z1', '2 - z2', '3 - z1'], 'z1', '1 3'],
  ['one for several zones', ['1 - z2+z1', '2 - z2'], 'z1', '1'],
  ['one of them says nothing: all', ['1 - z1', '2 - -'], 'z1', '1 2'],
  ['none is for this zone: all', ['1 - z2', '2 - z3'], 'z1', '1 2'],
  ['the node is in no zone: all', ['1 - z1', '2 - z2'], undefined, '1 2'],
  ['those of the node before those of the zone', ['1 here z1', '2 b z1'], 'z1', '1'],
  ['none of the node: those of the zone', ['1 a z1', '2 b z2'], 'z1', '1'],
  ['neither: all', ['1 a z2', '2 b z2'], 'z1', '1 2'],
  ['one says nothing of nodes: those of the zone', ['1 here z1', '2 - z1', '3 b z2'], 'z1', '1 2'],
  ['one that ends has no say', ['1 - z1', '2 - - ending'], 'z1', '1'],
  ['where only ones that end are left, all of them', ['1 - z1 ending', '2 - z2 ending'], 'z1', '1 2'],
];
for (const [name, endpoints, zone, chosen] of nearby) {
  test(`nearest: ${name}`, () => {
    const [frontend] = frontendsOf(service({}), [slice(endpoints.map(hinted))], 'here', zone);
    assert.equal(frontend?.backends.map(({ address }) => address.slice('10.0.0.'.length)).join(' '), chosen);
  });
}

test('hints take nothing from who serves its own node alone', () => {
  const endpoints = [hinted('1 here z2'), { ...hinted('2 b z1'), nodeName: 'here' }];
  const [frontend] = frontendsOf(service({}), [slice(endpoints)], 'here', 'z1');
  assert.deepEqual(
    frontend?.localBackends.map(({ address }) => address),
    ['10.0.0.1', '10.0.0.2'],
  );
});
