// NetworkPolicy: who may talk to the pods that it selects, and to whom these may.
import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { checkLabelSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { isStrictSubrange, parseRange, portNameFaults, rangeFaults } from '../name-rules.ts';
import { selectorText } from '../selector.ts';
import { type Cause, checkName, checkOneOf, checkPort, forbidden, invalid, required } from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { defineKind } from './kind.ts';

export type NetworkPolicy = Served<INetworkPolicy>;
type Rule = NonNullable<NetworkPolicy['spec']['ingress']>[number];
type Port = NonNullable<Rule['ports']>[number];
type Peer = NonNullable<Rule['from']>[number];

const protocols = ['TCP', 'UDP', 'SCTP'];
const directions = ['Ingress', 'Egress'];

export const networkPolicies = defineKind<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  namespaced: true,
  hasStatus: false,
  hasGeneration: true,
  groupInErrors: 'extensions',
  columns: [
    nameColumn,
    {
      name: 'Pod-Selector',
      type: 'string',
      description: 'The pods it is about.',
      value: ({ spec }) => orNone(selectorText(spec.podSelector)),
    },
    ageColumn,
  ],
  setDefaults: (policy) => {
    policy.spec ??= { podSelector: {} };
    const { spec } = policy;
    spec.podSelector ??= {};
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])])
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP';
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  *validate({ spec: { podSelector, ingress = [], egress = [], policyTypes = [] } }) {
    yield* checkLabelSelector('spec.podSelector', podSelector);
    for (const [index, { ports, from }] of ingress.entries()) {
      yield* checkPorts(ports, `spec.ingress[${index}].ports`);
      yield* checkPeers(from, `spec.ingress[${index}].from`);
    }
    for (const [index, { ports, to }] of egress.entries()) {
      yield* checkPorts(ports, `spec.egress[${index}].ports`);
      yield* checkPeers(to, `spec.egress[${index}].to`);
    }
    if (policyTypes.length > directions.length) {
      return yield invalid('spec.policyTypes', policyTypes, 'may not specify more than two policyTypes');
    }
    for (const [index, type] of policyTypes.entries())
      yield* checkOneOf(`spec.policyTypes[${index}]`, type, directions);
  },
});

function* checkPorts(ports: Port[] = [], list: string): Iterable<Cause> {
  for (const [index, { protocol, port, endPort }] of ports.entries()) {
    const at = `${list}[${index}]`;
    yield* checkOneOf(`${at}.protocol`, protocol, protocols);
    if (typeof port === 'number') {
      yield* checkPort(`${at}.port`, port);
      if (endPort === undefined) continue;
      if (endPort < port) yield invalid(`${at}.endPort`, endPort, 'must be greater than or equal to `port`');
      yield* checkPort(`${at}.endPort`, endPort);
      continue;
    }
    if (endPort !== undefined) {
      const state = port === undefined ? 'not specified' : 'non-numeric';
      yield invalid(`${at}.endPort`, endPort, `may not be specified when \`port\` is ${state}`);
    }
    if (port !== undefined) yield* checkName(`${at}.port`, port, portNameFaults);
  }
}

function* checkPeers(peers: Peer[] = [], list: string): Iterable<Cause> {
  for (const [index, { podSelector, namespaceSelector, ipBlock }] of peers.entries()) {
    const at = `${list}[${index}]`;
    yield* checkLabelSelector(`${at}.podSelector`, podSelector);
    yield* checkLabelSelector(`${at}.namespaceSelector`, namespaceSelector);
    if (ipBlock) yield* checkBlock(ipBlock, `${at}.ipBlock`);
    const hasSelector = Boolean(podSelector || namespaceSelector);
    if (!hasSelector && !ipBlock) yield required(at, 'must specify a peer');
    if (hasSelector && ipBlock) yield forbidden(at, 'may not specify both ipBlock and another peer');
  }
}

function* checkBlock({ cidr, except = [] }: NonNullable<Peer['ipBlock']>, at: string): Iterable<Cause> {
  if (!cidr) return yield required(`${at}.cidr`);
  yield* checkName(`${at}.cidr`, cidr, rangeFaults);
  const whole = parseRange(cidr);
  if (!whole) return;
  for (const [index, text] of except.entries()) {
    const where = `${at}.except[${index}]`;
    yield* checkName(where, text, rangeFaults);
    const part = parseRange(text);
    if (part && !isStrictSubrange(part, whole)) yield invalid(where, text, 'must be a strict subset of `cidr`');
  }
}
