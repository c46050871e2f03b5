// The table of the types of volumes, by the field of the manifest that chooses one.
import { claimedVolume, ephemeralVolume } from './claimed-volume.ts';
import { configMapVolume } from './config-map-volume.ts';
import { downwardApiVolume } from './downward-api.ts';
import { emptyDir } from './empty-dir.ts';
import { hostPath } from './host-path.ts';
import { nfs } from './nfs.ts';
import { projectedVolume } from './projected.ts';
import { secretVolume } from './secret-volume.ts';
import type { Volume, VolumeType } from './volume.ts';
import { VolumeProblem } from './volume-problem.ts';

const types: Readonly<Record<string, VolumeType>> = {
  configMap: configMapVolume,
  downwardAPI: downwardApiVolume,
  emptyDir,
  ephemeral: ephemeralVolume,
  hostPath,
  nfs,
  persistentVolumeClaim: claimedVolume,
  projected: projectedVolume,
  secret: secretVolume,
};

/** Refuses what this agent cannot mount, by its name. */
export function typeOf(volume: Volume): VolumeType {
  const { name, ...source } = volume;
  const field = Object.keys(source).find((key) => source[key as keyof typeof source] !== undefined) ?? 'emptyDir';
  return types[field] ?? refused(field);
}

const refused = (field: string): VolumeType => ({
  setUp: async () => {
    throw new VolumeProblem(`this agent cannot mount ${field} volumes`);
  },
});
