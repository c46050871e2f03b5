// The agent's own files of each pod, in one folder a pod: what containers see as /etc/hosts, /etc/resolv.conf and
// /etc/hostname (Docker writes none for a pod), and the disks of its emptyDir volumes.
// Containers hold these very files: they are written in place, never replaced.
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { readFileIfThere } from '../../base/files.ts';
import { removeFolder } from '../../base/folder-removal.ts';
import type { Mount } from '../runtime.ts';
import { podResolvConf, readHostResolvConf } from './pod-dns.ts';
import { kernelHostname } from './pod-hostname.ts';
import { podHosts } from './pod-hosts.ts';

export interface PodFilesOptions {
  dataDir: string;
  settings: ClusterSettings;
}

export class PodFiles {
  readonly #root: string;
  readonly #settings: ClusterSettings;
  /** The pods whose folders are there for certain. */
  readonly #claimed = new Set<string>();

  constructor({ dataDir, settings }: PodFilesOptions) {
    this.#root = join(dataDir, 'pods');
    this.#settings = settings;
  }

  /** Makes the pod's folder: as long as it is there, an agent that starts anew knows that the pod may have left something. */
  async claim({ metadata: { uid = '' } }: Pod): Promise<void> {
    if (this.#claimed.has(uid)) return;
    await mkdir(this.folderOf(uid), { recursive: true, mode: 0o750 });
    this.#claimed.add(uid);
  }

  /** All files as they can be before the pod has its address. Answers what people should know of them. */
  async prepare(pod: Pod): Promise<string[]> {
    const folder = this.folderOf(pod.metadata.uid ?? '');
    await this.writeHosts(pod, undefined);
    const { text, warnings } = podResolvConf(pod, this.#settings, await readHostResolvConf());
    await Promise.all([
      ensureFile(join(folder, 'resolv.conf'), text),
      ensureFile(join(folder, 'hostname'), `${this.hostnameOf(pod)}\n`),
    ]);
    return warnings;
  }

  hostnameOf(pod: Pod): string {
    return kernelHostname(pod, this.#settings.clusterDomain);
  }

  async writeHosts(pod: Pod, address: string | undefined): Promise<void> {
    await this.claim(pod);
    const path = join(this.folderOf(pod.metadata.uid ?? ''), 'etc-hosts');
    const { clusterDomain } = this.#settings;
    const hostFile = pod.spec.hostNetwork ? ((await readFileIfThere('/etc/hosts')) ?? '') : '';
    const text = podHosts(pod, { address, clusterDomain, hostFile });
    // The address that stands there already stays until another is known.
    if (address === undefined) await isWrittenFirst(path, text);
    else await correct(path, text);
  }

  mounts(pod: Pod): Mount[] {
    const folder = this.folderOf(pod.metadata.uid ?? '');
    return [
      { source: join(folder, 'etc-hosts'), target: '/etc/hosts', readOnly: false },
      { source: join(folder, 'resolv.conf'), target: '/etc/resolv.conf', readOnly: false },
      { source: join(folder, 'hostname'), target: '/etc/hostname', readOnly: false },
    ];
  }

  folderOf(uid: string): string {
    return join(this.#root, uid);
  }

  async remove(uid: string): Promise<void> {
    this.#claimed.delete(uid);
    await removeFolder(this.folderOf(uid));
  }

  /** The pods of which there are files. */
  async podUids(): Promise<string[]> {
    return readdir(this.#root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }
}

/** False where there is such a file already. */
async function isWrittenFirst(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { mode: 0o644, flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function ensureFile(path: string, content: string): Promise<void> {
  if (!(await isWrittenFirst(path, content))) await correct(path, content);
}

/** Containers may have made it as long as they like: it is not read unless it is as long as it should be. */
async function correct(path: string, content: string): Promise<void> {
  const isAsLong = (await sizeOf(path)) === Buffer.byteLength(content);
  if (!isAsLong || (await readFile(path, 'utf8')) !== content) await writeFile(path, content, { mode: 0o644 });
}

/** Undefined where there is no such file. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
