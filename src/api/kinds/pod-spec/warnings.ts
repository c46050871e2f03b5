// What is valid in a pod's spec and yet seldom meant: told to its writer, as Kubernetes does.
import { isWhole, parseQuantity } from '../../quantity.ts';
import type { NodeSelectorTerm } from './affinity.ts';
import { appArmorPrefix, containerSeccompPrefix, podSeccompAnnotation } from './annotations.ts';
import { type Affinity, type Container, containersOf, type PodMetadata, type PodSpec, type Volume } from './types.ts';

type Warnings = Iterable<string>;

/** Where fields stand: below nothing in a pod, below the template elsewhere. */
const below = (at: string, field: string) => (at ? `${at}.${field}` : field);

/** `at` is the template, or nothing for a pod. */
export function* warningsForPodSpec(spec: PodSpec, metadata: PodMetadata, at: string): Warnings {
  const here = below(at, 'spec');
  yield* ofNodeLabels(spec, here);
  for (const [key, text] of Object.entries(deadAnnotations)) {
    if (metadata.annotations?.[key] !== undefined) yield `${below(at, 'metadata.annotations')}[${key}]: ${text}`;
  }
  for (const [index, volume] of (spec.volumes ?? []).entries()) yield* ofVolume(volume, `${here}.volumes[${index}]`);
  yield* ofTokenPaths(spec, here);
  yield* ofRepeated(spec, here);
  yield* ofFractions(spec.overhead, `${here}.overhead`);
  yield* ofProfiles(spec, metadata, at);
  for (const { container, at: where } of containersOf(spec, here)) {
    yield* ofFractions(container.resources?.limits, `${where}.resources.limits`);
    yield* ofFractions(container.resources?.requests, `${where}.resources.requests`);
    yield* ofHiddenVariables(container, where);
  }
  yield* ofPorts(spec, here);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    yield `${here}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`;
  }
  yield* ofPodAffinity(spec.affinity, `${here}.affinity`);
}

const deadAnnotations: Record<string, string> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

const oldNodeLabels: Record<string, string> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
};

const noSelector = 'a null labelSelector results in matching no pod';

function* ofNodeLabels(spec: PodSpec, at: string): Warnings {
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    if (oldNodeLabels[key]) yield `${at}.nodeSelector[${key}]: ${oldNodeLabels[key]}`;
  }
  const affinity = spec.affinity?.nodeAffinity;
  const required = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  for (const [index, term] of (affinity?.[required]?.nodeSelectorTerms ?? []).entries()) {
    yield* ofTerm(term, `${at}.affinity.nodeAffinity.${required}.nodeSelectorTerms[${index}]`);
  }
  for (const [index, { preference }] of (affinity?.[preferred] ?? []).entries()) {
    yield* ofTerm(preference, `${at}.affinity.nodeAffinity.${preferred}[${index}].preference`);
  }
  for (const [index, { topologyKey, labelSelector }] of (spec.topologySpreadConstraints ?? []).entries()) {
    const here = `${at}.topologySpreadConstraints[${index}]`;
    if (oldNodeLabels[topologyKey]) yield `${here}.topologyKey: ${topologyKey} is ${oldNodeLabels[topologyKey]}`;
    if (!labelSelector) yield `${here}.labelSelector: ${noSelector}`;
  }
}

function* ofTerm(term: NodeSelectorTerm, at: string): Warnings {
  for (const [index, { key }] of (term.matchExpressions ?? []).entries()) {
    if (oldNodeLabels[key]) yield `${at}.matchExpressions[${index}].key: ${key} is ${oldNodeLabels[key]}`;
  }
}

const oldVolumes: Partial<Record<keyof Volume, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

function* ofVolume(volume: Volume, at: string): Warnings {
  for (const [source, text] of Object.entries(oldVolumes)) {
    if (volume[source as keyof Volume] !== undefined) yield `${at}.${source}: ${text}`;
  }
}

/** A token's file may be hidden by another source's. */
function* ofTokenPaths(spec: PodSpec, at: string): Warnings {
  const projected = (spec.volumes ?? []).map((volume) => volume.projected?.sources ?? []);
  const tokens = new Set(projected.flat().flatMap(({ serviceAccountToken }) => serviceAccountToken?.path ?? []));
  if (tokens.size === 0) return;
  for (const [index, sources] of projected.entries()) {
    for (const { configMap, secret, downwardAPI } of sources) {
      const lists = { configMap: configMap?.items, secrets: secret?.items, downwardAPI: downwardAPI?.items };
      for (const [name, items] of Object.entries(lists)) {
        for (const [place, { path }] of (items ?? []).entries()) {
          if (!tokens.has(path)) continue;
          const where = `${at}.volumes[${index}].projected.sources.${name}[${place}]`;
          yield `${where}: has duplicated path with ServiceAccountToken ${JSON.stringify(path)}`;
        }
      }
    }
  }
}

function* ofRepeated({ hostAliases = [], imagePullSecrets = [] }: PodSpec, at: string): Warnings {
  const addresses = new Set<string>();
  for (const [index, { ip }] of hostAliases.entries()) {
    if (addresses.has(ip)) yield `${at}.hostAliases[${index}].ip: duplicate ip ${JSON.stringify(ip)}`;
    addresses.add(ip);
  }
  const names = new Set<string>();
  for (const [index, { name = '' }] of imagePullSecrets.entries()) {
    if (names.has(name)) yield `${at}.imagePullSecrets[${index}].name: duplicate name ${JSON.stringify(name)}`;
    names.add(name);
  }
  for (const [index, { name }] of imagePullSecrets.entries()) {
    if (!name) yield `${at}.imagePullSecrets[${index}].name: invalid empty name ""`;
  }
}

function* ofFractions(amounts: object | undefined, at: string): Warnings {
  for (const name of ['memory', 'ephemeral-storage']) {
    const amount = (amounts as Record<string, string> | undefined)?.[name];
    const quantity = amount === undefined ? undefined : parseQuantity(amount);
    if (quantity && !isWhole(quantity)) {
      yield `${at}[${name}]: fractional byte value ${JSON.stringify(amount)} is invalid, must be an integer`;
    }
  }
}

function* ofProfiles(spec: PodSpec, { annotations = {} }: PodMetadata, at: string): Warnings {
  const here = below(at, 'metadata.annotations');
  const dead = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (annotations[podSeccompAnnotation] !== undefined && !spec.securityContext?.seccompProfile) {
    yield `${here}[${podSeccompAnnotation}]: ${dead}`;
  }
  for (const { container } of containersOf(spec, '')) {
    const own = container.securityContext;
    const seccomp = containerSeccompPrefix + container.name;
    if (annotations[seccomp] !== undefined && !own?.seccompProfile) yield `${here}[${seccomp}]: ${dead}`;
    // Of a pod it is told when its annotation is put into the field.
    if (at === '') continue;
    const appArmor = appArmorPrefix + container.name;
    if (annotations[appArmor] === undefined || own?.appArmorProfile || spec.securityContext?.appArmorProfile) continue;
    yield `${here}[${appArmor}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
  }
}

/** A variable that is set again without building on what it was. */
function* ofHiddenVariables({ env = [] }: Container, at: string): Warnings {
  const names = new Set<string>();
  for (const [index, { name, value = '', valueFrom }] of env.entries()) {
    const reference = `$(${name})`;
    if (names.has(name) && (valueFrom || value === reference || !value.includes(reference))) {
      const quoted = JSON.stringify(name);
      yield `${at}.env[${index}]: hides previous definition of ${quoted}, which may be dropped when using apply`;
    }
    names.add(name);
  }
}

function* ofPorts(spec: PodSpec, at: string): Warnings {
  const seen: { field: string; key: string; hostIP: string; hostPort: number }[] = [];
  for (const { container, at: where } of containersOf(spec, at)) {
    for (const [index, port] of (container.ports ?? []).entries()) {
      const { containerPort, protocol, hostIP = '', hostPort = 0 } = port;
      const field = `${where}.ports[${index}]`;
      if (hostIP && !hostPort) yield `${field}: hostIP set without hostPort: ${JSON.stringify(port)}`;
      const key = `${containerPort}/${protocol}`;
      for (const other of seen.filter((each) => each.key === key)) {
        if (hostIP === other.hostIP && hostPort === other.hostPort) {
          yield `${field}: duplicate port definition with ${other.field}`;
        } else if (!hostPort || !other.hostPort) {
          yield `${field}: overlapping port definition with ${other.field}`;
        } else if (hostPort === other.hostPort && (hostIP === '') !== (other.hostIP === '')) {
          yield `${field}: dangerously ambiguous port definition with ${other.field}`;
        }
      }
      seen.push({ field, key, hostIP, hostPort });
    }
  }
}

function* ofPodAffinity(affinity: Affinity | undefined, at: string): Warnings {
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
    for (const [index, { labelSelector }] of (affinity?.[name]?.[required] ?? []).entries()) {
      if (!labelSelector) yield `${at}.${name}.${required}[${index}].labelSelector: ${noSelector}`;
    }
    for (const [index, { podAffinityTerm }] of (affinity?.[name]?.[preferred] ?? []).entries()) {
      if (podAffinityTerm?.labelSelector) continue;
      yield `${at}.${name}.${preferred}[${index}].podAffinityTerm.labelSelector: ${noSelector}`;
    }
  }
}
