// The environment of a container: services of its namespace, whole config maps and secrets, then single variables;
// what comes later overrides what came before.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { hasClusterIp, type Service } from '../../api/kinds/service.ts';
import { expandReferences } from './expand.ts';

/** A container cannot be made as long as what it refers to is missing. */
export class ConfigProblem extends Error {}

/** Where values come from: undefined where there is no such object. */
export interface EnvSources {
  configMap(name: string): Promise<Record<string, string> | undefined>;
  secret(name: string): Promise<Record<string, string> | undefined>;
  services: readonly Service[];
  podAddress: string;
  hostAddress: string;
}

type EnvVar = NonNullable<Container['env']>[number];
type EnvFrom = NonNullable<Container['envFrom']>[number];

export async function containerEnv(pod: Pod, container: Container, sources: EnvSources): Promise<Map<string, string>> {
  const values = serviceEnv(sources.services, pod.metadata.namespace ?? '', pod.spec.enableServiceLinks !== false);
  for (const from of container.envFrom ?? []) {
    for (const [key, value] of Object.entries(await wholeSource(from, sources)))
      values.set(`${from.prefix ?? ''}${key}`, value);
  }
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await referredValue(pod, variable, sources)
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

async function referredValue(pod: Pod, { name, valueFrom }: EnvVar, sources: EnvSources): Promise<string | undefined> {
  if (valueFrom?.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath, sources);
  const ref = valueFrom?.configMapKeyRef ?? valueFrom?.secretKeyRef;
  if (!ref?.name) throw new ConfigProblem(`the source of variable ${name} is not supported yet`);
  const isConfigMap = valueFrom?.configMapKeyRef !== undefined;
  const kind = isConfigMap ? 'configmap' : 'secret';
  const data = isConfigMap ? await sources.configMap(ref.name) : await sources.secret(ref.name);
  if (!data && !ref.optional) throw new ConfigProblem(`${kind} "${ref.name}" not found`);
  const value = data?.[ref.key];
  if (value === undefined && !ref.optional) {
    const object = `${isConfigMap ? 'ConfigMap' : 'Secret'} ${pod.metadata.namespace}/${ref.name}`;
    throw new ConfigProblem(`couldn't find key ${ref.key} in ${object}`);
  }
  return value;
}

export function fieldValue(pod: Pod, path: string, sources: Pick<EnvSources, 'podAddress' | 'hostAddress'>): string {
  const { metadata, spec } = pod;
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (keyed) return metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
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

/** The variables by which a container finds services without DNS; those of default/kubernetes are always there. */
export function serviceEnv(services: readonly Service[], namespace: string, withLinks: boolean): Map<string, string> {
  const values = new Map<string, string>();
  const isKubernetes = ({ metadata }: Service) => metadata.namespace === 'default' && metadata.name === 'kubernetes';
  const shown = services.filter(
    (service) =>
      hasClusterIp(service) && (isKubernetes(service) || (withLinks && service.metadata.namespace === namespace)),
  );
  for (const { metadata, spec } of shown) {
    const prefix = metadata.name.toUpperCase().replaceAll('-', '_');
    const [first] = spec.ports ?? [];
    if (!first) continue;
    const address = spec.clusterIP ?? '';
    const url = (protocol = 'TCP', port = 0) => `${protocol.toLowerCase()}://${address}:${port}`;
    values.set(`${prefix}_SERVICE_HOST`, address);
    values.set(`${prefix}_SERVICE_PORT`, String(first.port));
    values.set(`${prefix}_PORT`, url(first.protocol, first.port));
    for (const { name, port, protocol = 'TCP' } of spec.ports ?? []) {
      if (name) values.set(`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`, String(port));
      const link = `${prefix}_PORT_${port}_${protocol}`;
      values.set(link, url(protocol, port));
      values.set(`${link}_PROTO`, protocol.toLowerCase());
      values.set(`${link}_PORT`, String(port));
      values.set(`${link}_ADDR`, address);
    }
  }
  return values;
}
