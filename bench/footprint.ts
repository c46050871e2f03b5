// What idle programs take: resident memory and processor time, of each with all processes that it started.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { observeTrees } from '../test/bench/process-table.ts';
import type { Program } from './programs.ts';

export interface Footprint {
  program: string;
  processes: number;
  rssMib: number;
  /** What is shared with others counts in part. */
  pssMib: number;
  cpuPercent: number;
}

const tickMs = 10;

export async function idleFootprints(programs: readonly Program[], seconds: number): Promise<Footprint[]> {
  const before = await Promise.all(programs.map(processorMs));
  await delay(seconds * 1000);
  return Promise.all(
    programs.map(async (program, index) => {
      const spentMs = (await processorMs(program)) - (before[index] ?? 0);
      const cpuPercent = (100 * spentMs) / (seconds * 1000);
      return { program: program.name, ...(await treeMemory(program.pid)), cpuPercent };
    }),
  );
}

function treeOf(root: number): number[] {
  return observeTrees(({ pid }) => pid === root).map(({ pid }) => pid);
}

/** The time that a program has spent on processors, with its children, those that have ended too. */
export async function processorMs({ pid: root }: Pick<Program, 'pid'>): Promise<number> {
  const ticks = treeOf(root).map(async (pid) => {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    return stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 15)
      .reduce((sum, field) => sum + Number(field), 0);
  });
  return (await Promise.all(ticks)).reduce((sum, each) => sum + each, 0) * tickMs;
}

async function treeMemory(root: number): Promise<Pick<Footprint, 'processes' | 'rssMib' | 'pssMib'>> {
  const tree = treeOf(root);
  const rollups = await Promise.all(tree.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')));
  const mib = (field: string) =>
    rollups.reduce((sum, text) => sum + Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0), 0) / 1024;
  return { processes: tree.length, rssMib: mib('Rss'), pssMib: mib('Pss') };
}
