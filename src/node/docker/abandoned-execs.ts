// What clients had started in containers when the agent was killed: their connections ended with it, and nobody is left to end
// the processes but the next agent. It knows them by the keys that were given to them; what others started is theirs.
import type Docker from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import { endExec } from './exec-end.ts';
import { detachKeyBytes } from './joined-process.ts';

export async function endAbandonedExecs(docker: Docker, containerId: string, clock: Clock): Promise<number> {
  const { ExecIDs } = (await docker.getContainer(containerId).inspect()) as { ExecIDs?: string[] | null };
  let ended = 0;
  for (const id of ExecIDs ?? []) {
    const exec = docker.getExec(id);
    const { Running, DetachKeys } = (await exec.inspect()) as { Running: boolean; DetachKeys?: string };
    if (!Running || !Buffer.from(DetachKeys ?? '', 'base64').equals(detachKeyBytes)) continue;
    await endExec(exec, containerId, clock);
    ended += 1;
  }
  return ended;
}
