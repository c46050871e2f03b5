// A server's state as the former program left it, kept while an upgrade is not found well. Holds, also where the power goes at any time:
// the hold is there only beside a whole copy, and goes with the state of the program that was not well. The server must not run.
import { existsSync } from 'node:fs';
import { rename, rm, statfs } from 'node:fs/promises';
import { execute } from '../base/exec.ts';
import { readFileIfThere, writeFileWhole, writtenOut } from '../base/files.ts';
import { finishReturn, holdFile, stateBefore } from './upgrade-hold.ts';

/** The folders of two programs. */
export interface Upgrade {
  from: string;
  to: string;
}

const copyMs = 300_000;

const partOf = (server: string): string => `${stateBefore(server)}.part`;

/** What the program that was not well has made of the state. */
export const failedState = (server: string): string => `${server}.failed-upgrade`;

/** Asked before the server is stopped for it. */
export async function refuseWithoutRoom(server: string): Promise<void> {
  const bytes = Number.parseInt(await execute('du', ['--summarize', '--block-size=1', server]), 10);
  const { bavail, bsize } = await statfs(server);
  const freeBytes = bavail * bsize;
  if (freeBytes < bytes)
    throw new Error(`a copy of ${server} is needed for the way back: ${bytes} bytes, and its disk has ${freeBytes}`);
}

/** From its end on the way back is open. */
export async function keepState(server: string, upgrade: Upgrade): Promise<void> {
  await forgetState(server);
  await execute('cp', ['-a', '--reflink=auto', server, partOf(server)], { timeoutMs: copyMs });
  await writtenOut(partOf(server));
  await rename(partOf(server), stateBefore(server));
  await writeFileWhole(holdFile(server), JSON.stringify(upgrade));
  await writtenOut(server);
}

/** The upgrade that may be taken back, if there is one. */
export async function heldUpgrade(server: string): Promise<Upgrade | undefined> {
  const text = await readFileIfThere(holdFile(server));
  return text === undefined ? undefined : (JSON.parse(text) as Upgrade);
}

/** The state of before in its place again. What has failed stays beside, until somebody knows that the other one is good. */
export async function returnState(server: string): Promise<void> {
  if (existsSync(stateBefore(server))) {
    await rm(failedState(server), { recursive: true, force: true });
    await rename(server, failedState(server));
    finishReturn(server);
  } else await rm(holdFile(server), { force: true });
  await writtenOut(server);
}

/** From here on there is no way back: the hold goes first. */
export async function forgetState(server: string): Promise<void> {
  await rm(holdFile(server), { force: true });
  for (const folder of [partOf(server), stateBefore(server), failedState(server)])
    await rm(folder, { recursive: true, force: true });
}
