// The master's part of an upgrade. As long as it is held the new program takes no writes, and the former one can come back with its state,
// by this call or by the next; before and after there is nothing to take back.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nodes } from '../api/kinds/node.ts';
import {
  failedState,
  forgetState,
  heldUpgrade,
  keepState,
  refuseWithoutRoom,
  returnState,
  type Upgrade,
} from '../backup/kept-state.ts';
import { stampOf } from '../backup/restore-backup.ts';
import { systemClock } from '../base/clock.ts';
import { execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';
import { asAdmin, readAdminKubeconfig } from './admin.ts';
import { systemctl, unitOf, use } from './installed-role.ts';
import { type AdminFlags, kubeconfigOf } from './options.ts';

export interface ServerUpgradeOptions extends AdminFlags {
  dataDir: string;
  backupDir?: string;
  log: Log;
}

const unit = unitOf('server');
const backupMs = 300_000;
const wellWithinMs = 60_000;
const lookMs = 500;

export const serverDirectory = ({ dataDir }: { dataDir: string }): string => join(dataDir, 'server');

export async function upgradeServer(options: ServerUpgradeOptions, upgrade: Upgrade): Promise<void> {
  const server = serverDirectory(options);
  // Without it nobody could say that the new version is well.
  await readAdminKubeconfig(kubeconfigOf(options));
  await refuseWithoutRoom(server);
  await backUp(options, upgrade.from);
  try {
    await systemctl('stop', unit);
    await keepState(server, upgrade);
  } catch (error) {
    options.log.error('the state cannot be kept: starting the server as it was', { error });
    await forgetState(server);
    await systemctl('start', unit);
    throw failure('the state could not be kept, so nothing was changed and the server goes on', error);
  }
  try {
    await use('server', upgrade.to);
    await systemctl('start', unit);
    await untilWell(options);
  } catch (error) {
    options.log.error('the new version is not well: taking back the former one', { error });
    await takeBack(options);
    throw failure('the upgrade of the server was taken back, and the former program and state run again', error);
  }
  await forgetState(server);
}

/**
 * The former program with the state that it left, as long as it is held. The state is the last to change, since the hold goes with
 * it: broken off before, this is done again.
 */
export async function takeBack(options: ServerUpgradeOptions): Promise<void> {
  const server = serverDirectory(options);
  await systemctl('stop', unit);
  const held = await heldUpgrade(server);
  if (!held) {
    await forgetState(server);
    await systemctl('start', unit);
    throw new Error('the new version has taken writes meanwhile: there is no way back any more');
  }
  await use('server', held.from);
  await returnState(server);
  try {
    await systemctl('start', unit);
    await untilWell(options);
  } catch (error) {
    const left = failedState(server);
    throw failure(
      `the former program and state are back and not well, either (what the other one left: ${left})`,
      error,
    );
  }
  await forgetState(server);
}

async function backUp({ dataDir, backupDir, log }: ServerUpgradeOptions, release: string): Promise<void> {
  const folder = backupDir ?? join(dataDir, 'backups');
  const file = join(folder, `before-upgrade-${stampOf(systemClock.now())}.gz`);
  // The server makes it for its own backups, which it may be told not to take.
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await execute(join(release, 'wherry'), ['backup', '--data-dir', dataDir, file], { timeoutMs: backupMs });
  log.info('took a backup', { file });
}

/** Its address is read anew each time: it stands in a file that the server writes when it starts. */
async function untilWell(flags: AdminFlags): Promise<void> {
  const untilMs = systemClock.monotonicMs() + wellWithinMs;
  for (;;) {
    try {
      await asAdmin(await readAdminKubeconfig(kubeconfigOf(flags)), (client) => client.list(nodes));
      return;
    } catch (error) {
      if (systemClock.monotonicMs() > untilMs) throw failure('the API does not answer', error);
      await systemClock.sleep(lookMs);
    }
  }
}

const failure = (what: string, error: unknown): Error =>
  new Error(`${what}: ${(error as Error).message}`, { cause: error });
