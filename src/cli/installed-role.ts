// What the installer leaves of a role on this host, and an upgrade exchanges: the link to its program and its unit.
import { existsSync } from 'node:fs';
import { copyFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '../base/exec.ts';
import { writtenOut } from '../base/files.ts';

export type Role = 'server' | 'agent';

export const programs = '/usr/local/lib/wherry';
const startMs = 300_000;

export const unitOf = (role: Role): string => `wherry-${role}.service`;
const unitFile = (role: Role): string => join('/etc/systemd/system', unitOf(role));

export function installedRoles(): Role[] {
  return (['server', 'agent'] as const).filter((role) => existsSync(unitFile(role)));
}

/** There while a service still has to take up what was changed: the installer's mark, too. */
export const outdatedMark = (role: Role): string => join(programs, `${role}.outdated`);

/** The folder of the program that it runs. */
export const releaseOf = (role: Role): Promise<string> => realpath(join(programs, role));

/** The program of a role, and the unit that came with it; also after a power cut. */
export async function use(role: Role, release: string): Promise<void> {
  await point(role, release);
  await copyFile(join(release, 'systemd', unitOf(role)), unitFile(role));
  await writtenOut(programs, unitFile(role));
  await systemctl('daemon-reload');
}

export async function point(name: string, release: string): Promise<void> {
  const link = join(programs, name);
  if ((await readlink(link).catch(() => undefined)) === release) return;
  await rm(`${link}.new`, { force: true });
  await symlink(release, `${link}.new`);
  await rename(`${link}.new`, link);
}

export async function systemctl(...args: string[]): Promise<void> {
  await execute('systemctl', args, { timeoutMs: startMs });
}
