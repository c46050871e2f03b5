// A machine on which nothing is installed but Debian's base system, with a clone of this repository and a way out.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOutcome, runCommand } from '../bench/command.ts';
import { makeDebianRoot, packageEnvironment } from '../bench/debian-root.ts';
import { removeFolder, removeStaleLeftovers, runName } from '../bench/leftovers.ts';
import { TestHost } from '../bench/test-host.ts';
import { hostAddress, openUplink, type Uplink } from './uplink.ts';

const repository = join(import.meta.dirname, '../..');

export interface CleanMachine {
  readonly host: TestHost;
  readonly address: string;
  /** Where its files are, seen from here. */
  readonly root: string;
  /** Runs a shell command in the clone, in the machine's own environment; resolves with how it ended. */
  run(command: string, timeoutMs?: number): Promise<CommandOutcome>;
  close(): Promise<void>;
}

export async function openCleanMachine(): Promise<CleanMachine> {
  await removeStaleLeftovers();
  const folder = join('/tmp', runName);
  const root = join(folder, 'debian');
  const host = new TestHost(runName, 'clean', root);
  let uplink: Uplink | undefined;
  const close = async (): Promise<void> => {
    await uplink?.close();
    await host.kill();
    await removeFolder(folder);
  };
  try {
    await makeDebianRoot(root);
    await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost clean\n');
    // The last commit: what is not committed is not tested.
    await runCommand('git', ['clone', '--quiet', '--no-local', repository, join(root, 'root/wherry')]);
    await host.boot();
    uplink = await openUplink(host);
  } catch (error) {
    await close();
    throw error;
  }
  const env = packageEnvironment();
  return {
    host,
    address: hostAddress,
    root,
    async run(command, timeoutMs = 60_000) {
      return await host.tryExec('/bin/sh', ['-c', `cd /root/wherry && ${command}`], { env, timeoutMs });
    },
    close,
  };
}
