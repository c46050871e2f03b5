// Gives a volume to the group of a pod: every file can be read (and written, unless it is read-only) by that group, and
// what is made in its folders belongs to the group, too.
import type { Stats } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import type { Pod } from '../../api/kinds/pod.ts';
import { PathHandle } from './path-handle.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface GroupOwnership {
  gid: number;
  isReadOnly: boolean;
  /** Looks at the uppermost folder alone, and leaves all as it is when that is right. */
  onlyOnMismatch: boolean;
}

const readable = 0o440;
const writable = 0o660;
const searchable = 0o110;
const groupSticks = 0o2000;

/** What a pod wants for its volumes; undefined where it leaves them to whom they belong. */
export function wantedOwnership(pod: Pod, isReadOnly: boolean): GroupOwnership | undefined {
  const { fsGroup: gid, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
  return gid === undefined ? undefined : { gid, isReadOnly, onlyOnMismatch: fsGroupChangePolicy === 'OnRootMismatch' };
}

/** The user as whom every container of the pod runs, if that is one and the same; whoever looks in later changes nothing. */
export function commonUser({ spec }: Pod): number | undefined {
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const users = new Set(
    containers.map(({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser),
  );
  const [user] = users;
  return users.size === 1 ? user : undefined;
}

export async function ensureOwnership(root: string, ownership: GroupOwnership): Promise<void> {
  await using handle = await PathHandle.open(root);
  const found = await handle.stat();
  if (ownership.onlyOnMismatch && suits(found, ownership)) return;
  if (found.isDirectory()) await ownBelow(handle, ownership, 1);
  // The uppermost last: a walk that is broken off leaves it unlike, and is made again.
  await chown(handle.path, found.uid, ownership.gid);
  await chmod(handle.path, wantedMode(found, ownership));
}

/** Each folder on the way down is held open, and the agent has no end of that to give: as deep as a path can name. */
const deepest = 2048;

async function ownBelow(folder: PathHandle, ownership: GroupOwnership, depth: number): Promise<void> {
  if (depth > deepest) throw new VolumeProblem(`there are more than ${deepest} folders in each other`);
  for (const name of await folder.names()) {
    await using child = await folder.child(name).catch(ignoreGone);
    if (!child) continue;
    const found = await child.stat();
    if (found.isDirectory()) await ownBelow(child, ownership, depth + 1);
    await folder.chownChild(name, { uid: found.uid, gid: ownership.gid }).catch(ignoreGone);
    await child.chmod(wantedMode(found, ownership));
  }
}

function wantedMode(found: Stats, { isReadOnly }: GroupOwnership): number {
  const mask = isReadOnly ? readable : writable;
  return (found.mode & 0o7777) | mask | (found.isDirectory() ? searchable | groupSticks : 0);
}

function suits(found: Stats, { gid, isReadOnly }: GroupOwnership): boolean {
  const wanted = (isReadOnly ? readable : writable) | searchable | groupSticks;
  return found.isDirectory() && found.gid === gid && (found.mode & wanted) === wanted;
}

function ignoreGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
