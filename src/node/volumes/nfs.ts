// A folder of an NFS server, mounted for each pod that uses it.
import { mkdir } from 'node:fs/promises';
import { mountAt } from './mount-table.ts';
import { type ReadyVolume, readyFolder, type Volume, type VolumeOrder, type VolumeType } from './volume.ts';

type Nfs = NonNullable<Volume['nfs']>;

export const nfs: VolumeType = {
  setUp: async (order) => setUpNfs(order, order.volume.nfs ?? { server: '', path: '' }, []),
};

export async function setUpNfs(order: VolumeOrder, share: Nfs, mountOptions: readonly string[]): Promise<ReadyVolume> {
  const { mounter } = order.world;
  const { readOnly = false } = share;
  const target = order.folder('nfs');
  const ready = readyFolder(target, { isReadOnly: readOnly, isOnNetwork: true, isMeasured: true });
  // A server that is away would let a look at the folder itself hang.
  if (mountAt(await mounter.table(), target)) return ready;
  await mkdir(target, { recursive: true });
  const options = nfsOptions(mountOptions, readOnly);
  await mounter.mount({ type: 'nfs', source: nfsSource(share), target, options }, order.signal);
  return ready;
}

/** An IPv6 address stands in brackets. */
export function nfsSource({ server, path }: Nfs): string {
  const host = server.includes(':') && !server.startsWith('[') ? `[${server}]` : server;
  return `${host}:${path}`;
}

/** Each option once, read-only first. */
export function nfsOptions(mountOptions: readonly string[], readOnly: boolean): string[] {
  return [...new Set([...(readOnly ? ['ro'] : []), ...mountOptions])];
}
