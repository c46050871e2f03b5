// What a bench leaves on the machine outside its hosts: control groups and folders, all named `wt-<id of the test's process>`.
// They are removed when it closes, and those of a run that crashed when the next one opens. Processes and mounts end with their host.

import { existsSync } from 'node:fs';
import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand, tryCommand } from './command.ts';
import { endTrees, isRunning } from './process-table.ts';
import { waitUntil } from './wait-until.ts';

const cgroups = '/sys/fs/cgroup';
const runs = /^wt-(\d+)(-|$)/;

/** The prefix of all names of this process's run. */
export const runName = `wt-${process.pid}`;

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

async function cgroupTrees(): Promise<string[]> {
  return existsSync(join(cgroups, 'cgroup.procs')) ? [cgroups] : await foldersIn(cgroups);
}

async function removeTree(group: string): Promise<void> {
  for (const below of await foldersIn(group)) await removeTree(below);
  // The last processes of a killed host may still be on their way out.
  await waitUntil(`control group ${group} removed`, async () => {
    await rmdir(group).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    return true;
  });
}

export async function removeControlGroups(name: string): Promise<void> {
  for (const tree of await cgroupTrees()) {
    const group = join(tree, name);
    if (existsSync(group)) await removeTree(group);
  }
}

/** The mount points at or below a folder, deepest first. */
async function mountsBelow(folder: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8');
  return table
    .split('\n')
    .map((line) => line.split(' ')[4]?.replaceAll('\\040', ' ') ?? '')
    .filter((path) => path === folder || path.startsWith(`${folder}/`))
    .reverse();
}

/** Removes a folder of a bench with all that is mounted in it. */
export async function removeFolder(folder: string): Promise<void> {
  // Another run may be at it too; what then is still mounted keeps its folder from being removed.
  for (const path of await mountsBelow(folder)) await tryCommand('umount', ['--lazy', path]);
  // Goes down as deep as containers have dug, which Node does not. A whole Debian takes minutes on a disk that others are busy with.
  await runCommand('rm', ['-rf', '--one-file-system', folder], { timeoutMs: 300_000 });
}

/** The control groups and folders of all runs, this one's included: empty on a clean machine. */
export async function observeLeftovers(): Promise<string[]> {
  // The folders first: with them end the processes that keep control groups busy.
  const places = ['/tmp', ...(await cgroupTrees())];
  const found = (await Promise.all(places.map(foldersIn))).flat();
  return found.filter((path) => runs.test(path.slice(path.lastIndexOf('/') + 1)));
}

/** Removes what runs left behind whose process is gone. */
export async function removeStaleLeftovers(): Promise<void> {
  for (const path of await observeLeftovers()) {
    const owner = Number(runs.exec(path.slice(path.lastIndexOf('/') + 1))?.[1]);
    if (isRunning(owner)) continue;
    if (!path.startsWith('/tmp/')) {
      await removeTree(path);
      continue;
    }
    await endEngineTrees(path);
    await removeFolder(path);
  }
}

/** Ends every Docker daemon, containerd and container whose files are in the folder. */
export async function endEngineTrees(folder: string): Promise<void> {
  await endTrees(`Docker Engine in ${folder}`, ({ command }) => {
    const program = command[0]?.slice(command[0].lastIndexOf('/') + 1) ?? '';
    return /^(dockerd|containerd|runc)/.test(program) && command.some((argument) => argument.includes(`${folder}/`));
  });
}
