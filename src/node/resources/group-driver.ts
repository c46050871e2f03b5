// Which groups Docker can be told of: that is the business of its "cgroup driver".
import { GroupFolders } from './group-folders.ts';
import { GroupSlices } from './group-slices.ts';
import type { GroupPath, GroupTree } from './group-tree.ts';

export interface GroupDriver {
  /** "cgroupfs", "systemd", or "none" where Docker runs without root. */
  name: string;
  version: 1 | 2;
}

export function groupTreeFor({ name, version }: GroupDriver): GroupTree | undefined {
  if (name === 'cgroupfs') return new GroupFolders(version);
  return name === 'systemd' ? new GroupSlices(version) : undefined;
}

/** A group as its path is written, with "/" for the root of all. */
export function groupPath(text: string): GroupPath {
  return text.split('/').filter((name) => name !== '');
}
