// The kubectl programs that tests use: the one on the path, the oldest and newest of those that lie beside it, and Debian's,
// which is the oldest that has to work.

import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execute } from '../../src/base/exec.ts';
import { unpackedPackage } from '../bench/debian-package.ts';

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
  const programs = [...(await kubectlPrograms()), join(await unpackedPackage('kubernetes-client'), 'usr/bin/kubectl')];
  const known = await Promise.all(programs.map(async (program) => ({ program, minor: await minorOf(program) })));
  const inOrder = known.sort((one, other) => one.minor - other.minor);
  return [inOrder[0] as Kubectl, inOrder.at(-1) as Kubectl];
}

async function minorOf(program: string): Promise<number> {
  const text = await execute(program, ['version', '--client']);
  return Number(/v1\.(\d+)\./.exec(text)?.[1]);
}
