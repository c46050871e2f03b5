import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Service, services } from './service.ts';

type Fields = Record<string, unknown>;

function serviceWith(spec: Fields, annotations?: Record<string, string>): Service {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'x', namespace: 'default', ...(annotations && { annotations }) },
    spec: structuredClone(spec),
    status: {},
  } as unknown as Service;
  services.setDefaults?.(service);
  return service;
}

const faultsOf = (service: Service) =>
  [...(services.validate?.(service) ?? [])].map(({ field, message }) => `${field}: ${message}`);

const one = { ports: [{ port: 80 }] };
const balanced = { ...one, type: 'LoadBalancer' };

const cases: { name: string; spec: Fields; faults: string[] }[] = [
  { name: 'plain', spec: one, faults: [] },
  { name: 'without ports', spec: {}, faults: ['spec.ports: Required value'] },
  { name: 'headless without ports', spec: { clusterIP: 'None', clusterIPs: ['None'] }, faults: [] },
  {
    name: 'ports without names, and one twice',
    spec: { ports: [{ port: 1 }, { port: 1 }] },
    faults: [
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,"TargetPort":0,"NodePort":0}',
    ],
  },
  {
    name: 'a node port where there is none',
    spec: { ports: [{ port: 1, nodePort: 30001 }] },
    faults: ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  },
  {
    name: 'headless and on every node',
    spec: { ...one, type: 'NodePort', clusterIP: 'None', clusterIPs: ['None'] },
    faults: ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
  },
  {
    name: 'an external name with an address',
    spec: { type: 'ExternalName', externalName: 'a.example.', clusterIPs: ['10.0.0.1'] },
    faults: ['spec.clusterIPs: Forbidden: may not be set for ExternalName services'],
  },
  {
    name: 'an affinity that is too long',
    spec: { ...one, sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } },
    faults: [
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
    ],
  },
  {
    name: 'addresses from outside that lead nowhere',
    spec: { ...one, externalIPs: ['300.1.1.1', '127.0.0.1', '0.0.0.0', '169.254.1.1', '9.9.9.9'] },
    faults: [
      'spec.externalIPs[0]: Invalid value: "300.1.1.1": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'spec.externalIPs[2]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
      'spec.externalIPs[3]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ],
  },
  {
    name: 'what only a balanced one has',
    spec: {
      ...one,
      loadBalancerSourceRanges: ['1.2.3.4/24'],
      allocateLoadBalancerNodePorts: true,
      loadBalancerClass: 'a/b',
    },
    faults: [
      "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
      "spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'",
      "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
    ],
  },
  {
    name: 'balanced to local pods without a health check',
    spec: { ...balanced, externalTrafficPolicy: 'Local' },
    faults: ['spec.healthCheckNodePort: Required value'],
  },
  {
    name: 'a policy for traffic that cannot come',
    spec: { ...one, externalTrafficPolicy: 'Local', trafficDistribution: 'Anywhere' },
    faults: [
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      'spec.trafficDistribution: Unsupported value: "Anywhere": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
  },
  {
    name: 'an address of the other family',
    spec: { ...one, clusterIP: 'fd00::1', clusterIPs: ['fd00::1'], ipFamilies: ['IPv4'] },
    faults: ['spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
  },
];

for (const { name, spec, faults } of cases) {
  test(`a service: ${name}`, () => assert.deepEqual(faultsOf(serviceWith(spec)), faults));
}

const held = { clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' };
const onNodes = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], ...held };

/** What becomes of the fields that the type brings with it, and which faults the change has. */
const changes: { name: string; before: Fields; after: Fields; kept: Fields; refused: string[] }[] = [
  {
    name: 'replaced without its address and port',
    before: onNodes,
    after: { type: 'NodePort', ports: [{ port: 80 }] },
    kept: { clusterIPs: ['10.0.0.9'], nodePort: 30080 },
    refused: [],
  },
  {
    name: 'no longer on the nodes',
    before: onNodes,
    after: { ...onNodes, type: 'ClusterIP', externalTrafficPolicy: 'Cluster' },
    kept: { clusterIPs: ['10.0.0.9'], nodePort: undefined, externalTrafficPolicy: undefined },
    refused: [],
  },
  {
    name: 'a name elsewhere',
    before: onNodes,
    after: { ...onNodes, type: 'ExternalName', externalName: 'a.b' },
    kept: { clusterIP: undefined, clusterIPs: undefined, ipFamilies: undefined, nodePort: undefined },
    refused: [],
  },
  {
    name: 'at another address',
    before: onNodes,
    after: { ...onNodes, clusterIP: '10.0.0.8' },
    kept: { clusterIPs: ['10.0.0.8'] },
    refused: ['spec.clusterIPs[0]'],
  },
  {
    name: 'headless from now on',
    before: onNodes,
    after: { ...one, clusterIP: 'None' },
    kept: { clusterIPs: ['None'] },
    refused: ['spec.clusterIPs[0]'],
  },
  {
    name: 'of another class',
    before: { ...balanced, loadBalancerClass: 'a/b' },
    after: { ...balanced, loadBalancerClass: 'a/c' },
    kept: {},
    refused: ['spec.loadBalancerClass'],
  },
];

for (const { name, before, after, kept, refused } of changes) {
  test(`a service becomes ${name}`, () => {
    const [draft, previous] = [serviceWith(after), serviceWith(before)];
    services.prepareUpdate?.(draft, previous, 'main');
    const fields = { ...draft.spec, nodePort: draft.spec.ports?.[0]?.nodePort } as Fields;
    for (const [field, value] of Object.entries(kept)) assert.deepEqual(fields[field], value, field);
    const causes = [...(services.validateUpdate?.(draft, previous) ?? [])];
    assert.deepEqual(
      causes.map(({ field }) => field),
      refused,
    );
  });
}
