// Wherry put on virtual machines, as an administrator does it: with the bundle that ships and the script in it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { runCommand } from '../bench/command.ts';
import { waitUntil } from '../bench/wait-until.ts';
import type { Vm } from './vm.ts';

const root = join(import.meta.dirname, '../..');
/** To copy, unpack, check and start it: what is emulated takes its time. */
const timeoutMs = 420_000;

export interface Bundle {
  readonly archive: string;
  /** Another when one of its files is, or how they are installed here. */
  readonly version: string;
}

/** Keys of the settings file with their values. */
export type Settings = Readonly<Record<string, string>>;

export async function ensureBundle(): Promise<Bundle> {
  const { stdout } = await runCommand(join(root, 'scripts/bundle'), ['--archive'], { timeoutMs });
  const archive = join(root, stdout.trim().split('\n').at(-1) ?? '');
  const sums = await runCommand('tar', ['-xzOf', archive, `${folderOf(archive)}/SHA256SUMS`]);
  const hash = createHash('sha256').update(sums.stdout);
  return { archive, version: hash.update(await readFile(import.meta.filename)).digest('hex') };
}

const folderOf = (archive: string): string => basename(archive, '.tar.gz');

/** Brings the archive in and unpacks it; resolves with the folder that the scripts are in. */
async function bringIn(vm: Vm, { archive }: Bundle): Promise<string> {
  await vm.copyIn([archive], '/root/');
  await vm.exec(`tar -C /root -xzf /root/${basename(archive)} && rm /root/${basename(archive)}`, { timeoutMs });
  return `/root/${folderOf(archive)}`;
}

export async function installServer(vm: Vm, bundle: Bundle, settings: Settings = {}): Promise<void> {
  await install(vm, bundle, `server ${flags(settings)}`);
}

/** The token comes from the master, whose address is told as users do. */
export async function installAgent(vm: Vm, bundle: Bundle, server: { vm: Vm; address: string }): Promise<void> {
  // A master that has just started may have much to do yet.
  const token = await waitUntil('a token to join with', async () => await server.vm.exec('wherry token create'), {
    timeoutMs,
  });
  await install(vm, bundle, `agent ${flags({ server: `https://${server.address}:6443`, token: token.trim() })}`);
}

const flags = (settings: Settings): string =>
  Object.entries(settings)
    .map(([key, value]) => `--${key} '${value}'`)
    .join(' ');

async function install(vm: Vm, bundle: Bundle, args: string): Promise<void> {
  const folder = (await isThere(vm, bundle)) ?? (await bringIn(vm, bundle));
  // There is no way out of these machines: what it needs of the distribution is there already.
  const command = `${folder}/install.sh ${args} --no-packages`;
  // It gives Docker, the master and the unit their times, which are too short where much else is done beside, and says to run it again.
  await vm.exec(`for time in 1 2 3 4; do ${command} && exit; done; exit 1`, { timeoutMs: 4 * timeoutMs });
}

async function isThere(vm: Vm, { archive }: Bundle): Promise<string | undefined> {
  const folder = `/root/${folderOf(archive)}`;
  return (await vm.tryExec(`test -e ${folder}`)).code === 0 ? folder : undefined;
}
