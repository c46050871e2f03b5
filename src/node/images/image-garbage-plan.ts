// Which images to remove when the disk of the images gets full: those that nobody uses and that were needed longest ago.
import type { LedgerEntry } from './image-ledger.ts';
import { parseImageReference, pullName } from './image-reference.ts';
import type { ImageInfo } from './image-store.ts';

export interface DiskUsage {
  capacityBytes: number;
  availableBytes: number;
}

/** In percent of the disk: above `high` images are removed, until `low` is reached. */
export interface GarbageThresholds {
  highPercent: number;
  lowPercent: number;
  leastAgeMs: number;
}

/** How much there is to be freed; 0 while the disk is not full enough. */
export function bytesToFree({ capacityBytes, availableBytes }: DiskUsage, thresholds: GarbageThresholds): number {
  const usedPercent = 100 - (availableBytes / capacityBytes) * 100;
  if (usedPercent < thresholds.highPercent) return 0;
  return Math.max(0, Math.ceil((capacityBytes * (100 - thresholds.lowPercent)) / 100 - availableBytes));
}

export interface GarbageView {
  /** By id. */
  present: ReadonlyMap<string, ImageInfo>;
  inUse: ReadonlySet<string>;
  ledger: ReadonlyMap<string, LedgerEntry>;
}

/** The ids of what may go, in the order in which it goes. */
export function planImageGarbage({ present, inUse, ledger }: GarbageView, leastAgeMs: number, nowMs: number): string[] {
  // What seems to have been pulled in time to come, as the clock was set back since, is old enough.
  const isNew = ({ pulledAtMs }: LedgerEntry) => pulledAtMs <= nowMs && nowMs - pulledAtMs < leastAgeMs;
  return [...ledger]
    .filter(([id, entry]) => !inUse.has(id) && isOurs(present.get(id), entry) && !isNew(entry))
    .sort(([, one], [, other]) => one.usedAtMs - other.usedAtMs || one.pulledAtMs - other.pulledAtMs)
    .map(([id]) => id);
}

/** Whoever gave it one more name wants to keep it. */
function isOurs(image: ImageInfo | undefined, { names }: LedgerEntry): boolean {
  const pulled = new Set(names.map(wholeName));
  return image?.tags.every((tag) => pulled.has(wholeName(tag))) ?? false;
}

function wholeName(name: string): string {
  const reference = parseImageReference(name);
  return reference ? pullName(reference) : name;
}
