// Annotations that speak of the pod itself: older ways of saying what fields say today. Both must agree.

import { checkDescendingPath } from '../../path-rules.ts';
import { type Causes, forbidden, invalid } from '../../validation.ts';
import { validateTolerations } from './tolerations.ts';
import { containersOf, type PodMetadata, type PodSpec } from './types.ts';

export const mirrorAnnotation = 'kubernetes.io/config.mirror';
const tolerationsAnnotation = 'scheduler.alpha.kubernetes.io/tolerations';
const deletionCostAnnotation = 'controller.kubernetes.io/pod-deletion-cost';
export const podSeccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
export const containerSeccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
export const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';

type Annotations = Record<string, string>;
type Profile = { type?: string; localhostProfile?: string };

/** `at` is the annotations. */
export function* validatePodAnnotations(annotations: Annotations, spec: PodSpec, at: string): Causes {
  const mirror = annotations[mirrorAnnotation];
  if (mirror !== undefined && !spec.nodeName) {
    yield invalid(`${at}[${mirrorAnnotation}]`, mirror, 'must set spec.nodeName if mirror pod annotation is set');
  }
  yield* checkTolerations(annotations[tolerationsAnnotation], at);
  const cost = annotations[deletionCostAnnotation];
  if (cost !== undefined && !isInt32(cost)) {
    yield invalid(`${at}[${deletionCostAnnotation}]`, cost, 'must be a 32bit integer');
  }
  for (const [key, profile] of Object.entries(annotations)) {
    if (key === podSeccompAnnotation || key.startsWith(containerSeccompPrefix)) {
      yield* checkSeccomp(`${at}.${key}`, profile);
    }
    if (key.startsWith(appArmorPrefix)) yield* checkAppArmor(`${at}[${key}]`, key, profile, spec);
  }
}

function* checkTolerations(text: string | undefined, at: string): Causes {
  if (!text) return;
  try {
    const tolerations = JSON.parse(text);
    if (!Array.isArray(tolerations)) throw new Error('a list is expected');
    yield* validateTolerations(tolerations, `${at}.${tolerationsAnnotation}`);
  } catch (error) {
    yield invalid(at, tolerationsAnnotation, (error as Error).message);
  }
}

const isInt32 = (text: string) => /^(0|-?[1-9]\d{0,9})$/.test(text) && (Number(text) | 0) === Number(text);

function* checkSeccomp(field: string, profile: string): Causes {
  if (['runtime/default', 'docker/default', 'unconfined'].includes(profile)) return;
  if (profile.startsWith('localhost/')) yield* checkDescendingPath(field, profile.slice('localhost/'.length));
  else yield invalid(field, profile, 'must be a valid seccomp profile');
}

function* checkAppArmor(field: string, key: string, profile: string, spec: PodSpec): Causes {
  const name = key.slice(appArmorPrefix.length);
  if (!containersOf(spec, '').some(({ container }) => container.name === name)) {
    yield invalid(field, name, 'container not found');
  }
  if (!['', 'runtime/default', 'unconfined'].includes(profile) && !profile.startsWith('localhost/')) {
    yield invalid(field, profile, `invalid AppArmor profile name: "${profile}"`);
  }
}

/** That the annotations of a new pod or template say what its fields say. `at` is the spec. */
export function* validateAgreement({ annotations }: PodMetadata, spec: PodSpec, at: string): Causes {
  if (!annotations) return;
  const { securityContext } = spec;
  const seccomp = agreement('seccomp');
  yield* seccomp(annotations[podSeccompAnnotation], securityContext?.seccompProfile, `${at}.securityContext`);
  for (const { container, at: where } of containersOf(spec, at)) {
    const own = container.securityContext;
    const here = `${where}.securityContext`;
    yield* seccomp(annotations[containerSeccompPrefix + container.name], own?.seccompProfile, here);
  }
  if (spec.os?.name === 'windows') return;
  const appArmor = agreement('apparmor');
  for (const { container, at: where } of containersOf(spec, at)) {
    const profile = container.securityContext?.appArmorProfile ?? securityContext?.appArmorProfile;
    yield* appArmor(annotations[appArmorPrefix + container.name], profile, `${where}.securityContext`);
  }
}

const agreement = (what: 'seccomp' | 'apparmor') =>
  function* (annotation: string | undefined, profile: Profile | undefined, context: string): Causes {
    if (annotation === undefined || !profile) return;
    const at = `${context}.${what === 'seccomp' ? 'seccompProfile' : 'appArmorProfile'}`;
    const isDefault = annotation === 'runtime/default' || (what === 'seccomp' && annotation === 'docker/default');
    const isOfType =
      (profile.type === 'Unconfined' && annotation === 'unconfined') ||
      (profile.type === 'RuntimeDefault' && isDefault) ||
      (profile.type === 'Localhost' && annotation.startsWith('localhost/'));
    if (!isOfType) yield forbidden(`${at}.type`, `${what} type in annotation and field must match`);
    else if (profile.type === 'Localhost' && annotation !== `localhost/${profile.localhostProfile}`) {
      yield forbidden(`${at}.localhostProfile`, `${what} profile in annotation and field must match`);
    }
  };

/** What may become of these annotations when a pod is changed. */
export function* validateAnnotationUpdates(now: Annotations, before: Annotations, at: string): Causes {
  const guarded = [
    { holds: (key: string) => key.startsWith(appArmorPrefix), name: 'AppArmor annotations' },
    { holds: (key: string) => key === mirrorAnnotation, name: 'mirror pod annotation' },
  ];
  for (const { holds, name } of guarded) {
    for (const key of Object.keys(before).filter(holds)) {
      if (now[key] !== before[key]) yield forbidden(`${at}[${key}]`, `may not remove or update ${name}`);
    }
    for (const key of Object.keys(now).filter(holds)) {
      if (before[key] === undefined) yield forbidden(`${at}[${key}]`, `may not add ${name}`);
    }
  }
}
