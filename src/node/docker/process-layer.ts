// Where a container keeps what it writes, as the kernel knows it. A Docker whose images are containerd's does not tell.
import { readFileSync } from 'node:fs';

/** The folder of the host; empty where there is no such process any more, or its root is no overlay. */
export function processLayer(pid: number): string {
  try {
    return layerIn(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
  } catch {
    return '';
  }
}

/** Of the mounts of a process: `ID PARENT DEVICE ROOT PLACE OPTIONS ... - TYPE SOURCE OPTIONS`. */
export function layerIn(mounts: string): string {
  const root = mounts.split('\n').findLast((line) => line.split(' ')[4] === '/');
  const [type, , options = ''] = root?.split(' - ')[1]?.split(' ') ?? [];
  if (type !== 'overlay') return '';
  return /(?:^|,)upperdir=([^,]*)/.exec(options)?.[1] ?? '';
}
