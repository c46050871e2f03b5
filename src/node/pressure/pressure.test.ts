import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge, noPressure, type PressureMemory } from './pressure.ts';
import type { Levels, Signal } from './signals.ts';
import { parseLimit, type Threshold } from './thresholds.ts';

const threshold = (signal: Signal, text: string, graceMs = 0, reclaim = '0'): Threshold => ({
  signal,
  limit: parseLimit(text),
  text,
  graceMs,
  reclaim: parseLimit(reclaim),
});
const levels = (available: Partial<Record<Signal, number>>): Levels =>
  new Map(
    Object.entries(available).map(([signal, amount]) => [signal as Signal, { available: amount, capacity: 1000 }]),
  );

const hardMemory = threshold('memory.available', '100', 0, '50');
const softMemory = threshold('memory.available', '20%', 30_000);
const hardDisk = threshold('nodefs.available', '10%');
const hardProcesses = threshold('pid.available', '10');
const all = [hardProcesses, hardDisk, softMemory, hardMemory];

interface Look {
  atSeconds: number;
  levels: Partial<Record<Signal, number>>;
  told: string;
  due: Threshold[];
}

/** An agent looks for the first time when it has run for a while. */
const begunMs = 7_000_000;
const plenty = { 'memory.available': 900, 'nodefs.available': 900, 'pid.available': 900 };
const stories: Record<string, Look[]> = {
  'with plenty of everything there is nothing to tell': [{ atSeconds: 0, levels: plenty, told: '', due: [] }],
  'a hard threshold is acted upon at once, and told on for five minutes': [
    { atSeconds: 0, levels: { ...plenty, 'nodefs.available': 99 }, told: 'DiskPressure', due: [hardDisk] },
    { atSeconds: 10, levels: plenty, told: 'DiskPressure', due: [] },
    { atSeconds: 299, levels: plenty, told: 'DiskPressure', due: [] },
    { atSeconds: 310, levels: plenty, told: '', due: [] },
  ],
  'a soft one is told at once, and acted upon after its grace': [
    { atSeconds: 0, levels: { ...plenty, 'memory.available': 199 }, told: 'MemoryPressure', due: [] },
    { atSeconds: 20, levels: { ...plenty, 'memory.available': 199 }, told: 'MemoryPressure', due: [] },
    { atSeconds: 30, levels: { ...plenty, 'memory.available': 199 }, told: 'MemoryPressure', due: [softMemory] },
  ],
  'the grace begins anew after a recovery': [
    { atSeconds: 0, levels: { ...plenty, 'memory.available': 199 }, told: 'MemoryPressure', due: [] },
    { atSeconds: 20, levels: plenty, told: 'MemoryPressure', due: [] },
    { atSeconds: 40, levels: { ...plenty, 'memory.available': 199 }, told: 'MemoryPressure', due: [] },
  ],
  'what is to be won back is won back': [
    { atSeconds: 0, levels: { ...plenty, 'memory.available': 99 }, told: 'MemoryPressure', due: [hardMemory] },
    { atSeconds: 10, levels: { ...plenty, 'memory.available': 149 }, told: 'MemoryPressure', due: [hardMemory] },
    { atSeconds: 20, levels: { ...plenty, 'memory.available': 150 }, told: 'MemoryPressure', due: [] },
    { atSeconds: 25, levels: { ...plenty, 'memory.available': 149 }, told: 'MemoryPressure', due: [] },
  ],
  'memory comes first, then the disk, then processes': [
    {
      atSeconds: 0,
      levels: { 'memory.available': 0, 'nodefs.available': 0, 'pid.available': 0 },
      told: 'DiskPressure,MemoryPressure,PIDPressure',
      due: [hardMemory, hardDisk, hardProcesses],
    },
  ],
  'just enough is enough': [{ atSeconds: 0, levels: { ...plenty, 'nodefs.available': 100 }, told: '', due: [] }],
  'what the host does not tell is not missed': [{ atSeconds: 0, levels: {}, told: '', due: [] }],
};

for (const [name, looks] of Object.entries(stories))
  test(name, () => {
    let memory: PressureMemory = noPressure;
    for (const look of looks) {
      const at = { nowMs: begunMs + look.atSeconds * 1000, transitionMs: 300_000 };
      const judged = judge(all, levels(look.levels), memory, at);
      memory = judged.memory;
      assert.equal([...judged.told].sort().join(), look.told, `told after ${look.atSeconds} s`);
      assert.deepEqual(judged.due, look.due, `due after ${look.atSeconds} s`);
    }
  });
