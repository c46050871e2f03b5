// The agent's own files of each pod, in one folder a pod: what containers see as /etc/hosts, /etc/resolv.conf and
// /etc/hostname (Docker writes none for a pod), and the disks of its emptyDir volumes.
// Containers hold these very files: they are written in place, never replaced.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Pod } from '../../api/kinds/pod.ts';
import { readFileIfThere } from '../../base/files.ts';
import type { Mount } from '../runtime.ts';

const hostnameLength = 63;

export class PodFiles {
  readonly #root: string;
  readonly #resolvConf: (pod: Pod) => Promise<string>;

  constructor(options: { dataDir: string; resolvConf(pod: Pod): Promise<string> }) {
    this.#root = join(options.dataDir, 'pods');
    this.#resolvConf = options.resolvConf;
  }

  /** All files as they can be before the pod has its address. */
  async prepare(pod: Pod): Promise<void> {
    const folder = this.folderOf(pod.metadata.uid ?? '');
    await this.writeHosts(pod, undefined);
    await Promise.all([
      this.#resolvConf(pod).then((content) => writeIfDifferent(join(folder, 'resolv.conf'), content)),
      writeIfDifferent(join(folder, 'hostname'), `${podHostname(pod)}\n`),
    ]);
  }

  async writeHosts(pod: Pod, address: string | undefined): Promise<void> {
    const folder = this.folderOf(pod.metadata.uid ?? '');
    await mkdir(folder, { recursive: true, mode: 0o750 });
    const path = join(folder, 'etc-hosts');
    const known = address === undefined ? await readFileIfThere(path) : undefined;
    // The address that stands there already stays until another is known.
    if (known === undefined) await writeIfDifferent(path, await hostsContent(pod, address));
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
    await rm(this.folderOf(uid), { recursive: true, force: true });
  }

  /** The pods of which there are files. */
  async podUids(): Promise<string[]> {
    return readdir(this.#root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
  }
}

export function podHostname(pod: Pod): string {
  if (pod.spec.hostNetwork) return hostname();
  return (pod.spec.hostname || pod.metadata.name).slice(0, hostnameLength).replace(/[-.]+$/, '');
}

async function hostsContent(pod: Pod, address: string | undefined): Promise<string> {
  if (pod.spec.hostNetwork) {
    return `# Kubernetes-managed hosts file (host network).\n${(await readFileIfThere('/etc/hosts')) ?? ''}`;
  }
  const own = address === undefined ? '' : `${address}\t${podHostname(pod)}\n`;
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${own}`;
}

async function writeIfDifferent(path: string, content: string): Promise<void> {
  const there = await readFile(path, 'utf8').catch(() => undefined);
  if (there !== content) await writeFile(path, content, { mode: 0o644 });
}
