// The agent's flags about images.
import { join } from 'node:path';
import type { ImageSettings } from '../node/images/images.ts';
import { durationMs, flag, percent, UsageError } from './options.ts';

export const imageFlags = [
  flag('--images-dir <directory>', 'image archives that are loaded at start (default: images in the data directory)'),
  flag('--registries-file <file>', 'mirrors and logins of image registries', '/etc/wherry/registries.yaml'),
  flag('--image-gc-high-threshold <percent>', 'how full the disk is when unused images are removed', 85).argParser(
    percent,
  ),
  flag('--image-gc-low-threshold <percent>', 'how full it may be when enough are removed', 80).argParser(percent),
  flag('--minimum-image-ttl-duration <duration>', 'how long an image stays at least', durationMs('2m'), '2m').argParser(
    durationMs,
  ),
];

export interface ImageFlags {
  dataDir: string;
  imagesDir?: string;
  registriesFile: string;
  imageGcHighThreshold: number;
  imageGcLowThreshold: number;
  minimumImageTtlDuration: number;
}

export function imageSettings(flags: ImageFlags): ImageSettings {
  const { imageGcHighThreshold: highPercent, imageGcLowThreshold: lowPercent } = flags;
  if (lowPercent >= highPercent)
    throw new UsageError(
      `--image-gc-low-threshold (${lowPercent}) must be below --image-gc-high-threshold (${highPercent})`,
    );
  return {
    imagesDir: flags.imagesDir ?? join(flags.dataDir, 'images'),
    registriesFile: flags.registriesFile,
    garbage: { highPercent, lowPercent, leastAgeMs: flags.minimumImageTtlDuration },
  };
}
