// What the whole host uses, from /proc.
import { readFile } from 'node:fs/promises';
import { nanosPerTick, tableOf } from './control-group.ts';

export interface HostUsage {
  bootedAtMs: number;
  cpuNanos: number;
  memoryTotalBytes: number;
  memoryBytes: number;
  workingSetBytes: number;
  rssBytes: number;
  pageFaults: number;
  majorPageFaults: number;
  swapTotalBytes: number;
  swapBytes: number;
  processes: number;
  mostProcesses: number;
}

export async function readHostUsage(): Promise<HostUsage> {
  const [stat, meminfo, vmstat, load, most] = await Promise.all(
    ['stat', 'meminfo', 'vmstat', 'loadavg', 'sys/kernel/pid_max'].map((name) => readFile(`/proc/${name}`, 'utf8')),
  );
  return parseHostUsage(stat ?? '', meminfo ?? '', vmstat ?? '', load ?? '', most ?? '');
}

export function parseHostUsage(stat: string, meminfo: string, vmstat: string, load: string, most: string): HostUsage {
  const [, times = ''] = /^cpu\s+(.*)$/m.exec(stat) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = times.split(/\s+/).map(Number);
  const kibibytes = tableOf(meminfo);
  const bytes = (name: string) => kibibytes(name) * 1024;
  const faults = tableOf(vmstat);
  const memoryBytes = bytes('MemTotal') - bytes('MemFree');
  return {
    bootedAtMs: tableOf(stat)('btime') * 1000,
    cpuNanos: (user + nice + system + irq + softIrq) * nanosPerTick,
    memoryTotalBytes: bytes('MemTotal'),
    memoryBytes,
    workingSetBytes: Math.max(0, memoryBytes - bytes('Inactive(file)')),
    rssBytes: bytes('AnonPages'),
    pageFaults: faults('pgfault'),
    majorPageFaults: faults('pgmajfault'),
    swapTotalBytes: bytes('SwapTotal'),
    swapBytes: bytes('SwapTotal') - bytes('SwapFree'),
    processes: Number(/\d+\/(\d+)/.exec(load)?.[1] ?? 0),
    mostProcesses: Number(most),
  };
}
