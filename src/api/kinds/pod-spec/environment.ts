// The environment of a container: variables, where their values come from, and what may be asked of the pod.

import { qualifiedNameFaults } from '../../label-rules.ts';
import { configKeyFaults, environmentNameFaults } from '../../name-rules.ts';
import { canonicalQuantity } from '../../quantity.ts';
import { type Causes, checkName, dnsSubdomainFaults, invalid, required, unsupported } from '../../validation.ts';
import type { Container, EnvVar } from './types.ts';

type Source = NonNullable<EnvVar['valueFrom']>;
type FieldRef = NonNullable<Source['fieldRef']>;
type ResourceFieldRef = NonNullable<Source['resourceFieldRef']>;
type KeyRef = { name?: string; key?: string };

export function* validateEnvironment({ env = [], envFrom = [] }: Container, at: string): Causes {
  for (const [index, variable] of env.entries()) yield* validateVariable(variable, `${at}.env[${index}]`);
  for (const [index, source] of envFrom.entries()) {
    const here = `${at}.envFrom[${index}]`;
    if (source.prefix) yield* checkName(`${here}.prefix`, source.prefix, environmentNameFaults);
    if (source.configMapRef) yield* checkReference(`${here}.configMapRef.name`, source.configMapRef.name);
    if (source.secretRef) yield* checkReference(`${here}.secretRef.name`, source.secretRef.name);
    if (!source.configMapRef && !source.secretRef) {
      yield invalid(`${at}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`');
    } else if (source.configMapRef && source.secretRef) {
      yield invalid(`${at}.envFrom`, '', 'may not have more than one field specified at a time');
    }
  }
}

function* checkReference(field: string, name: string | undefined): Causes {
  if (!name) yield required(field);
  else yield* checkName(field, name, dnsSubdomainFaults);
}

function* validateVariable({ name, value, valueFrom }: EnvVar, at: string): Causes {
  if (!name) yield required(`${at}.name`);
  else yield* checkName(`${at}.name`, name, environmentNameFaults);
  if (!valueFrom) return;
  const here = `${at}.valueFrom`;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) yield* validateFieldRef(fieldRef, variableFields, `${here}.fieldRef`);
  if (resourceFieldRef) yield* validateResourceFieldRef(resourceFieldRef, `${here}.resourceFieldRef`);
  if (configMapKeyRef) yield* validateKeyRef(configMapKeyRef, `${here}.configMapKeyRef`);
  if (secretKeyRef) yield* validateKeyRef(secretKeyRef, `${here}.secretKeyRef`);
  const sources = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef].filter(Boolean).length;
  if (sources === 0) {
    yield invalid(here, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`');
  } else if (value) {
    yield invalid(here, '', 'may not be specified when `value` is not empty');
  } else if (sources > 1) {
    yield invalid(here, '', 'may not have more than one field specified at a time');
  }
}

function* validateKeyRef({ name = '', key }: KeyRef, at: string): Causes {
  yield* checkName(`${at}.name`, name, dnsSubdomainFaults);
  if (!key) yield required(`${at}.key`);
  else yield* checkName(`${at}.key`, key, configKeyFaults);
}

const metadataFields = ['metadata.name', 'metadata.namespace', 'metadata.uid'];

const variableFields = [
  ...metadataFields,
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** The fields of a pod that may be written into a file of a volume. */
export const fileFields = ['metadata.annotations', 'metadata.labels', ...metadataFields];

/** Every field that the downward API knows at all. */
const knownFields = new Set([
  ...variableFields,
  ...fileFields,
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.hostNetwork',
  'status.phase',
  'status.nominatedNodeName',
  'spec.host',
]);

export function* validateFieldRef(ref: FieldRef, allowed: readonly string[], at: string): Causes {
  const { apiVersion, fieldPath } = ref;
  if (!apiVersion) yield required(`${at}.apiVersion`);
  else if (!fieldPath) yield required(`${at}.fieldPath`);
  else {
    const [, path = fieldPath, key] = /^(.+)\['(.*)'\]$/.exec(fieldPath) ?? [];
    const refusal = refusalOfField(apiVersion, path, key !== undefined);
    if (refusal) yield invalid(`${at}.fieldPath`, fieldPath, `error converting fieldPath: ${refusal}`);
    else if (key !== undefined) {
      yield* checkName(at, path === 'metadata.annotations' ? key.toLowerCase() : key, qualifiedNameFaults);
    } else if (!allowed.includes(path)) yield unsupported(`${at}.fieldPath`, path, [...allowed].sort());
  }
}

function refusalOfField(apiVersion: string, path: string, hasKey: boolean): string | undefined {
  if (apiVersion !== 'v1') return `unsupported pod version: ${apiVersion}`;
  if (hasKey) {
    return path === 'metadata.annotations' || path === 'metadata.labels'
      ? undefined
      : `field label does not support subscript: ${path}`;
  }
  return knownFields.has(path) ? undefined : `field label not supported: ${path}`;
}

const resourceFields = ['limits', 'requests'].flatMap((kind) =>
  ['cpu', 'ephemeral-storage', 'memory'].map((resource) => `${kind}.${resource}`),
);
const hugePages = /^(limits|requests)\.hugepages-/;
const byteDivisors = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].map((unit) => `1${unit}`);

export function* validateResourceFieldRef(
  { containerName, resource, divisor }: ResourceFieldRef,
  at: string,
  mustNameContainer?: 'must name the container',
): Causes {
  if (mustNameContainer && !containerName) yield required(`${at}.containerName`);
  else if (!resource) yield required(`${at}.resource`);
  else if (!resourceFields.includes(resource) && !hugePages.test(resource)) {
    yield unsupported(`${at}.resource`, resource, resourceFields);
  }
  yield* checkDivisor(`${at}.divisor`, resource ?? '', canonicalQuantity(divisor ?? '0') ?? '0');
}

function* checkDivisor(field: string, resource: string, divisor: string): Causes {
  if (divisor === '0') return;
  if (resource.endsWith('.cpu')) {
    if (divisor !== '1' && divisor !== '1m') {
      yield invalid(field, resource, "only divisor's values 1m and 1 are supported with the cpu resource");
    }
    return;
  }
  const sort = hugePages.test(resource)
    ? 'hugepages'
    : resource.endsWith('.memory')
      ? 'memory'
      : resource.endsWith('.ephemeral-storage')
        ? 'local ephemeral storage'
        : undefined;
  if (sort && !byteDivisors.includes(divisor)) {
    const values = byteDivisors.join(', ');
    yield invalid(field, resource, `only divisor's values ${values} are supported with the ${sort} resource`);
  }
}
