// The steps of an upgrade, so that each may be the last: what was done is seen in files, and the next call takes back or goes on.
//
//   place the program ─► [master: back up ─► stop ─► keep state ─► hold ─► start ─┬─► well: release, and no way back ] ─► [agent: restart]
//                                                                                └─► not well: stop ─► former program and state ─► start
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { nodes } from '../api/kinds/node.ts';
import { kubernetesVersion } from '../api/version.ts';
import { holdFile, stateBefore } from '../backup/upgrade-hold.ts';
import { systemClock } from '../base/clock.ts';
import { execute } from '../base/exec.ts';
import { writeFileWhole } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import { asAdmin, readAdminKubeconfig } from './admin.ts';

export interface UpgradeOptions {
  dataDir: string;
  kubeconfig: string;
  log: Log;
}

type Role = 'server' | 'agent';

const programs = '/usr/local/lib/wherry';
const unitOf = (role: Role) => `wherry-${role}.service`;
const unitFile = (role: Role) => join('/etc/systemd/system', unitOf(role));
const unpackMs = 300_000;
const startMs = 300_000;
const wellWithinMs = 60_000;
const lookMs = 500;

export async function upgradeHost(file: string, options: UpgradeOptions): Promise<void> {
  const { log, dataDir } = options;
  const roles = (['server', 'agent'] as const).filter((role) => existsSync(unitFile(role)));
  if (roles.length === 0)
    throw new Error('no service of Wherry is installed here: install one with the install.sh of the bundle');
  const server = join(dataDir, 'server');
  if (existsSync(holdFile(server))) {
    log.warn('an upgrade was broken off: taking it back');
    await returnServer(server, (JSON.parse(await readFile(holdFile(server), 'utf8')) as { from: string }).from);
  }
  const before = await Promise.all(roles.map(releaseOf));
  const release = await placeRelease(resolve(file));
  const version = await versionOf(release);
  for (const role of roles) {
    const from = await releaseOf(role);
    if (from === release) {
      log.info(`the ${role} is of this version already`, { version });
      continue;
    }
    refuseSkew(await versionOf(from), version);
    if (role === 'server') await upgradeServer(options, from, release);
    else await upgradeAgent(from, release, log);
    log.info(`the ${role} is upgraded`, { version });
  }
  await point('current', release);
  await removeUnused(before);
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

async function upgradeServer({ dataDir, kubeconfig, log }: UpgradeOptions, from: string, to: string): Promise<void> {
  const server = join(dataDir, 'server');
  const stamp = new Date(systemClock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const backup = join(dataDir, 'backups', `before-upgrade-${stamp}.gz`);
  await execute(join(from, 'wherry'), ['backup', '--data-dir', dataDir, backup], { timeoutMs: unpackMs });
  log.info('took a backup', { file: backup });
  await systemctl('stop', unitOf('server'));
  await rm(stateBefore(server), { recursive: true, force: true });
  const part = `${stateBefore(server)}.part`;
  await rm(part, { recursive: true, force: true });
  await execute('cp', ['-a', '--reflink=auto', server, part], { timeoutMs: unpackMs });
  await rename(part, stateBefore(server));
  // From here on until the file is gone the way back is open.
  await writeFileWhole(holdFile(server), JSON.stringify({ from, to }));
  try {
    await use('server', to);
    await systemctl('start', unitOf('server'));
    await untilWell(kubeconfig);
  } catch (error) {
    log.error('the new version is not well: taking back the former one', { error });
    await returnServer(server, from);
    await untilWell(kubeconfig);
    throw new Error(
      `the upgrade of the server was taken back, and the former program and state run again: ${(error as Error).message}`,
      { cause: error },
    );
  }
  await rm(holdFile(server), { force: true });
  await rm(stateBefore(server), { recursive: true, force: true });
}

/** The former program with the state that it left. */
async function returnServer(server: string, from: string): Promise<void> {
  await systemctl('stop', unitOf('server'));
  if (existsSync(stateBefore(server))) {
    const failed = `${server}.failed-upgrade`;
    await rm(failed, { recursive: true, force: true });
    if (existsSync(server)) await rename(server, failed);
    await rename(stateBefore(server), server);
    await rm(failed, { recursive: true, force: true });
  } else await rm(holdFile(server), { force: true });
  await use('server', from);
  await systemctl('start', unitOf('server'));
}

async function untilWell(kubeconfig: string): Promise<void> {
  const admin = await readAdminKubeconfig(kubeconfig);
  const untilMs = systemClock.monotonicMs() + wellWithinMs;
  for (;;) {
    try {
      await asAdmin(admin, (client) => client.list(nodes));
      return;
    } catch (error) {
      if (systemClock.monotonicMs() > untilMs)
        throw new Error(`the API does not answer (${(error as Error).message})`, { cause: error });
      await systemClock.sleep(lookMs);
    }
  }
}

async function upgradeAgent(from: string, to: string, log: Log): Promise<void> {
  try {
    await use('agent', to);
    await systemctl('restart', unitOf('agent'));
  } catch (error) {
    log.error('the new version is not well: taking back the former one', { error });
    await use('agent', from);
    await systemctl('restart', unitOf('agent'));
    throw new Error(
      `the upgrade of the agent was taken back, and the former one runs again: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

const releaseOf = (role: Role): Promise<string> => realpath(join(programs, role));

/** The program of a role, and the unit that came with it. */
async function use(role: Role, release: string): Promise<void> {
  await point(role, release);
  await copyFile(join(release, 'systemd', unitOf(role)), unitFile(role));
  await systemctl('daemon-reload');
}

async function point(name: string, release: string): Promise<void> {
  const link = join(programs, name);
  if ((await readlink(link).catch(() => undefined)) === release) return;
  await rm(`${link}.new`, { force: true });
  await symlink(release, `${link}.new`);
  await rename(`${link}.new`, link);
}

async function systemctl(...args: string[]): Promise<void> {
  await execute('systemctl', args, { timeoutMs: startMs });
}
