// The kubectl programs of this machine: the one on the path, and the oldest and newest of those that lie beside it.
import { readdirSync, realpathSync } from 'node:fs';
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
