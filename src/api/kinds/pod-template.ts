// Defaults and validation of a pod's spec, for pods and for every template that makes them.
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { IProbe } from 'kubernetes-models/v1/Probe';
import { parseQuantity, quantityRule } from '../quantity.ts';
import {
  type Cause,
  checkName,
  checkOneOf,
  checkPort,
  dnsLabelFaults,
  duplicate,
  invalid,
  required,
} from '../validation.ts';

export type PodSpec = IPodSpec;
export type PodTemplateSpec = IPodTemplateSpec;
export type Container = IContainer;

/** Completes the template of whatever makes pods. */
export function setPodTemplateDefaults(template: PodTemplateSpec): void {
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

export function setPodSpecDefaults(spec: PodSpec): void {
  spec.restartPolicy ??= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ??= 'ClusterFirst';
  spec.schedulerName ??= 'default-scheduler';
  spec.securityContext ??= {};
  if (spec.serviceAccount && !spec.serviceAccountName) spec.serviceAccountName = spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])])
    setContainerDefaults(container, spec);
  for (const volume of spec.volumes ?? []) {
    if (volume.configMap) volume.configMap.defaultMode ??= 0o644;
    if (volume.secret) volume.secret.defaultMode ??= 0o644;
    if (volume.projected) volume.projected.defaultMode ??= 0o644;
    if (volume.downwardAPI) volume.downwardAPI.defaultMode ??= 0o644;
    if (volume.hostPath) volume.hostPath.type ??= '';
  }
}

function setContainerDefaults(container: Container, spec: PodSpec): void {
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= hasLatestTag(container.image ?? '') ? 'Always' : 'IfNotPresent';
  container.resources ??= {};
  for (const port of container.ports ?? []) {
    port.protocol ??= 'TCP';
    if (spec.hostNetwork) port.hostPort ??= port.containerPort;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe])
    setProbeDefaults(probe);
  const { limits, requests } = container.resources;
  if (limits) container.resources.requests = { ...limits, ...requests };
}

function setProbeDefaults(probe: IProbe | undefined): void {
  if (!probe) return;
  probe.timeoutSeconds ??= 1;
  probe.periodSeconds ??= 10;
  probe.successThreshold ??= 1;
  probe.failureThreshold ??= 3;
  if (probe.httpGet) {
    probe.httpGet.path ??= '/';
    probe.httpGet.scheme ??= 'HTTP';
  }
}

function hasLatestTag(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

/** All that is wrong with a template of pods, wherever it stands. */
export function validatePodTemplate(template: PodTemplateSpec | undefined, at: string): Iterable<Cause> {
  return validatePodSpec(template?.spec, `${at}.spec`);
}

export function validatePodSpec(spec: PodSpec | undefined, at: string): Cause[] {
  if (!spec?.containers?.length) return [required(`${at}.containers`)];
  const causes: Cause[] = [];
  const names = new Set<string>();
  for (const field of ['initContainers', 'containers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries()) {
      const where = `${at}.${field}[${index}]`;
      if (names.has(container.name)) causes.push(duplicate(`${where}.name`, container.name));
      names.add(container.name);
      causes.push(...validateContainer(container, where));
    }
  }
  causes.push(...checkOneOf(`${at}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']));
  causes.push(
    ...checkOneOf(`${at}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
  );
  return causes;
}

function validateContainer(container: Container, at: string): Cause[] {
  const causes: Cause[] = [];
  if (!container.name) causes.push(required(`${at}.name`));
  else causes.push(...checkName(`${at}.name`, container.name, dnsLabelFaults));
  if (!container.image) causes.push(required(`${at}.image`));
  causes.push(...checkOneOf(`${at}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']));
  for (const [index, port] of (container.ports ?? []).entries()) {
    causes.push(...checkPort(`${at}.ports[${index}].containerPort`, port.containerPort));
    causes.push(...checkOneOf(`${at}.ports[${index}].protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']));
  }
  for (const part of ['limits', 'requests'] as const) {
    for (const [name, quantity] of Object.entries(container.resources?.[part] ?? {})) {
      if (parseQuantity(quantity as string) === undefined) {
        causes.push(invalid(`${at}.resources.${part}[${name}]`, quantity, quantityRule));
      }
    }
  }
  return causes;
}
