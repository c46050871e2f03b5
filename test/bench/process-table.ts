// The processes of this machine, read from /proc: who descends from whom, and how to end a set of them for good.

import { readdirSync, readFileSync } from 'node:fs';
import { waitUntil } from './wait-until.ts';

export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  readonly command: readonly string[];
}

function readEntry(pid: number): ProcessEntry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may hold anything, brackets too.
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    return { pid, parent: Number(parent), state, command };
  } catch {
    return undefined; // Ended while we looked.
  }
}

function observeProcesses(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readEntry(Number(name)) ?? []);
}

/** The processes that `isRoot` picks and all that descend from them; zombies are no processes any more. */
export function observeTrees(isRoot: (entry: ProcessEntry) => boolean): ProcessEntry[] {
  const living = observeProcesses().filter((entry) => entry.state !== 'Z');
  const found = new Map(living.filter(isRoot).map((entry) => [entry.pid, entry]));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const entry of living) if (found.has(entry.parent)) found.set(entry.pid, entry);
  }
  return [...found.values()];
}

export function isRunning(pid: number): boolean {
  const entry = readEntry(pid);
  return entry !== undefined && entry.state !== 'Z';
}

/** The children of a process, without a look at the whole table. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended by itself: what was wanted.
  }
}

/** Kills the trees, and what they start meanwhile, until nothing of them is left. */
export async function endTrees(what: string, isRoot: (entry: ProcessEntry) => boolean): Promise<void> {
  await waitUntil(`${what}: all processes ended`, () => {
    const left = observeTrees(isRoot);
    for (const entry of left) signalProcess(entry.pid, 'SIGKILL');
    return left.length === 0;
  });
}
