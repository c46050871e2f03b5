// Which kernel settings a pod may have on this node: the safe ones, and what its operator allows beside them. And never one
// of a namespace that the pod shares with its host.
import type { Pod } from '../api/kinds/pod.ts';
import { safeSysctls, sysctlName } from '../api/safe-sysctls.ts';

type Namespace = 'IPC' | 'Net';

/** How the names of a namespace’s settings begin. */
const namespaced: readonly [string, Namespace][] = [
  ['kernel.shm', 'IPC'],
  ['kernel.msg', 'IPC'],
  ['kernel.sem', 'IPC'],
  ['fs.mqueue.', 'IPC'],
  ['net.', 'Net'],
];

/** Undefined where it is one setting of the whole host. */
function namespaceOf(sysctl: string): Namespace | undefined {
  return namespaced.find(([prefix]) => sysctl.startsWith(prefix))?.[1];
}

/** What is wrong with a list of settings that an operator allows; undefined where it is right. */
export function patternFault(patterns: readonly string[]): string | undefined {
  const wrong = patterns.find((pattern) => namespaceOf(sysctlName(pattern)) === undefined);
  return wrong === undefined ? undefined : `the sysctls "${wrong}" are not known to be namespaced`;
}

/** Why the pod may not have what it asks for; undefined where it may. */
export function sysctlFault({ spec }: Pod, allowed: readonly string[]): string | undefined {
  for (const { name } of spec.securityContext?.sysctls ?? []) {
    const sysctl = sysctlName(name);
    const namespace = namespaceOf(sysctl);
    if (!safeSysctls.has(sysctl) && !allowed.some((pattern) => matches(sysctl, sysctlName(pattern))))
      return `"${sysctl}" not allowlisted`;
    const isOfHost = (namespace === 'IPC' && spec.hostIPC) || (namespace === 'Net' && spec.hostNetwork);
    if (isOfHost) return `"${sysctl}" not allowed with host ${namespace} enabled`;
  }
  return undefined;
}

function matches(sysctl: string, pattern: string): boolean {
  return pattern.endsWith('*') ? sysctl.startsWith(pattern.slice(0, -1)) : sysctl === pattern;
}
