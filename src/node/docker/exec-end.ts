// Ends what was started in a container by Docker's exec: Docker itself has no call for that. What it has started goes with it.
import type Docker from 'dockerode';
import type { Clock } from '../../base/clock.ts';
import { endProcesses } from './container-processes.ts';

/** Docker answers before the process is there, and tells of it by no event. Asked for again after these. */
const waitsMs = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

export async function endExec(exec: Docker.Exec, containerId: string, clock: Clock): Promise<void> {
  for (const waitMs of waitsMs) {
    const { Running, ExitCode, Pid } = await exec.inspect();
    if (Pid > 0) {
      await endProcesses(Pid, containerId);
      return;
    }
    // It has never been a process, and will not be one.
    if (!Running && ExitCode !== null) return;
    await clock.sleep(waitMs);
  }
  throw new Error('Docker does not tell which process it has started');
}
