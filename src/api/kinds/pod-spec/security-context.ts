// The rights of a pod and of each of its containers on the host.

import { checkDescendingPath } from '../../path-rules.ts';
import {
  type Causes,
  checkName,
  checkOneOf,
  checkRange,
  dnsSubdomainFaults,
  duplicate,
  invalid,
  required,
  tooLong,
  unsupported,
} from '../../validation.ts';
import type { PodSecurityContext, PodSpec, SecurityContext } from './types.ts';

type SeccompProfile = NonNullable<PodSecurityContext['seccompProfile']>;
type AppArmorProfile = NonNullable<PodSecurityContext['appArmorProfile']>;
type WindowsOptions = NonNullable<PodSecurityContext['windowsOptions']>;

const largestId = 2 ** 31 - 1;
export const maxPathBytes = 4095;

const checkId = (field: string, id: number | undefined): Causes =>
  id === undefined ? [] : checkRange(field, id, 0, largestId);

/** `at` is the security context itself. */
export function* validatePodSecurityContext(spec: PodSpec, at: string): Causes {
  const { securityContext: context, shareProcessNamespace, hostPID } = spec;
  if (context) {
    yield* checkId(`${at}.fsGroup`, context.fsGroup);
    yield* checkId(`${at}.runAsUser`, context.runAsUser);
    yield* checkId(`${at}.runAsGroup`, context.runAsGroup);
    for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
      yield* checkId(`${at}.supplementalGroups[${index}]`, group);
    }
  }
  if (shareProcessNamespace && hostPID) {
    const refusal = 'ShareProcessNamespace and HostPID cannot both be enabled';
    yield invalid(`${at}.shareProcessNamespace`, true, refusal);
  }
  if (!context) return;
  if (context.sysctls) yield* validateSysctls(context.sysctls, spec, `${at}.sysctls`);
  yield* checkOneOf(`${at}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']);
  if (context.seccompProfile) yield* validateSeccomp(context.seccompProfile, `${at}.seccompProfile`);
  if (context.windowsOptions) yield* validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`);
  if (context.appArmorProfile) yield* validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`);
  yield* checkOneOf(`${at}.supplementalGroupsPolicy`, context.supplementalGroupsPolicy, ['Merge', 'Strict']);
  yield* checkOneOf(`${at}.seLinuxChangePolicy`, context.seLinuxChangePolicy, ['MountOption', 'Recursive']);
}

export function* validateSecurityContext(context: SecurityContext, at: string, hostUsers: boolean): Causes {
  yield* checkId(`${at}.runAsUser`, context.runAsUser);
  yield* checkId(`${at}.runAsGroup`, context.runAsGroup);
  if (context.procMount !== undefined) {
    yield* checkOneOf(`${at}.procMount`, context.procMount, ['Default', 'Unmasked']);
    if (hostUsers && context.procMount === 'Unmasked') {
      yield invalid(`${at}.procMount`, 'Unmasked', '`hostUsers` must be false to use `Unmasked`');
    }
  }
  if (context.seccompProfile) yield* validateSeccomp(context.seccompProfile, `${at}.seccompProfile`);
  if (context.allowPrivilegeEscalation === false) {
    const refusal = 'cannot set `allowPrivilegeEscalation` to false and';
    if (context.privileged) yield invalid(at, context, `${refusal} \`privileged\` to true`);
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      yield invalid(at, context, `${refusal} \`capabilities.Add\` CAP_SYS_ADMIN`);
    }
  }
  if (context.windowsOptions) yield* validateWindowsOptions(context.windowsOptions, `${at}.windowsOptions`);
  if (context.appArmorProfile) yield* validateAppArmor(context.appArmorProfile, `${at}.appArmorProfile`);
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function* validateSeccomp({ type, localhostProfile }: SeccompProfile, at: string): Causes {
  if (!type) yield required(`${at}.type`, 'type is required when seccompProfile is set');
  else yield* checkOneOf(`${at}.type`, type, profileTypes);
  const field = `${at}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile === undefined) yield required(field, 'must be set when seccomp type is Localhost');
    else yield* checkDescendingPath(field, localhostProfile);
  } else if (localhostProfile !== undefined) {
    yield invalid(field, { type, localhostProfile }, 'can only be set when seccomp type is Localhost');
  }
}

function* validateAppArmor({ type, localhostProfile }: AppArmorProfile, at: string): Causes {
  const field = `${at}.localhostProfile`;
  if (type === 'Localhost') {
    const missing = required(field, 'must be set when AppArmor type is Localhost');
    if (localhostProfile === undefined) yield missing;
    else if (localhostProfile.trim() !== localhostProfile) {
      yield invalid(field, localhostProfile, 'must not be padded with whitespace');
    } else if (localhostProfile === '') yield missing;
    if ((localhostProfile ?? '').length > maxPathBytes) yield tooLong(field, maxPathBytes);
  } else if (!type) yield required(`${at}.type`, 'type is required when appArmorProfile is set');
  else if (!profileTypes.includes(type)) yield unsupported(`${at}.type`, type, profileTypes);
  else if (localhostProfile !== undefined) {
    yield invalid(field, localhostProfile, 'can only be set when AppArmor type is Localhost');
  }
}

const sysctlForm = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const maxSysctlBytes = 253;
const ofIpc = /^(kernel[./]shm|kernel[./]msg|kernel[./]sem$|fs[./]mqueue[./])/;

function* validateSysctls(sysctls: NonNullable<PodSecurityContext['sysctls']>, spec: PodSpec, at: string): Causes {
  const names = new Set<string>();
  for (const [index, { name }] of sysctls.entries()) {
    const field = `${at}[${index}].name`;
    if (!name) yield required(field);
    else if (name.length > maxSysctlBytes || !sysctlForm.test(name)) {
      const rule = '^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
      yield invalid(field, name, `must have at most ${maxSysctlBytes} characters and match regex ${rule}`);
    } else if (names.has(name)) yield duplicate(field, name);
    names.add(name);
    if (spec.hostNetwork && /^net[./]/.test(name ?? '')) {
      yield invalid(field, name, "may not be specified when 'hostNetwork' is true");
    }
    if (spec.hostIPC && ofIpc.test(name ?? '')) {
      yield invalid(field, name, "may not be specified when 'hostIPC' is true");
    }
  }
}

const maxCredentialBytes = 64 * 1024;
const maxDomainLength = 256;
const maxUserLength = 104;
const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const domainName =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

function* validateWindowsOptions(options: WindowsOptions, at: string): Causes {
  const { gmsaCredentialSpecName, gmsaCredentialSpec, runAsUserName } = options;
  if (gmsaCredentialSpecName !== undefined) {
    yield* checkName(`${at}.gmsaCredentialSpecName`, gmsaCredentialSpecName, dnsSubdomainFaults);
  }
  if (gmsaCredentialSpec === '') {
    yield invalid(`${at}.gmsaCredentialSpec`, '', 'gmsaCredentialSpec cannot be an empty string');
  } else if ((gmsaCredentialSpec ?? '').length > maxCredentialBytes) {
    const refusal = `gmsaCredentialSpec size must be under ${maxCredentialBytes / 1024} KiB`;
    yield invalid(`${at}.gmsaCredentialSpec`, gmsaCredentialSpec, refusal);
  }
  if (runAsUserName === undefined) return;
  for (const fault of windowsUserFaults(runAsUserName)) yield invalid(`${at}.runAsUserName`, runAsUserName, fault);
}

function windowsUserFaults(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  if (/\p{Cc}/u.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? parts[0] : undefined;
  const faults: [boolean, string][] = [
    [(domain ?? '').length >= maxDomainLength, `Domain length must be under ${maxDomainLength} characters`],
    [
      domain !== undefined && !netBiosName.test(domain) && !domainName.test(domain),
      "Domain doesn't match the NetBios nor the DNS format",
    ],
    [user === '', 'User cannot be empty'],
    [user.length > maxUserLength, `User length must not be longer than ${maxUserLength} characters`],
    [/^[. ]+$/.test(user), 'User cannot contain only periods or spaces'],
    [/["/\\:;|=,+*?<>@[\]]/.test(user), 'User cannot contain the following characters: "/\\:;|=,+*?<>@[]'],
  ];
  return faults.filter(([holds]) => holds).map(([, fault]) => `runAsUserName's ${fault}`);
}
