// The links by which log shippers find what containers write, named as Kubernetes names them:
//   /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log > /var/log/pods/NAMESPACE_POD_UID/CONTAINER/ATTEMPT.log > Docker's file
// Holds: a link that leads nowhere is of nobody, and goes when the agent starts.
import { mkdir, readdir, rmdir, stat, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeFile } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import type { SeenContainer } from './pods/container-watch.ts';
import { pauseName } from './runtime.ts';

export const usualLogDirectory = '/var/log';

const longestName = 255;

export class LogLinks {
  readonly #folder: string;
  readonly #log: Log;
  /** By the container's id. */
  readonly #made = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  constructor({ folder, log }: { folder: string; log: Log }) {
    this.#folder = folder;
    this.#log = log;
  }

  /** One after the other, beside everything else: a link that comes a moment later keeps nobody waiting. */
  heed(container: SeenContainer): void {
    if (container.name === pauseName || container.logPath === '') return;
    const isThere = container.state !== 'removed';
    if (isThere === this.#made.has(container.id)) return;
    if (isThere) this.#made.add(container.id);
    else this.#made.delete(container.id);
    void this.#queue(() => (isThere ? this.#ensure(container) : this.#remove(container)));
  }

  /** Resolves when every link is as it should be. */
  get done(): Promise<void> {
    return this.#last;
  }

  /** Takes away the links that lead nowhere, and folders in which nothing is left. */
  sweep(): Promise<void> {
    return this.#queue(async () => {
      const pods = join(this.#folder, 'pods');
      for (const pod of await namesIn(pods)) {
        for (const container of await namesIn(join(pods, pod))) {
          await removeDangling(join(pods, pod, container));
          await removeIfEmpty(join(pods, pod, container));
        }
        await removeIfEmpty(join(pods, pod));
      }
      await removeDangling(join(this.#folder, 'containers'));
      for (const name of ['pods', 'containers']) await removeIfEmpty(join(this.#folder, name));
    });
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch((error: unknown) => {
      this.#log.warn('a link to a log is not as it should be', { error });
    });
    return this.#last;
  }

  async #ensure(container: SeenContainer): Promise<void> {
    const { ofPod, ofContainer } = this.#pathsOf(container);
    await link(container.logPath, ofPod);
    await link(ofPod, ofContainer);
  }

  async #remove(container: SeenContainer): Promise<void> {
    const { ofPod, ofContainer } = this.#pathsOf(container);
    await removeFile(ofContainer);
    await removeFile(ofPod);
    await removeIfEmpty(dirname(ofPod));
    await removeIfEmpty(dirname(dirname(ofPod)));
  }

  #pathsOf({ podNamespace, podName, podUid, name, attempt, id }: SeenContainer) {
    const flat = `${podName}_${podNamespace}_${name}-${id}`.slice(0, longestName - '.log'.length);
    return {
      ofPod: join(this.#folder, 'pods', `${podNamespace}_${podName}_${podUid}`, name, `${attempt}.log`),
      ofContainer: join(this.#folder, 'containers', `${flat}.log`),
    };
  }
}

async function link(target: string, path: string): Promise<void> {
  try {
    await symlink(target, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    else if (code === 'EEXIST') await unlink(path);
    else throw error;
    await symlink(target, path);
  }
}

async function removeDangling(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    const leads = await stat(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
    );
    if (!leads && name.endsWith('.log')) await removeFile(path);
  }
}

async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(error.code ?? '')) throw error;
  });
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
