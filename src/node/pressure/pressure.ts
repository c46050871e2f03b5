// Which thresholds a node is below, what it says of itself then, and which one is to be acted upon. Pure: what it has to
// remember goes in and comes out.
import type { Level, Levels, Signal } from './signals.ts';
import { amountOf, type Threshold } from './thresholds.ts';

export const pressures = ['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;
export type Pressure = (typeof pressures)[number];

/** What is remembered from one look to the next. */
export interface PressureMemory {
  /** The thresholds that the node is below, and since when. */
  metSinceMs: ReadonlyMap<Threshold, number>;
  /** When each pressure was felt last. */
  feltMs: ReadonlyMap<Pressure, number>;
}

export const noPressure: PressureMemory = { metSinceMs: new Map(), feltMs: new Map() };

export interface Judgement {
  memory: PressureMemory;
  /** What the node tells: a pressure is told on for a while after it was felt, so that pods do not come and go. */
  told: ReadonlySet<Pressure>;
  /** What to act upon, the most urgent first. */
  due: Threshold[];
}

export function pressureOf(signal: Signal): Pressure {
  if (signal === 'memory.available') return 'MemoryPressure';
  return signal === 'pid.available' ? 'PIDPressure' : 'DiskPressure';
}

export function judge(
  thresholds: readonly Threshold[],
  levels: Levels,
  before: PressureMemory,
  { nowMs, transitionMs }: { nowMs: number; transitionMs: number },
): Judgement {
  const met = thresholds.filter((threshold) => isMet(threshold, levels, before.metSinceMs.has(threshold)));
  const metSinceMs = new Map(met.map((threshold) => [threshold, before.metSinceMs.get(threshold) ?? nowMs]));
  const feltMs = new Map([...before.feltMs].filter(([, atMs]) => nowMs - atMs < transitionMs));
  for (const { signal } of met) feltMs.set(pressureOf(signal), nowMs);
  const due = met.filter((threshold) => nowMs - (metSinceMs.get(threshold) ?? nowMs) >= threshold.graceMs);
  // Memory first, as it runs out fastest.
  const urgency = ({ signal }: Threshold) => pressures.indexOf(pressureOf(signal));
  return {
    memory: { metSinceMs, feltMs },
    told: new Set(feltMs.keys()),
    due: due.sort((one, other) => urgency(one) - urgency(other)),
  };
}

function isMet(threshold: Threshold, levels: Levels, wasMet: boolean): boolean {
  const level = levels.get(threshold.signal);
  if (!level) return false;
  return wasMet ? lackOf(threshold, level) > 0 : level.available < amountOf(threshold.limit, level);
}

/** How much there is to win back until a threshold that was met holds no more; nothing or less where that is done. */
export function lackOf({ limit, reclaim }: Threshold, level: Level): number {
  return amountOf(limit, level) + amountOf(reclaim, level) - level.available;
}
