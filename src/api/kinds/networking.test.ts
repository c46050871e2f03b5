import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ingress, ingresses } from './ingress.ts';
import { ingressClasses } from './ingress-class.ts';
import { ipAddresses } from './ip-address.ts';
import { createCases, created, type KindCase, statusCases, updateCases } from './kind-cases.contract.ts';
import { type NetworkPolicy, networkPolicies } from './network-policy.ts';
import { serviceCidrs } from './service-cidr.ts';

const spec = (patch: object, ...faults: string[]): KindCase => [{ spec: patch }, ...faults];
const service = { name: 's', port: { number: 80 } };
const path = (fields: object) => ({
  http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service }, ...fields }] },
});
const at = 'spec.rules[0].http.paths[0]';

createCases(ingresses, { spec: { defaultBackend: { service } } }, [
  spec({ defaultBackend: null }, 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'),
  spec(
    { rules: [path({ pathType: undefined, path: 'nope' })] },
    `${at}.pathType: Required value: pathType must be spec`,
  ),
  spec({ rules: [path({ pathType: 'Glob' })] }, `${at}.pathType: Unsupported value: "Glob"`),
  spec({ rules: [path({ path: 'a' })] }, `${at}.path: Invalid value: "a": must be an absolute path`),
  spec(
    { rules: [path({ path: '/a//b/..' })] },
    `${at}.path: Invalid value: "/a//b/..": must not contain '//'`,
    `${at}.path: Invalid value: "/a//b/..": cannot end with '/..'`,
  ),
  spec({ rules: [path({ path: '', pathType: 'ImplementationSpecific' })] }),
  spec({ rules: [path({ backend: {} })] }, `${at}.backend: Invalid value: "": resource or service backend is required`),
  spec({ rules: [{ http: { paths: [] } }] }, 'spec.rules[0].http.paths: Required value'),
  spec(
    { rules: [{ host: '*' }, { host: '1.2.3.4' }] },
    'spec.rules[0].host: Invalid value: "*": a wildcard',
    'spec.rules[1].host: Invalid value: "1.2.3.4": must be a DNS name',
  ),
  spec(
    { defaultBackend: { service: { name: 'Bad_', port: { name: 'x' } } } },
    'spec.defaultBackend.service.name: Invalid value: "Bad_": a DNS-1035',
    'spec.defaultBackend: Invalid value: "": cannot set both port name & port number',
  ),
  spec(
    { defaultBackend: { service: { port: null } } },
    'spec.defaultBackend: Required value: port name or number is required',
  ),
  spec(
    { defaultBackend: { service: null, resource: { kind: '', name: 'a/b' } } },
    'spec.defaultBackend.resource.kind: Required value',
    'spec.defaultBackend.resource.name: Invalid value: "a/b": may not contain \'/\'',
  ),
  spec(
    { tls: [{ hosts: ['*bad'], secretName: 'B' }] },
    'spec.tls[0].hosts[0]: Invalid value: "*bad"',
    'spec.tls[0].secretName: Invalid value: "B"',
  ),
  [
    { metadata: { annotations: { 'kubernetes.io/ingress.class': 'a' } }, spec: { ingressClassName: 'b' } },
    'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName`',
  ],
]);

statusCases(ingresses, { spec: { defaultBackend: { service } } }, [
  [
    { loadBalancer: { ingress: [{ ip: 'x' }, { hostname: '1.2.3.4' }] } },
    'status.loadBalancer.ingress[0].ip: Invalid value: "x"',
    'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS',
  ],
]);

test('the hosts of an ingress are shown, the first three', () => {
  const column = ingresses.columns.find(({ name }) => name === 'Hosts');
  const shown = (...hosts: string[]) =>
    column?.value({ spec: { rules: hosts.map((host) => ({ host })) } } as Ingress, 0);
  assert.equal(shown(), '*');
  assert.equal(shown('', 'a'), 'a');
  assert.equal(shown('a', 'b', 'c'), 'a,b,c');
  assert.equal(shown('a', 'b', 'c', 'd', 'e'), 'a,b,c + 2 more...');
});

createCases(ingressClasses, { spec: { controller: 'a.b/c' } }, [
  spec({ controller: 'noslash' }, 'spec.controller: Invalid value: "noslash": must be a domain-prefixed path'),
  spec({ controller: `a.b/${'c'.repeat(250)}` }, 'spec.controller: Too long: may not be more than 250 bytes'),
  spec(
    { parameters: { kind: '', name: '' } },
    'spec.parameters.kind: Required value',
    'spec.parameters.name: Required',
  ),
  spec(
    { parameters: { kind: 'K', name: 'n', scope: 'Namespace' } },
    "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
  ),
  spec(
    { parameters: { kind: 'K', name: 'n', namespace: 'x' } },
    "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
  ),
  spec({ parameters: { kind: 'K', name: 'n', scope: 'World' } }, 'spec.parameters.scope: Unsupported value: "World"'),
]);
updateCases(ingressClasses, { spec: { controller: 'a.b/c' } }, [
  spec({ controller: 'a.b/d' }, 'spec.controller: Invalid value: "a.b/d": field is immutable'),
]);

const ingress = (rule: object, ...faults: string[]) => spec({ ingress: [rule] }, ...faults);
createCases(networkPolicies, { spec: { podSelector: {} } }, [
  spec(
    { podSelector: { matchLabels: { 'bad key': '' } } },
    'spec.podSelector.matchLabels: Invalid value: "bad key": name part',
  ),
  ingress(
    { from: [{}], ports: [{ port: 0, protocol: 'X' }] },
    'spec.ingress[0].ports[0].protocol: Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"',
    'spec.ingress[0].ports[0].port: Invalid value: 0',
    'spec.ingress[0].from[0]: Required value: must specify a peer',
  ),
  ingress(
    { ports: [{ port: 80, endPort: 70 }, { port: 'http', endPort: 1 }, { endPort: 1 }] },
    'spec.ingress[0].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`',
    'spec.ingress[0].ports[1].endPort: Invalid value: 1: may not be specified when `port` is non-numeric',
    'spec.ingress[0].ports[2].endPort: Invalid value: 1: may not be specified when `port` is not specified',
  ),
  ingress(
    { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8', '10.1.0.0/16'] }, podSelector: {} }] },
    'spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset',
    'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock',
  ),
  spec(
    { egress: [{ to: [{ ipBlock: { cidr: 'x' } }] }] },
    'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value',
  ),
  spec(
    { policyTypes: ['Sideways'] },
    'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", "Egress"',
  ),
]);

test('a policy is about what leaves pods where it has rules for that', () => {
  const types = (patch: object) =>
    (created(networkPolicies, { spec: { podSelector: {}, ...patch } }, {}) as NetworkPolicy).spec.policyTypes;
  assert.deepEqual(types({}), ['Ingress']);
  assert.deepEqual(types({ egress: [{}] }), ['Ingress', 'Egress']);
  assert.deepEqual(types({ egress: [{}], policyTypes: ['Egress'] }), ['Egress']);
});

createCases(ipAddresses, { spec: { parentRef: { resource: 'services', namespace: 'n', name: 's' } } }, [
  spec({ parentRef: null }, 'spec.parentRef: Required value'),
  spec(
    { parentRef: { resource: null, name: '..' } },
    'spec.parentRef.resource: Required value',
    'spec.parentRef.name: Invalid value: "..": may not be \'..\'',
  ),
]);

createCases(serviceCidrs, { spec: { cidrs: ['10.0.0.0/16'] } }, [
  spec({ cidrs: [] }, 'spec.cidrs: Required value: at least one CIDR required'),
  spec({ cidrs: ['10.0.0.0/16', 'fd00::/64', 'fd01::/64'] }, 'spec.cidrs: Invalid value: {"cidrs":'),
  spec({ cidrs: ['10.0.0.1/16'] }, 'spec.cidrs[0]: Invalid value: "10.0.0.1/16": must not have bits set'),
  spec(
    { cidrs: ['10.0.0.0/16', '10.1.0.0/16'] },
    'spec.cidrs: Invalid value: ["10.0.0.0/16","10.1.0.0/16"]: may specify no more',
  ),
]);
updateCases(serviceCidrs, { spec: { cidrs: ['10.0.0.0/16'] } }, [
  spec({ cidrs: ['10.0.0.0/16', 'fd00::/64'] }),
  spec({ cidrs: ['10.1.0.0/16'] }, 'spec.cidrs[0]: Invalid value: "10.1.0.0/16": field is immutable'),
]);
