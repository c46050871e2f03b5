// The environment of a container: services of its namespace, whole config maps and secrets, then single variables;
// what comes later overrides what came before.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Service } from '../../api/kinds/service.ts';
import { expandReferences } from './expand.ts';
import { resourceFieldValue } from './resource-field.ts';
import { serviceEnv } from './service-env.ts';

/** A container cannot be made as long as what it refers to is missing. */
export class ConfigProblem extends Error {}

/** Where values come from: undefined where there is no such object. */
export interface EnvSources {
  configMap(name: string): Promise<Record<string, string> | undefined>;
  secret(name: string): Promise<Record<string, string> | undefined>;
  /** Undefined as long as they are not known. */
  services: readonly Service[] | undefined;
  podAddress: string;
  hostAddress: string;
  /** What the node has for pods: as much a container without a limit may use. */
  allocatable: Record<string, string | number>;
}

type EnvVar = NonNullable<Container['env']>[number];
type ResourceFieldRef = NonNullable<NonNullable<EnvVar['valueFrom']>['resourceFieldRef']>;
type EnvFrom = NonNullable<Container['envFrom']>[number];

export async function containerEnv(pod: Pod, container: Container, sources: EnvSources): Promise<Map<string, string>> {
  if (!sources.services)
    throw new ConfigProblem('services have not yet been read at least once, cannot construct envvars');
  const values = serviceEnv(sources.services, pod.metadata.namespace ?? '', pod.spec.enableServiceLinks !== false);
  for (const from of container.envFrom ?? []) {
    for (const [key, value] of Object.entries(await wholeSource(from, sources)))
      values.set(`${from.prefix ?? ''}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await referredValue(pod, container, variable, sources)
      : expandReferences(variable.value ?? '', values);
    if (value !== undefined) values.set(variable.name, value);
  }
  return values;
}

async function wholeSource({ configMapRef, secretRef }: EnvFrom, sources: EnvSources): Promise<Record<string, string>> {
  const ref = configMapRef ?? secretRef;
  if (!ref?.name) return {};
  const data = configMapRef ? await sources.configMap(ref.name) : await sources.secret(ref.name);
  if (!data && !ref.optional)
    throw new ConfigProblem(`${configMapRef ? 'configmap' : 'secret'} "${ref.name}" not found`);
  return data ?? {};
}

async function referredValue(
  pod: Pod,
  container: Container,
  { name, valueFrom }: EnvVar,
  sources: EnvSources,
): Promise<string | undefined> {
  if (valueFrom?.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, sources);
  if (valueFrom?.resourceFieldRef) return ofResource(pod, container, valueFrom.resourceFieldRef, sources);
  const ref = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
  if (!ref?.name) throw new ConfigProblem(`variable ${name} has no source that is known here`);
  const isConfigMap = valueFrom?.configMapKeyRef !== undefined;
  const kind = isConfigMap ? 'configmap' : 'secret';
  const data = isConfigMap ? await sources.configMap(ref.name) : await sources.secret(ref.name);
  if (!data && !ref.optional) throw new ConfigProblem(`${kind} "${ref.name}" not found`);
  const value = valueAt(data, ref.key);
  if (value === undefined && !ref.optional) {
    const object = `${isConfigMap ? 'ConfigMap' : 'Secret'} ${pod.metadata.namespace}/${ref.name}`;
    throw new ConfigProblem(`couldn't find key ${ref.key} in ${object}`);
  }
  return value;
}

function ofResource(pod: Pod, own: Container, field: ResourceFieldRef, { allocatable }: EnvSources): string {
  const { initContainers = [], containers } = pod.spec;
  const named = [...initContainers, ...containers].find(({ name }) => name === field.containerName);
  if (field.containerName && !named) throw new ConfigProblem(`container ${field.containerName} not found`);
  const value = resourceFieldValue(pod, named ?? own, field, allocatable);
  if (value === undefined) throw new ConfigProblem(`unsupported container resource : ${field.resource}`);
  return value;
}

export function fieldValue(pod: Pod, path: string, sources: Pick<EnvSources, 'podAddress' | 'hostAddress'>): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return valueAt(metadata[keyed[1] as 'labels' | 'annotations'], keyed[2] ?? '') ?? '';
  const fields: Record<string, string | undefined> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName,
    'status.podIP': sources.podAddress,
    'status.podIPs': sources.podAddress,
    'status.hostIP': sources.hostAddress,
    'status.hostIPs': sources.hostAddress,
  };
  if (!(path in fields)) throw new ConfigProblem(`unsupported fieldPath: ${path}`);
  return fields[path] ?? '';
}

/** Of names that people choose: one like "constructor" is there only where somebody has set it. */
function valueAt(values: Record<string, string> | undefined, name: string): string | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined;
}
