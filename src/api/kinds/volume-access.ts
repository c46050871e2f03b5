// What volumes and the claims for them have in common: how they may be used, and the words for it in tables.
import { type Cause, checkName, checkOneOf, dnsSubdomainFaults, forbidden, unsupported } from '../validation.ts';

const shortModes = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
} as const;

/** "RWO,RWX" */
export function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(shortModes)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

export function* checkAccessModes(at: string, modes: readonly string[] = []): Iterable<Cause> {
  const supported = Object.keys(shortModes).sort();
  for (const mode of modes) {
    if (!supported.includes(mode)) yield unsupported(at, mode, supported);
  }
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod')) {
    yield forbidden(at, 'may not use ReadWriteOncePod with other access modes');
  }
}

export function* checkClassAndMode(
  path: string,
  { storageClassName, volumeMode }: { storageClassName?: string; volumeMode?: string },
): Iterable<Cause> {
  if (storageClassName) yield* checkName(`${path}.storageClassName`, storageClassName, dnsSubdomainFaults);
  yield* checkOneOf(`${path}.volumeMode`, volumeMode, ['Block', 'Filesystem']);
}

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The class of a volume or claim, also where an old annotation names it. */
export function storageClassOf({
  metadata,
  spec,
}: {
  metadata: { annotations?: Record<string, string> };
  spec: { storageClassName?: string };
}): string | undefined {
  return metadata.annotations?.[classAnnotation] ?? spec.storageClassName;
}
