// The steps of an upgrade, so that each may be the last: what was done is seen in files, and the next call takes back or goes on.
//
//   place the program ─► [master: back up ─► stop ─► keep state ─► hold ─► start ─┬─► well: release, and no way back ] ─► [agent: restart]
//                                            └─► cannot: start as it was         └─► not well: stop ─► former program ─► its state ─► start
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { kubernetesVersion } from '../api/version.ts';
import { heldUpgrade } from '../backup/kept-state.ts';
import { finishReturn } from '../backup/upgrade-hold.ts';
import { execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';
import { installedRoles, outdatedMark, point, programs, releaseOf, systemctl, unitOf, use } from './installed-role.ts';
import { type ServerUpgradeOptions, serverDirectory, takeBack, upgradeServer } from './upgrade-server.ts';

const unpackMs = 300_000;

export async function upgradeHost(file: string, options: ServerUpgradeOptions): Promise<void> {
  const { log } = options;
  const roles = installedRoles();
  if (roles.length === 0)
    throw new Error('no service of Wherry is installed here: install one with the install.sh of the bundle');
  await finishBrokenOff(options);
  const before = await Promise.all(roles.map(releaseOf));
  const release = await placeRelease(resolve(file));
  const version = await versionOf(release);
  for (const role of roles) {
    const from = await releaseOf(role);
    if (from === release && !existsSync(outdatedMark(role))) {
      log.info(`the ${role} is of this version already`, { version });
      continue;
    }
    refuseSkew(await versionOf(from), version);
    if (role === 'server') await upgradeServer(options, { from, to: release });
    else await upgradeAgent(from, release, log);
    await rm(outdatedMark(role), { force: true });
    log.info(`the ${role} is upgraded`, { version });
  }
  await point('current', release);
  await removeUnused(before);
}

/** What an upgrade before this one, or its way back, has left undone. */
async function finishBrokenOff(options: ServerUpgradeOptions): Promise<void> {
  const server = serverDirectory(options);
  finishReturn(server);
  if (!(await heldUpgrade(server))) return;
  options.log.warn('an upgrade was broken off: taking it back');
  await takeBack(options);
}

/** Checked and put beside what runs, by the installer in the bundle itself. Answers its folder. */
async function placeRelease(file: string): Promise<string> {
  const folder = await mkdtemp(join(programs, '.bundle-'));
  try {
    await execute('tar', ['-xf', file, '-C', folder, '--strip-components=1'], { timeoutMs: unpackMs });
    if (!existsSync(join(folder, 'install.sh'))) throw new Error(`${file} is no bundle of Wherry`);
    const said = await execute(join(folder, 'install.sh'), ['program'], { timeoutMs: unpackMs });
    return said.trim().split('\n').at(-1) ?? '';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What was not in use before this upgrade is not wanted any more; what was may still be run from. */
async function removeUnused(before: readonly string[]): Promise<void> {
  const links = await Promise.all(
    ['server', 'agent', 'current'].map((name) => realpath(join(programs, name)).catch(() => '')),
  );
  const entries = await readdir(programs, { withFileTypes: true });
  const unused = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(programs, name))
    .filter((folder) => !links.includes(folder) && !before.includes(folder));
  await Promise.all(unused.map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Of the API that it serves. Also the first proof that it runs on this host at all. */
async function versionOf(release: string): Promise<string> {
  const said = await execute(join(release, 'wherry'), ['version']);
  return /Kubernetes API (v\S+),/.exec(said)?.[1] ?? kubernetesVersion;
}

function refuseSkew(from: string, to: string): void {
  const [before, after] = [from, to].map((version) => Number(/^v1\.(\d+)/.exec(version)?.[1]));
  if (Math.abs((after ?? Number.NaN) - (before ?? Number.NaN)) <= 1) return;
  throw new Error(
    `from ${from} to ${to} is more than one minor version: upgrade to those between first, one after the other`,
  );
}

async function upgradeAgent(from: string, to: string, log: Log): Promise<void> {
  await writeFile(outdatedMark('agent'), '');
  try {
    await use('agent', to);
    await systemctl('restart', unitOf('agent'));
  } catch (error) {
    log.error('the new version is not well: taking back the former one', { error });
    await use('agent', from);
    await systemctl('restart', unitOf('agent'));
    await rm(outdatedMark('agent'), { force: true });
    throw new Error(
      `the upgrade of the agent was taken back, and the former one runs again: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
