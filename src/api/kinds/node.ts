// Node: a host that runs pods.
import type { INode } from 'kubernetes-models/v1/Node';
import type { Served } from '../meta.ts';
import { type Resources, roundResources } from '../resource-names.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { type Column, defineKind, proxyVerbs } from './kind.ts';
import { alignPodCidrs, validateNode, validateNodeUpdate } from './node-rules.ts';

export type Node = Served<INode>;
export type NodeCondition = NonNullable<Node['status']['conditions']>[number];
export type Taint = NonNullable<Node['spec']['taints']>[number];

const rolePrefix = 'node-role.kubernetes.io/';

function rolesOf(node: Node): string {
  const roles = Object.keys(node.metadata.labels ?? {})
    .filter((label) => label.startsWith(rolePrefix) && label.length > rolePrefix.length)
    .map((label) => label.slice(rolePrefix.length));
  const named = node.metadata.labels?.['kubernetes.io/role'];
  if (named) roles.push(named);
  return orNone([...new Set(roles)].sort().join(','));
}

function statusWord(node: Node): string {
  const ready = nodeReadiness(node);
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec.unschedulable ? `${word},SchedulingDisabled` : word;
}

export function nodeReadiness(node: Node): NodeCondition | undefined {
  return node.status.conditions?.find(({ type }) => type === 'Ready');
}

export function addressOf(node: Node, type: 'InternalIP' | 'ExternalIP' | 'Hostname'): string | undefined {
  return node.status.addresses?.find((address) => address.type === type)?.address;
}

const info = (field: 'osImage' | 'kernelVersion' | 'containerRuntimeVersion') => (node: Node) =>
  node.status.nodeInfo?.[field] || '<unknown>';

const columns: Column<Node>[] = [
  nameColumn,
  { name: 'Status', type: 'string', description: 'Whether the node is ready and takes pods.', value: statusWord },
  { name: 'Roles', type: 'string', description: 'Roles of the node, from its labels.', value: rolesOf },
  ageColumn,
  {
    name: 'Version',
    type: 'string',
    description: 'Version of the node agent.',
    value: (node) => node.status.nodeInfo?.kubeletVersion ?? '',
  },
  {
    name: 'Internal-IP',
    type: 'string',
    priority: 1,
    description: 'Address inside the cluster.',
    value: (node) => orNone(addressOf(node, 'InternalIP')),
  },
  {
    name: 'External-IP',
    type: 'string',
    priority: 1,
    description: 'Address from outside.',
    value: (node) => orNone(addressOf(node, 'ExternalIP')),
  },
  {
    name: 'OS-Image',
    type: 'string',
    priority: 1,
    description: 'Operating system of the node.',
    value: info('osImage'),
  },
  {
    name: 'Kernel-Version',
    type: 'string',
    priority: 1,
    description: 'Kernel of the node.',
    value: info('kernelVersion'),
  },
  {
    name: 'Container-Runtime',
    type: 'string',
    priority: 1,
    description: 'Container engine of the node.',
    value: info('containerRuntimeVersion'),
  },
];

/** Of a node whose agent has not told yet what it runs on. */
const unknownNodeInfo = {
  machineID: '',
  systemUUID: '',
  bootID: '',
  kernelVersion: '',
  osImage: '',
  containerRuntimeVersion: '',
  kubeletVersion: '',
  kubeProxyVersion: '',
  operatingSystem: '',
  architecture: '',
};

export const nodes = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  hasStatus: true,
  subresources: [{ name: 'proxy', verbs: proxyVerbs, kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' } }],
  hasGeneration: false,
  columns,
  keepsNewStatus: true,
  setDefaults: ({ spec, status }) => {
    alignPodCidrs(spec);
    roundResources(status.capacity as Resources | undefined);
    status.daemonEndpoints ??= { kubeletEndpoint: { Port: 0 } };
    status.nodeInfo ??= { ...unknownNodeInfo };
    if (status.capacity) status.allocatable ??= { ...status.capacity };
    roundResources(status.allocatable as Resources | undefined);
  },
  validate: validateNode,
  validateUpdate: validateNodeUpdate,
  *warningsFor({ spec }) {
    if (spec.configSource) yield 'spec.configSource: the feature is no longer available';
    if (spec.externalID) yield 'spec.externalID: this field is deprecated, and is unused by Kubernetes';
  },
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec.unschedulable ?? false) },
  // A pod network belongs to one node alone, however many servers hand them out.
  claims: (node) => (node.spec.podCIDR ? [`pod-network/${node.spec.podCIDR}`] : []),
});
