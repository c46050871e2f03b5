// Ends a process of a container with all that it has started. Docker has no call for it; the kernel knows them by their
// session, which Docker makes for each, and by their parents.
import { readdir, readFile } from 'node:fs/promises';

interface ProcessRow {
  pid: number;
  parent: number;
  session: number;
}

/** Each round sees what was started during the one before. */
const mostRounds = 20;

export async function endProcesses(leader: number, containerId: string): Promise<void> {
  for (let round = 0; round < mostRounds; round += 1) {
    const found = startedBy(leader, await observeProcesses());
    const ours = await Promise.all(found.map(async (pid) => ((await isOfContainer(pid, containerId)) ? [pid] : [])));
    const pids = ours.flat();
    if (pids.length === 0) return;
    for (const pid of pids) kill(pid);
  }
}

/** The process itself, what is of its session, and what descends from either. */
export function startedBy(leader: number, processes: readonly ProcessRow[]): number[] {
  const found = new Set(
    processes.filter(({ pid, session }) => pid === leader || session === leader).map(({ pid }) => pid),
  );
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of processes) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

async function observeProcesses(): Promise<ProcessRow[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const rows = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').then(parseStat, () => undefined)),
  );
  return rows.filter((row) => row !== undefined);
}

/** "PID (NAME) STATE PARENT GROUP SESSION ...", where the name may have anything in it. One that is dead is not told of. */
export function parseStat(stat: string): ProcessRow | undefined {
  const [state = '', parent, , session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (/[ZXx]/.test(state)) return undefined;
  return { pid: Number.parseInt(stat, 10), parent: Number(parent), session: Number(session) };
}

/** A number may have been given to another process meanwhile. */
async function isOfContainer(pid: number, containerId: string): Promise<boolean> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return groups.includes(containerId);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
