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

test('no frontend without an address', () => {
  assert.deepEqual(frontendsOf(service({ clusterIP: 'None' }), [], 'here'), []);
  assert.deepEqual(
    frontendsOf(service({ type: 'ExternalName', clusterIP: '', externalName: 'example.com' }), [], 'here'),
    [],
  );
});
