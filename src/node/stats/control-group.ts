// What a control group has used, read from its files: the kernel's first version, with a hierarchy for each controller, and
// the second, with one for all. A group is found by a process in it, so it does not matter who made it and where.
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const root = '/sys/fs/cgroup';

/** Folders of one group: the same one three times where there is one hierarchy. */
export interface ControlGroup {
  version: 1 | 2;
  cpu: string;
  memory: string;
  pids: string;
}

export interface GroupUsage {
  cpuNanos: number;
  cpuUserNanos: number;
  cpuSystemNanos: number;
  periods: number;
  throttledPeriods: number;
  throttledNanos: number;
  memoryBytes: number;
  workingSetBytes: number;
  rssBytes: number;
  cacheBytes: number;
  swapBytes: number;
  pageFaults: number;
  majorPageFaults: number;
  /** Undefined is no limit. */
  memoryLimitBytes: number | undefined;
  processes: number;
}

/** The group of a process; undefined where it has ended. */
export async function groupOf(pid: number): Promise<ControlGroup | undefined> {
  try {
    return parseGroup(await readFile(`/proc/${pid}/cgroup`, 'utf8'));
  } catch {
    return undefined;
  }
}

export function parseGroup(text: string): ControlGroup | undefined {
  const paths = new Map<string, string>();
  for (const line of text.trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    for (const controller of controllers.split(',')) paths.set(controller, path);
  }
  const folder = (controller: string) => join(root, controller, paths.get(controller) ?? '');
  if (paths.has('memory'))
    return { version: 1, cpu: folder('cpuacct'), memory: folder('memory'), pids: folder('pids') };
  const unified = paths.get('');
  if (unified === undefined) return undefined;
  const path = join(root, unified);
  return { version: 2, cpu: path, memory: path, pids: path };
}

/** The group around that of a container, where it is that of its pod alone. */
export function podGroupOf(group: ControlGroup, podUid: string): ControlGroup | undefined {
  const around = dirname(group.memory);
  const name = basename(around);
  if (!name.includes(podUid) && !name.includes(podUid.replaceAll('-', '_'))) return undefined;
  return { version: group.version, cpu: dirname(group.cpu), memory: around, pids: dirname(group.pids) };
}

/** Undefined where the group is gone. */
export async function readUsage(group: ControlGroup): Promise<GroupUsage | undefined> {
  try {
    return await (group.version === 1 ? readFirst(group) : readSecond(group));
  } catch {
    return undefined;
  }
}

async function readFirst({ cpu, memory, pids }: ControlGroup): Promise<GroupUsage> {
  const [usage, times, throttling, bytes, stat, limit, processes] = await Promise.all([
    readNumber(join(cpu, 'cpuacct.usage')),
    readTable(join(cpu, 'cpuacct.stat')),
    readTable(join(cpu.replace(join(root, 'cpuacct'), join(root, 'cpu')), 'cpu.stat')).catch(() => none),
    readNumber(join(memory, 'memory.usage_in_bytes')),
    readTable(join(memory, 'memory.stat')),
    readNumber(join(memory, 'memory.limit_in_bytes')),
    readNumber(join(pids, 'pids.current')).catch(() => 0),
  ]);
  return {
    cpuNanos: usage,
    cpuUserNanos: times('user') * nanosPerTick,
    cpuSystemNanos: times('system') * nanosPerTick,
    periods: throttling('nr_periods'),
    throttledPeriods: throttling('nr_throttled'),
    throttledNanos: throttling('throttled_time'),
    memoryBytes: bytes,
    workingSetBytes: Math.max(0, bytes - stat('total_inactive_file')),
    rssBytes: stat('total_rss'),
    cacheBytes: stat('total_cache'),
    swapBytes: stat('total_swap'),
    pageFaults: stat('total_pgfault'),
    majorPageFaults: stat('total_pgmajfault'),
    memoryLimitBytes: limit < unlimitedFromBytes ? limit : undefined,
    processes,
  };
}

async function readSecond({ memory: folder }: ControlGroup): Promise<GroupUsage> {
  const [cpu, bytes, stat, swap, limit, processes] = await Promise.all([
    readTable(join(folder, 'cpu.stat')),
    readNumber(join(folder, 'memory.current')),
    readTable(join(folder, 'memory.stat')),
    readNumber(join(folder, 'memory.swap.current')).catch(() => 0),
    readFile(join(folder, 'memory.max'), 'utf8').catch(() => 'max'),
    readNumber(join(folder, 'pids.current')).catch(() => 0),
  ]);
  return {
    cpuNanos: cpu('usage_usec') * 1000,
    cpuUserNanos: cpu('user_usec') * 1000,
    cpuSystemNanos: cpu('system_usec') * 1000,
    periods: cpu('nr_periods'),
    throttledPeriods: cpu('nr_throttled'),
    throttledNanos: cpu('throttled_usec') * 1000,
    memoryBytes: bytes,
    workingSetBytes: Math.max(0, bytes - stat('inactive_file')),
    rssBytes: stat('anon'),
    cacheBytes: stat('file'),
    swapBytes: swap,
    pageFaults: stat('pgfault'),
    majorPageFaults: stat('pgmajfault'),
    memoryLimitBytes: limit.trim() === 'max' ? undefined : Number(limit),
    processes,
  };
}

export function sumOfUsages(usages: readonly GroupUsage[]): GroupUsage {
  const sum = (field: Exclude<keyof GroupUsage, 'memoryLimitBytes'>) =>
    usages.reduce((total, usage) => total + usage[field], 0);
  return {
    cpuNanos: sum('cpuNanos'),
    cpuUserNanos: sum('cpuUserNanos'),
    cpuSystemNanos: sum('cpuSystemNanos'),
    periods: sum('periods'),
    throttledPeriods: sum('throttledPeriods'),
    throttledNanos: sum('throttledNanos'),
    memoryBytes: sum('memoryBytes'),
    workingSetBytes: sum('workingSetBytes'),
    rssBytes: sum('rssBytes'),
    cacheBytes: sum('cacheBytes'),
    swapBytes: sum('swapBytes'),
    pageFaults: sum('pageFaults'),
    majorPageFaults: sum('majorPageFaults'),
    memoryLimitBytes: undefined,
    processes: sum('processes'),
  };
}

/** The kernel's clock tick, as it tells it to programs, is a hundredth of a second everywhere. */
export const nanosPerTick = 1e7;
/** The first version writes the largest number of whole pages for "no limit". */
const unlimitedFromBytes = 2 ** 62;

type Table = (name: string) => number;
const none: Table = () => 0;

async function readNumber(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8'));
}

async function readTable(path: string): Promise<Table> {
  return tableOf(await readFile(path, 'utf8'));
}

/** Lines of a name and a number. */
export function tableOf(text: string): Table {
  const table = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name = '', value] = line.split(/[:\s]+/, 2);
    if (name) table.set(name, Number(value));
  }
  return (name) => table.get(name) ?? 0;
}
