// The kubectl programs that tests use: the one on the path, the oldest and newest of those that lie beside it, and Debian's,
// which is the oldest that has to work.

import { readdirSync, realpathSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execute } from '../../src/base/exec.ts';

export async function kubectlPrograms(): Promise<string[]> {
  const onPath = (await execute('sh', ['-c', 'command -v kubectl'])).trim();
  const folder = dirname(realpathSync(onPath));
  const minor = (name: string) => Number(/^kubectl\.1\.(\d+)$/.exec(name)?.[1]);
  const beside = readdirSync(folder)
    .filter((name) => minor(name) > 0)
    .sort((one, other) => minor(one) - minor(other))
    .map((name) => join(folder, name));
  return [...new Set([onPath, ...beside.slice(0, 1), ...beside.slice(-1)])];
}

export interface Kubectl {
  program: string;
  /** "1.20" has 20. */
  minor: number;
}

/** The oldest version that has to work, and the newest that is here. */
export async function oldestAndNewest(): Promise<Kubectl[]> {
  const programs = [...(await kubectlPrograms()), await debianKubectl()];
  const known = await Promise.all(programs.map(async (program) => ({ program, minor: await minorOf(program) })));
  const inOrder = known.sort((one, other) => one.minor - other.minor);
  return [inOrder[0] as Kubectl, inOrder.at(-1) as Kubectl];
}

async function minorOf(program: string): Promise<number> {
  const text = await execute(program, ['version', '--client']);
  return Number(/v1\.(\d+)\./.exec(text)?.[1]);
}

const cache = join(import.meta.dirname, '../../node_modules/.cache/debian-kubectl');

/** Unpacked from its package, not installed: another kubectl may stand where it would. */
async function debianKubectl(): Promise<string> {
  const program = join(cache, 'usr/bin/kubectl');
  const isThere = await access(program).then(
    () => true,
    () => false,
  );
  if (isThere) return program;
  await mkdir(dirname(cache), { recursive: true });
  const making = await mkdtemp(`${cache}-`);
  try {
    await execute('sh', ['-c', 'cd "$1" && apt-get download --quiet kubernetes-client', 'sh', making]);
    const [file = ''] = await readdir(making);
    await execute('dpkg-deb', ['--extract', join(making, file), join(making, 'unpacked')]);
    await rename(join(making, 'unpacked'), cache).catch(() => {}); // another test was first
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return program;
}
