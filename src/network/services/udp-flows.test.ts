import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodPorts } from '../pods/host-ports.ts';
import type { Frontend } from './frontends.ts';
import { parseFlows, staleFlows } from './udp-flows.ts';

const listed = `udp      17 29 src=10.244.1.4 dst=10.96.0.53 sport=41234 dport=53 src=10.244.1.2 dst=10.244.1.4 sport=8080 dport=41234 mark=0 use=1
udp      17 119 src=10.244.1.4 dst=10.96.0.53 sport=41299 dport=53 src=10.244.1.2 dst=10.244.1.4 sport=8080 dport=41299 [ASSURED] mark=0 use=1
udp      17 29 src=172.30.7.10 dst=172.30.7.11 sport=5000 dport=30053 [UNREPLIED] src=172.30.7.11 dst=172.30.7.10 sport=30053 dport=5000 mark=0 use=1
tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.1 sport=2 dport=1 [ASSURED] mark=0 use=1
`;

test('reads the two ends of flows, each pair once', () => {
  assert.deepEqual(parseFlows(listed), [
    { to: '10.96.0.53', toPort: 53, from: '10.244.1.2', fromPort: 8080 },
    { to: '172.30.7.11', toPort: 30053, from: '172.30.7.11', fromPort: 30053 },
  ]);
  assert.deepEqual(parseFlows(''), []);
});

const backend = { address: '10.244.1.2', port: 8080 };
const frontend: Frontend = {
  name: 'shop/names',
  protocol: 'udp',
  clusterIp: '10.96.0.53',
  port: 53,
  nodePort: 30053,
  externalIps: ['192.0.2.7'],
  balancerIps: [],
  sourceRanges: [],
  internalPolicy: 'Cluster',
  externalPolicy: 'Cluster',
  backends: [backend],
  localBackends: [],
};
const settings = { clusterCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/12', dnsAddress: '10.96.0.10' };
const nobody = { backends: [], localBackends: [] };

const cases: [string, flow: [to: string, from: string], Partial<Frontend> | undefined, isStale: boolean][] = [
  ['to a backend of now', ['10.96.0.53:53', '10.244.1.2:8080'], {}, false],
  ['to one that is gone', ['10.96.0.53:53', '10.244.1.9:8080'], {}, true],
  ['to one that is gone, and there is no other', ['10.96.0.53:53', '10.244.1.9:8080'], nobody, true],
  [
    'to one of this node where only those serve',
    ['10.96.0.53:53', '10.244.1.9:1'],
    { localBackends: [{ address: '10.244.1.9', port: 1 }] },
    false,
  ],
  ['by the port of the node', ['172.30.7.11:30053', '10.244.1.9:8080'], {}, true],
  ['by the same port of another node, which it only passes', ['172.30.7.12:30053', '172.30.7.12:30053'], {}, false],
  ['by an address from outside', ['192.0.2.7:53', '10.244.1.9:8080'], {}, true],
  ['untranslated, from a time without backends', ['10.96.0.53:53', '10.96.0.53:53'], {}, true],
  ['untranslated, and there are none', ['10.96.0.53:53', '10.96.0.53:53'], nobody, false],
  ['of a service that is gone', ['10.96.0.99:53', '10.244.1.2:8080'], {}, true],
  ['of a service over TCP', ['10.96.0.53:53', '10.244.1.9:8080'], { protocol: 'tcp' }, true],
  ['to the DNS of this host', ['10.96.0.10:53', '10.96.0.10:53'], {}, false],
  ['by a port of the host to its pod', ['172.30.7.11:514', '10.244.1.5:5140'], {}, false],
  ['by a port of the host to a pod that had it before', ['172.30.7.11:514', '10.244.1.4:5140'], {}, true],
  ['by a port of the host, untranslated, from a time without a pod', ['127.0.0.1:514', '127.0.0.1:514'], {}, true],
  ['by a port of another address of the host', ['172.30.7.11:515', '172.30.7.11:515'], {}, false],
  ['by a port of the host over TCP', ['172.30.7.11:516', '172.30.7.11:516'], {}, false],
  ['by a port of the host that a service has', ['172.30.7.11:30053', '10.244.1.2:8080'], {}, false],
  ['by a port of the node whose service is gone', ['172.30.7.11:30099', '10.244.2.7:53'], {}, true],
  ['by an address from outside whose service is gone', ['192.0.2.99:53', '10.244.1.7:53'], {}, true],
  ['by a port of the host whose pod is gone', ['172.30.7.11:515', '10.244.1.7:5140'], {}, true],
  ['by a port of the host to a container that is no pod', ['172.30.7.11:5353', '172.17.0.2:53'], {}, false],
  ['to a pod itself', ['10.244.1.2:53', '10.244.1.2:53'], {}, false],
  ['that is none of ours', ['8.8.8.8:53', '8.8.8.8:53'], {}, false],
];

const port = { protocol: 'udp', hostIp: '', hostPort: 514, containerPort: 5140 } as const;
const hostPorts: PodPorts[] = [
  {
    address: '10.244.1.5',
    ports: [
      port,
      { ...port, hostIp: '127.0.0.1', hostPort: 515 },
      { ...port, protocol: 'tcp', hostPort: 516 },
      { ...port, hostPort: 30053 },
    ],
  },
];

const end = (text: string) => text.split(':') as [string, string];

for (const [name, [to, from], change, isStale] of cases) {
  test(`a flow ${name} is ${isStale ? 'stale' : 'kept'}`, () => {
    const flow = { to: end(to)[0], toPort: Number(end(to)[1]), from: end(from)[0], fromPort: Number(end(from)[1]) };
    const hostAddresses = ['127.0.0.1', '172.30.7.11'];
    const served = { frontends: [{ ...frontend, ...change }], hostPorts, settings, hostAddresses };
    assert.equal(staleFlows([flow], served).length, isStale ? 1 : 0);
  });
}
