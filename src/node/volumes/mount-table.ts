// The mounts that a process sees, as the kernel lists them in /proc/PID/mountinfo. Reading it asks no file server.

export interface MountEntry {
  target: string;
  /** The part of the file system that is mounted. */
  root: string;
  fileSystem: string;
  source: string;
}

/** File systems whose server may be away: whatever touches them may hang. */
const networkFileSystem = /^(nfs4?|cifs|smb3?|ceph|glusterfs|lustre|9p|afs|gfs2?|ocfs2|fuse(\..+)?)$/;

export function parseMountTable(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    // 36 35 98:0 /root /target rw,noatime shared:1 - ext3 /dev/root rw,errors=continue
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, target] = before.split(' ');
    const [fileSystem, source] = after.split(' ');
    if (!root || !target || !fileSystem) continue;
    entries.push({ root: unescaped(root), target: unescaped(target), fileSystem, source: unescaped(source ?? '') });
  }
  return entries;
}

const unescaped = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

export const isNetworkFileSystem = ({ fileSystem }: MountEntry): boolean => networkFileSystem.test(fileSystem);

/** The mounts at a folder and below it, the last first: the order in which they can be taken away. */
export function mountsBelow(entries: readonly MountEntry[], folder: string): MountEntry[] {
  return entries.filter(({ target }) => target === folder || target.startsWith(`${folder}/`)).reverse();
}

/** What is mounted at a path, the uppermost. */
export function mountAt(entries: readonly MountEntry[], path: string): MountEntry | undefined {
  return entries.findLast(({ target }) => target === path);
}
