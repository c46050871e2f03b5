// What the pause container of a pod is asked for: all that its containers share.
import type { Pod } from '../../api/kinds/pod.ts';
import { sysctlName } from '../../api/safe-sysctls.ts';
import { type PauseSpec, type Placement, pauseName } from '../runtime.ts';
import { seLinuxLabels } from './container-security.ts';
import { identityOf } from './container-spec.ts';
import { checkHostname } from './pod-hostname.ts';

export interface SandboxCircumstances {
  attempt: number;
  hostname: string;
  /** What the pod's runtime class means to the engine; empty is the node's default. */
  ociRuntime: string;
  placement: Placement;
}

/** Throws where this engine cannot make such a pod. */
export function sandboxSpec(pod: Pod, circumstances: SandboxCircumstances): PauseSpec {
  const { attempt, hostname, ociRuntime, placement } = circumstances;
  const { hostNetwork = false, hostIPC = false, hostUsers, securityContext = {} } = pod.spec;
  if (hostUsers === false) {
    throw new Error(
      'hostUsers: false asks for a user namespace of the pod’s own, and Docker has one for all of its containers or for none',
    );
  }
  checkHostname(hostname);
  const sysctls = (securityContext.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value]);
  return {
    ...identityOf(pod, pauseName, attempt),
    ...placement,
    hostname,
    hostNetwork,
    hostIpc: hostIPC,
    sysctls: Object.fromEntries(sysctls),
    seLinux: seLinuxLabels(securityContext.seLinuxOptions),
    ociRuntime,
  };
}
