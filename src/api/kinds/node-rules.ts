// The rules of a node: its taints, its part of the pod network, and what it says of its resources.
import type { INode } from 'kubernetes-models/v1/Node';
import { labelValueFaults, qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { rangeFaults } from '../name-rules.ts';
import { checkAmount } from '../resource-names.ts';
import { isDualStack } from '../traffic-rules.ts';
import { type Causes, checkName, duplicate, forbidden, invalid, isSame } from '../validation.ts';
import { checkTaintEffect } from './pod-spec/tolerations.ts';

type Node = Served<INode>;
type Taints = NonNullable<Node['spec']['taints']>;

/** One range said twice, for older and newer readers. */
export function alignPodCidrs(spec: Node['spec']): void {
  if (spec.podCIDR && !spec.podCIDRs?.length) spec.podCIDRs = [spec.podCIDR];
  else if (spec.podCIDRs?.[0] && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0];
}

export function* validateNode({ spec, status }: Node, previous?: Node): Causes {
  yield* validateTaints(spec.taints ?? []);
  for (const list of ['capacity', 'allocatable'] as const) {
    for (const [name, amount] of Object.entries(status[list] ?? {})) {
      yield* checkAmount(`status.${list}.${name}`, name, amount as string);
    }
  }
  if (!previous) yield* validatePodCidrs(spec);
}

function* validatePodCidrs({ podCIDR, podCIDRs = [] }: Node['spec']): Causes {
  const at = 'spec.podCIDRs';
  if (podCIDR && podCIDRs[0] !== podCIDR) {
    yield invalid(`${at}[0]`, podCIDRs[0], 'must be the same as `podCIDR`');
  }
  for (const [index, range] of podCIDRs.entries()) {
    yield* checkName(`${at}[${index}]`, range, rangeFaults);
    if (podCIDRs.indexOf(range) < index) yield duplicate(`${at}[${index}]`, range);
  }
  if (podCIDRs.length > 1 && !isDualStack(podCIDRs)) {
    yield invalid(at, podCIDRs, 'may specify no more than one CIDR for each IP family');
  }
}

/** Kubernetes tells of taints as if they stood in the metadata. */
function* validateTaints(taints: Taints): Causes {
  const seen = new Set<string>();
  for (const [index, { key = '', value = '', effect }] of taints.entries()) {
    const at = `metadata.taints[${index}]`;
    yield* checkName(`${at}.key`, key, qualifiedNameFaults);
    const faults = labelValueFaults(value);
    if (faults.length > 0) yield invalid(`${at}.value`, value, faults.join(';'));
    yield* checkTaintEffect(`${at}.effect`, effect);
    if (seen.has(`${key}:${effect}`)) {
      const cause = duplicate(at, { Key: key, Value: value, Effect: effect, TimeAdded: null });
      yield { ...cause, message: `${cause.message}: taints must be unique by key and effect pair` };
    }
    seen.add(`${key}:${effect}`);
  }
}

export function* validateNodeUpdate({ spec, status }: Node, { spec: before }: Node): Causes {
  const addresses = (status.addresses ?? []).map(({ type, address }) => `${type}/${address}`);
  for (const [index, address] of addresses.entries()) {
    if (addresses.indexOf(address) === index) continue;
    yield duplicate(`status.addresses[${index}]`, status.addresses?.[index]);
  }
  const movesPods = Boolean(before.podCIDRs?.length) && !isSame(spec.podCIDRs, before.podCIDRs);
  const movesHost = Boolean(before.providerID) && spec.providerID !== before.providerID;
  if (movesPods) yield forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid');
  else if (!before.podCIDRs?.length) yield* validatePodCidrs(spec);
  if (movesHost) yield forbidden('spec.providerID', 'node updates may not change providerID except from "" to valid');
  // Kubernetes tells it once more of the object as a whole, whose path it writes so.
  if (movesPods || movesHost) yield forbidden('[]', 'node updates may only change labels, taints, or capacity');
  if (spec.externalID !== before.externalID) yield forbidden('spec.externalID', 'may not be updated');
  if (spec.configSource) yield* validateConfigSource(spec.configSource);
}

type ConfigSource = NonNullable<Node['spec']['configSource']>;

function* validateConfigSource(source: ConfigSource): Causes {
  const at = 'spec.configSource';
  const { configMap } = source;
  if (!configMap) return yield invalid(at, source, 'exactly one reference subfield must be non-nil');
  for (const field of ['uid', 'resourceVersion'] as const) {
    if (configMap[field]) yield forbidden(`${at}.configMap.${field}`, `${field} must not be set in spec`);
  }
}
