// Who a container is and what it may, from its own security context and, where that is silent, from its pod's.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { ContainerSecurity } from '../runtime.ts';
import { ConfigProblem } from './container-env.ts';

/** What it depends on outside the manifest; looked up only where the manifest makes it matter. */
export interface SecurityFacts {
  /** Whom the image wants to be run as: "", "name", "uid", each with or without ":group". */
  imageUser?: string;
  /** The text of the profile that the manifest names. */
  seccompProfile?: string;
  hasAppArmor?: boolean;
  /** Who names no profile gets the engine's own one, not none. */
  isSeccompDefault: boolean;
}

type PodContext = NonNullable<Pod['spec']['securityContext']>;
type OwnContext = NonNullable<Container['securityContext']>;
/** What a container and its pod both may say. */
type SharedField = keyof PodContext & keyof OwnContext;

export function containerSecurity(pod: Pod, container: Container, facts: SecurityFacts): ContainerSecurity {
  const own = container.securityContext ?? {};
  const { supplementalGroups = [], fsGroup } = pod.spec.securityContext ?? {};
  checkNotRoot(pod, container, facts);
  return {
    user: userOf(pod, container, facts),
    groups: [...new Set([...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])])],
    privileged: own.privileged ?? false,
    readOnlyRoot: own.readOnlyRootFilesystem ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: seccompOf(pod, container, facts),
    appArmor: appArmorOf(pod, container, facts),
    seLinux: seLinuxLabels(effective(pod, container, 'seLinuxOptions')),
    unmaskedProc: own.procMount === 'Unmasked',
  };
}

/** Whether the image decides as whom the container runs. */
export function needsImageUser(pod: Pod, container: Container): boolean {
  if (effective(pod, container, 'runAsUser') !== undefined) return false;
  return effective(pod, container, 'runAsNonRoot') === true || effective(pod, container, 'runAsGroup') !== undefined;
}

/** The profile that is asked for by name, as a path below the node's folder of profiles. */
export function localSeccompProfile(pod: Pod, container: Container): string | undefined {
  if (container.securityContext?.privileged) return undefined;
  const profile = effective(pod, container, 'seccompProfile');
  return profile?.type === 'Localhost' ? (profile.localhostProfile ?? '') : undefined;
}

/** Whether it must not run where there is no AppArmor. */
export function needsAppArmor(pod: Pod, container: Container): boolean {
  const profile = effective(pod, container, 'appArmorProfile');
  return profile !== undefined && profile.type !== 'Unconfined';
}

export function seLinuxLabels(options: PodContext['seLinuxOptions']): string[] {
  const { user, role, type, level } = options ?? {};
  return Object.entries({ user, role, type, level }).flatMap(([key, value]) => (value ? [`${key}:${value}`] : []));
}

/** The container's own word counts for more than its pod's. */
function effective<F extends SharedField>(pod: Pod, container: Container, field: F): PodContext[F] | undefined {
  return (container.securityContext?.[field] as PodContext[F]) ?? pod.spec.securityContext?.[field];
}

function userOf(pod: Pod, container: Container, { imageUser = '' }: SecurityFacts): string | undefined {
  const user = effective(pod, container, 'runAsUser');
  const group = effective(pod, container, 'runAsGroup');
  // Who is given a group by the engine gets no groups of the image's beside it.
  if (pod.spec.securityContext?.supplementalGroupsPolicy === 'Strict' && group === undefined) {
    throw new ConfigProblem(
      'supplementalGroupsPolicy Strict needs a runAsGroup on this node: Docker gives a user without one all its groups of the image',
    );
  }
  if (group === undefined) return user === undefined ? undefined : String(user);
  return `${user ?? (nameOf(imageUser) || 0)}:${group}`;
}

const nameOf = (imageUser: string) => imageUser.split(':')[0] ?? '';

function checkNotRoot(pod: Pod, container: Container, { imageUser = '' }: SecurityFacts): void {
  if (!effective(pod, container, 'runAsNonRoot')) return;
  const { name, namespace, uid } = pod.metadata;
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  const user = effective(pod, container, 'runAsUser');
  if (user === 0) throw new ConfigProblem(`container's runAsUser breaks non-root policy ${where}`);
  if (user !== undefined) return;
  const ofImage = nameOf(imageUser);
  if (ofImage !== '' && !/^\d+$/.test(ofImage)) {
    const says = `container has runAsNonRoot and image has non-numeric user (${ofImage}), cannot verify user is non-root`;
    throw new ConfigProblem(`${says} ${where}`);
  }
  if (Number(ofImage) === 0) throw new ConfigProblem(`container has runAsNonRoot and image will run as root ${where}`);
}

function seccompOf(pod: Pod, container: Container, facts: SecurityFacts): string | undefined {
  // Privileged is without any filter.
  if (container.securityContext?.privileged) return undefined;
  const type = effective(pod, container, 'seccompProfile')?.type ?? (facts.isSeccompDefault ? 'RuntimeDefault' : '');
  if (type === 'RuntimeDefault') return undefined;
  return type === 'Localhost' ? facts.seccompProfile : 'unconfined';
}

function appArmorOf(pod: Pod, container: Container, { hasAppArmor }: SecurityFacts): string | undefined {
  const profile = effective(pod, container, 'appArmorProfile');
  if (needsAppArmor(pod, container) && !hasAppArmor)
    throw new ConfigProblem('Cannot enforce AppArmor: AppArmor is not enabled on the host');
  if (!profile || profile.type === 'RuntimeDefault' || container.securityContext?.privileged) return undefined;
  if (profile.type !== 'Localhost') return 'unconfined';
  // The engine would take it for no profile at all, which a pod that is held to have one must not get this way.
  if (profile.localhostProfile === 'unconfined')
    throw new ConfigProblem('Cannot enforce AppArmor: profile "unconfined" is not loaded');
  return profile.localhostProfile;
}
