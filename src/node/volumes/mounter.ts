// Mounts and unmounts by the programs of the host, each with a time that it may take at most: a file server that is away
// hangs the program, never the agent.
import { readFileSync } from 'node:fs';
import { ExecError, execute } from '../../base/exec.ts';
import { isNetworkFileSystem, type MountEntry, mountsBelow, parseMountTable } from './mount-table.ts';
import { VolumeProblem } from './volume-problem.ts';

export interface MountOrder {
  type: string;
  source: string;
  target: string;
  options: readonly string[];
}

/** A server that is slow is waited for; one that is away is tried again later. */
const mountTimeoutMs = 60_000;
const unmountTimeoutMs = 5_000;
const lookTimeoutMs = 5_000;

export class Mounter {
  async table(): Promise<MountEntry[]> {
    return parseMountTable(readFileSync('/proc/self/mountinfo', 'utf8'));
  }

  async mount({ type, source, target, options }: MountOrder, signal?: AbortSignal): Promise<void> {
    await run(['-t', type, ...(options.length > 0 ? ['-o', options.join(',')] : []), source, target], signal);
  }

  /** A file system in memory, which is never swapped out where the kernel can promise that. */
  async mountMemory({ target, options }: Pick<MountOrder, 'target' | 'options'>, signal?: AbortSignal): Promise<void> {
    const order = { type: 'tmpfs', source: 'tmpfs', target };
    try {
      await this.mount({ ...order, options: [...options, 'noswap'] }, signal);
    } catch (error) {
      if (!(error instanceof VolumeProblem)) throw error;
      await this.mount({ ...order, options }, signal);
    }
  }

  /** The source is taken as it stands: no link in it is followed, except the last where it is one of /proc. */
  async bind(source: string, target: string, signal?: AbortSignal): Promise<void> {
    await run(['--no-canonicalize', '--bind', source, target], signal);
  }

  /** Takes away all that is mounted at a folder or below it; what does not go is at least out of sight. */
  async unmountBelow(folder: string): Promise<void> {
    const mounted = mountsBelow(await this.table(), folder);
    if (mounted.length === 0) return;
    for (const entry of mounted) await this.#unmount(entry);
    const [left] = mountsBelow(await this.table(), folder);
    if (left) throw new Error(`${left.target} cannot be unmounted`);
  }

  async #unmount(entry: MountEntry): Promise<void> {
    try {
      await execute('umount', [entry.target], { timeoutMs: unmountTimeoutMs });
    } catch {
      // Without its helper, which might ask the server, and without a look at the folder.
      const args = ['--no-canonicalize', '--internal-only', '--lazy', entry.target];
      await execute('umount', args, { timeoutMs: unmountTimeoutMs });
    }
  }

  /** Whether this host has network file systems: then any path may lead to one, and be looked at by a child only. */
  async hasNetworkMounts(): Promise<boolean> {
    return (await this.table()).some(isNetworkFileSystem);
  }

  /** The mode of what a path leads to, found out by a child; undefined where there is nothing. */
  async modeOf(path: string, signal?: AbortSignal): Promise<number | undefined> {
    try {
      const options = { timeoutMs: lookTimeoutMs, ...(signal && { signal }) };
      return Number.parseInt(await execute('stat', ['-L', '-c', '%f', '--', path], options), 16);
    } catch (error) {
      // "No such file or directory" and its like end with 1; what hangs ends by a signal.
      if (error instanceof ExecError && error.exitCode === 1) return undefined;
      throw new VolumeProblem(`${path} cannot be looked at: its file server does not answer`);
    }
  }
}

async function run(args: string[], signal: AbortSignal | undefined): Promise<void> {
  try {
    await execute('mount', args, { timeoutMs: mountTimeoutMs, ...(signal && { signal }) });
  } catch (error) {
    if (!(error instanceof ExecError) || signal?.aborted) throw error;
    const outcome = error.exitCode === null ? 'it did not end in time' : `exit status ${error.exitCode}`;
    const called = `Mounting command: mount\nMounting arguments: ${args.join(' ')}\nOutput: ${error.stderr.trim()}`;
    throw new VolumeProblem(`mount failed: ${outcome}\n${called}`);
  }
}
