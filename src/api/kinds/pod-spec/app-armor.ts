// The profiles of AppArmor that a new pod names by annotation, as was usual before there was a field: they are put into the field.
import { isSame } from '../../validation.ts';
import { appArmorPrefix } from './annotations.ts';
import { maxPathBytes } from './security-context.ts';
import { containersOf, type PodMetadata, type PodSpec } from './types.ts';

type Profile = NonNullable<NonNullable<PodSpec['securityContext']>['appArmorProfile']>;

export function applyAppArmor(
  spec: PodSpec,
  { annotations = {} }: PodMetadata,
  warn: (text: string) => void = () => undefined,
): void {
  if (spec.os?.name === 'windows') return;
  const ofPod = spec.securityContext?.appArmorProfile;
  for (const { container } of containersOf(spec, '')) {
    const key = appArmorPrefix + container.name;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile) continue;
    const profile = profileOf(annotation);
    const isNews = profile !== undefined && !isSame(profile, ofPod);
    if (isNews) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    if (!profile || isNews) {
      warn(`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  }
}

const localPrefix = 'localhost/';

/** Nothing, where no valid profile would come of it. */
function profileOf(annotation: string): Profile | undefined {
  if (annotation === 'unconfined') return { type: 'Unconfined' };
  if (annotation === 'runtime/default') return { type: 'RuntimeDefault' };
  if (!annotation.startsWith(localPrefix)) return undefined;
  const localhostProfile = annotation.slice(localPrefix.length);
  const isValid =
    localhostProfile !== '' &&
    localhostProfile.trim() === localhostProfile &&
    Buffer.byteLength(localhostProfile) <= maxPathBytes;
  return isValid ? { type: 'Localhost', localhostProfile } : undefined;
}
