// What a container is and may, in Docker's words.
import type Docker from 'dockerode';
import type { ContainerSecurity } from '../runtime.ts';

export function securityConfig(security: ContainerSecurity): Docker.HostConfig {
  const { groups, seccomp, appArmor, seLinux, noNewPrivileges } = security;
  const options = [
    ...(noNewPrivileges ? ['no-new-privileges'] : []),
    ...(seccomp === undefined ? [] : [`seccomp=${seccomp}`]),
    ...(appArmor === undefined ? [] : [`apparmor=${appArmor}`]),
    ...labelOptions(seLinux),
  ];
  return {
    ...(groups.length > 0 && { GroupAdd: groups.map(String) }),
    ...(options.length > 0 && { SecurityOpt: options }),
    Privileged: security.privileged,
    ReadonlyRootfs: security.readOnlyRoot,
    CapAdd: security.addCapabilities,
    CapDrop: security.dropCapabilities,
    ...(security.unmaskedProc && { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}

export function labelOptions(seLinux: readonly string[]): string[] {
  return seLinux.map((label) => `label=${label}`);
}
