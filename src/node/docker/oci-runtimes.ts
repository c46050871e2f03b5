// The programs that Docker can run containers with (runc, crun ...): which it knows, and how it gets to know one more.
import { access, constants } from 'node:fs/promises';
import type Docker from 'dockerode';

/** Where distributions and operators put programs. */
const programFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Docker has no such runtime. The message says how it gets one where that can be told. */
export class UnknownOciRuntime extends Error {}

export class OciRuntimes {
  readonly #docker: Docker;
  #known = new Set<string>();

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** Throws UnknownOciRuntime. Docker is asked again for a name that it did not know: its settings can be loaded anew. */
  async check(name: string): Promise<void> {
    // A shim of containerd's, which Docker runs without having been told of it.
    if (this.#known.has(name) || /^io\.containerd\.\w+\.v\d+$/.test(name)) return;
    const { Runtimes }: { Runtimes?: Record<string, unknown> } = await this.#docker.info();
    this.#known = new Set(Object.keys(Runtimes ?? {}));
    if (!this.#known.has(name)) throw new UnknownOciRuntime(unknownText(name, this.#known, await programPath(name)));
  }
}

async function programPath(name: string): Promise<string | undefined> {
  for (const folder of programFolders) {
    const path = `${folder}/${name}`;
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}

export function unknownText(name: string, known: Iterable<string>, path: string | undefined): string {
  const says = `no runtime for "${name}" is configured in Docker, which has ${[...known].sort().join(', ') || 'none'}`;
  if (path === undefined) return says;
  const setting = JSON.stringify({ runtimes: { [name]: { path } } });
  return `${says}; ${path} is installed: add ${setting} to /etc/docker/daemon.json and reload Docker`;
}
