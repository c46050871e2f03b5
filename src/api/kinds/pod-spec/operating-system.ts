// What only a pod for Linux, or only one for Windows, may ask for, and which namespaces of the host go together.
import { type Causes, checkOneOf, forbidden, invalid, required } from '../../validation.ts';
import { containersOf, type PodSecurityContext, type PodSpec, type SecurityContext } from './types.ts';

/** `at` is the spec. */
export function* validateOperatingSystem(spec: PodSpec, at: string): Causes {
  if (!spec.os) return;
  const { name } = spec.os;
  if (!name) yield required(`${at}.os.name`, 'cannot be empty');
  else if (name === 'linux') yield* validateLinux(spec, at);
  else if (name === 'windows') yield* validateWindows(spec, at);
  else yield* checkOneOf(`${at}.os`, name, ['linux', 'windows']);
}

function* validateLinux(spec: PodSpec, at: string): Causes {
  const refusal = 'windows options cannot be set for a linux pod';
  if (spec.securityContext?.windowsOptions) yield forbidden(`${at}.securityContext.windowsOptions`, refusal);
  for (const { container, at: where } of containersOf(spec, at)) {
    if (container.securityContext?.windowsOptions) yield forbidden(`${where}.securityContext.windowsOptions`, refusal);
  }
}

type Field = { of: 'context'; name: keyof PodSecurityContext } | { of: 'spec'; name: keyof PodSpec };

const ofLinuxPods: readonly Field[] = [
  { of: 'context', name: 'appArmorProfile' },
  { of: 'context', name: 'seLinuxOptions' },
  { of: 'spec', name: 'hostUsers' },
  { of: 'spec', name: 'hostPID' },
  { of: 'spec', name: 'hostIPC' },
  { of: 'context', name: 'seccompProfile' },
  { of: 'context', name: 'fsGroup' },
  { of: 'context', name: 'fsGroupChangePolicy' },
  { of: 'context', name: 'sysctls' },
  { of: 'spec', name: 'shareProcessNamespace' },
  { of: 'context', name: 'runAsUser' },
  { of: 'context', name: 'runAsGroup' },
  { of: 'context', name: 'supplementalGroups' },
  { of: 'context', name: 'supplementalGroupsPolicy' },
  { of: 'context', name: 'seLinuxChangePolicy' },
];

const ofLinuxContainers: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
];

function* validateWindows(spec: PodSpec, at: string): Causes {
  const refusal = 'cannot be set for a windows pod';
  for (const { of, name } of ofLinuxPods) {
    if (of === 'spec' && isSaid(spec[name])) yield forbidden(`${at}.${name}`, refusal);
    if (of === 'context' && isSaid(spec.securityContext?.[name])) {
      yield forbidden(`${at}.securityContext.${name}`, refusal);
    }
  }
  for (const { container, at: where } of containersOf(spec, at)) {
    for (const name of ofLinuxContainers) {
      if (container.securityContext?.[name] !== undefined) {
        yield forbidden(`${where}.securityContext.${name}`, refusal);
      }
    }
  }
}

const isSaid = (value: unknown): boolean => value !== undefined && !(Array.isArray(value) && value.length === 0);

/** Who has users of their own cannot share the host's other namespaces. */
export function* validateHostUsers(spec: PodSpec, at: string): Causes {
  if (spec.hostUsers !== false) return;
  const refusal = 'when `pod.Spec.HostUsers` is false';
  if (spec.hostNetwork) yield forbidden(`${at}.hostNetwork`, refusal);
  if (spec.hostPID) yield forbidden(`${at}.HostPID`, refusal);
  if (spec.hostIPC) yield forbidden(`${at}.HostIPC`, refusal);
}

/** Processes of a Windows host: all containers or none, and on the host's network. */
export function* validateHostProcesses(spec: PodSpec, at: string): Causes {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const containers = containersOf(spec, at);
  let count = 0;
  for (const { container, at: where } of containers) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod) {
      const refusal = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      yield invalid(`${where}.securityContext.windowsOptions.hostProcess`, own, refusal);
    }
    if (own ?? ofPod) count++;
  }
  if (count === 0) return;
  if (count !== containers.length) {
    const refusal = 'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    yield invalid(at, '', refusal);
  }
  if (!spec.hostNetwork) {
    const refusal = 'hostNetwork must be true if pod contains any hostProcess containers';
    yield invalid(`${at}.hostNetwork`, false, refusal);
  }
}
