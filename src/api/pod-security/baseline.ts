// What the baseline of pod security forbids: the known ways from a pod to its host.
import { safeSysctls } from '../safe-sysctls.ts';
import { type Check, counted, ofContainers, quoted, type SecuredContainer, violation } from './violation.ts';

const usualCapabilities = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);
const usualSeLinuxTypes = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']);
const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

const appArmorProfile: Check = (secured) => {
  const isUnconfined = (context: { appArmorProfile?: { type?: string } } | undefined) =>
    context?.appArmorProfile?.type === 'Unconfined';
  const annotated = Object.entries(secured.metadata.annotations ?? {})
    .filter(([key, value]) => key.startsWith(appArmorAnnotation) && value === 'unconfined')
    .map(([key, value]) => JSON.stringify(`${key}=${value}`))
    .sort();
  const details = [
    isUnconfined(secured.spec.securityContext) ? 'pod must not set AppArmor profile type to "Unconfined"' : undefined,
    ofContainers(
      secured,
      ({ securityContext }) => isUnconfined(securityContext),
      (who) => `${who} must not set AppArmor profile type to "Unconfined"`,
    ),
    annotated.length > 0 ? `annotation${annotated.length === 1 ? '' : 's'} ${annotated.join(', ')}` : undefined,
  ];
  return violation('forbidden AppArmor profile', details);
};

const capabilities: Check = (secured) => {
  const added = ({ securityContext }: SecuredContainer) =>
    (securityContext?.capabilities?.add ?? []).filter((name) => !usualCapabilities.has(name));
  const names = [...new Set(secured.containers.flatMap(added))].sort();
  const detail = ofContainers(
    secured,
    (container) => added(container).length > 0,
    (who) => `${who} must not include ${quoted(names)} in securityContext.capabilities.add`,
  );
  return violation('non-default capabilities', [detail]);
};

const hostNamespaces: Check = ({ spec }) => {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field]);
  return violation(
    'host namespaces',
    shared.map((field) => `${field}=true`),
  );
};

const hostPathVolumes: Check = ({ spec }) => {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  return violation('hostPath volumes', [names.length > 0 ? counted('volume', names) : undefined]);
};

const hostPorts: Check = (secured) => {
  const portsOf = ({ ports = [] }: SecuredContainer) => ports.flatMap(({ hostPort }) => hostPort || []);
  const ports = [...new Set(secured.containers.flatMap(portsOf))].sort((a, b) => a - b);
  const detail = ofContainers(
    secured,
    (container) => portsOf(container).length > 0,
    (who) => `${use(who)} hostPort${ports.length === 1 ? '' : 's'} ${ports.join(', ')}`,
  );
  return violation('hostPort', [detail]);
};

const use = (who: string) => `${who} ${who.startsWith('containers') ? 'use' : 'uses'}`;

/** Made by the node, they would reach from its network what the pod itself may not. */
const hostProbesAndHostLifecycle: Check = (secured) => {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: SecuredContainer) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .flatMap((host) => host || []);
  const hosts = [...new Set(secured.containers.flatMap(hostsOf))].sort();
  const detail = ofContainers(
    secured,
    (container) => hostsOf(container).length > 0,
    (who) => `${use(who)} ${counted('probe or lifecycle host', hosts)}`,
  );
  return violation('probe or lifecycle host', [detail]);
};

const privileged: Check = (secured) => {
  const isBad = ({ securityContext }: SecuredContainer) => securityContext?.privileged === true;
  return violation('privileged', [
    ofContainers(secured, isBad, (who) => `${who} must not set securityContext.privileged=true`),
  ]);
};

const procMount: Check = (secured) => {
  const of = ({ securityContext }: SecuredContainer) => securityContext?.procMount ?? 'Default';
  const values = [...new Set(secured.containers.map(of))].filter((value) => value !== 'Default').sort();
  const detail = ofContainers(
    secured,
    (container) => of(container) !== 'Default',
    (who) => `${who} must not set securityContext.procMount to ${quoted(values)}`,
  );
  return violation('procMount', [detail]);
};

interface SeLinux {
  seLinuxOptions?: { type?: string; user?: string; role?: string };
}

const seLinuxOptions: Check = (secured) => {
  const contexts: SeLinux[] = [
    secured.spec.securityContext ?? {},
    ...secured.containers.map((each) => each.securityContext ?? {}),
  ];
  const isBad = ({ seLinuxOptions: { type = '', user, role } = {} }: SeLinux) =>
    !usualSeLinuxTypes.has(type) || Boolean(user) || Boolean(role);
  if (!contexts.some(isBad)) return undefined;
  const bad = contexts.filter(isBad).map(({ seLinuxOptions: options = {} }) => options);
  const types = [...new Set(bad.map(({ type = '' }) => type))].filter((type) => !usualSeLinuxTypes.has(type)).sort();
  const who = [
    isBad(secured.spec.securityContext ?? {}) ? 'pod' : undefined,
    ofContainers(
      secured,
      ({ securityContext }) => isBad(securityContext ?? {}),
      (containers) => containers,
    ),
  ];
  const what = [
    types.length > 0 ? `type${types.length === 1 ? '' : 's'} ${quoted(types)}` : undefined,
    bad.some(({ user }) => user) ? 'user may not be set' : undefined,
    bad.some(({ role }) => role) ? 'role may not be set' : undefined,
  ];
  const words = (parts: (string | undefined)[], glue: string) => parts.filter((part) => part !== undefined).join(glue);
  const detail = `${words(who, ' and ')} set forbidden securityContext.seLinuxOptions: ${words(what, '; ')}`;
  return violation('seLinuxOptions', [detail]);
};

const seccompProfile: Check = (secured) => {
  const isBad = (context: { seccompProfile?: { type?: string } } | undefined) =>
    context?.seccompProfile?.type === 'Unconfined';
  const say = (who: string) => `${who} must not set securityContext.seccompProfile.type to "Unconfined"`;
  return violation('seccompProfile', [
    isBad(secured.spec.securityContext) ? say('pod') : undefined,
    ofContainers(secured, ({ securityContext }) => isBad(securityContext), say),
  ]);
};

const sysctls: Check = ({ spec }) => {
  const names = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safeSysctls.has(name));
  return violation('forbidden sysctls', names);
};

const windowsHostProcess: Check = (secured) => {
  const isBad = (context: { windowsOptions?: { hostProcess?: boolean } } | undefined) =>
    context?.windowsOptions?.hostProcess === true;
  const say = (who: string) => `${who} must not set securityContext.windowsOptions.hostProcess=true`;
  return violation('hostProcess', [
    isBad(secured.spec.securityContext) ? say('pod') : undefined,
    ofContainers(secured, ({ securityContext }) => isBad(securityContext), say),
  ]);
};

/** The minor versions of Kubernetes from which on there are those that came later: who asks for one before is spared them. */
export const checkedSince: Readonly<Record<string, number>> = { hostProbesAndHostLifecycle: 34 };

/** By the names in whose order they are told. */
export const baselineChecks: Readonly<Record<string, Check>> = {
  appArmorProfile,
  capabilities,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMount,
  seLinuxOptions,
  seccompProfile,
  sysctls,
  windowsHostProcess,
};
