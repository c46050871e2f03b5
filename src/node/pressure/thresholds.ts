// Below which level a node is under pressure, in the notation of Kubernetes: memory.available<100Mi,nodefs.available<10%.
import { parseQuantity, wholeUnits } from '../../api/quantity.ts';
import { type Level, type Signal, signals } from './signals.ts';

export type Limit = { percent: number } | { amount: number };

export interface Threshold {
  signal: Signal;
  limit: Limit;
  /** As it was written. */
  text: string;
  /** How long it is borne; a hard threshold not at all. */
  graceMs: number;
  /** By how much it has to be left behind until it holds no more. */
  reclaim: Limit;
}

export interface ThresholdSettings {
  hard: ReadonlyMap<Signal, string>;
  soft: ReadonlyMap<Signal, string>;
  softGraceMs: ReadonlyMap<Signal, number>;
  minimumReclaim: ReadonlyMap<Signal, string>;
}

export const defaultHard =
  'memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,imagefs.available<15%,imagefs.inodesFree<5%';

/** What is wrong is told by an Error. */
export function planThresholds({ hard, soft, softGraceMs, minimumReclaim }: ThresholdSettings): Threshold[] {
  const reclaimOf = (signal: Signal) => parseLimit(minimumReclaim.get(signal) ?? '0');
  const ofSoft = [...soft].map(([signal, text]) => {
    const graceMs = softGraceMs.get(signal);
    if (graceMs === undefined) throw new Error(`a soft threshold of ${signal} needs a grace period`);
    return { signal, limit: parseLimit(text), text, graceMs, reclaim: reclaimOf(signal) };
  });
  const ofHard = [...hard].map(([signal, text]) => {
    return { signal, limit: parseLimit(text), text, graceMs: 0, reclaim: reclaimOf(signal) };
  });
  return [...ofHard, ...ofSoft];
}

/** SIGNAL<LEVEL or SIGNAL=LEVEL, with commas between them. */
export function parseSignals(text: string, sign: '<' | '='): Map<Signal, string> {
  const found = new Map<Signal, string>();
  for (const part of text.split(',').filter((each) => each !== '')) {
    const [name, value, ...rest] = part.split(sign);
    const signal = signals.find((each) => each === name);
    if (!signal) throw new Error(`"${name}" is none of ${signals.join(', ')}`);
    if (!value || rest.length > 0) throw new Error(`"${part}" must be ${signal}${sign}LEVEL`);
    if (found.has(signal)) throw new Error(`${signal} is said twice`);
    found.set(signal, value);
  }
  return found;
}

export function parseLimit(text: string): Limit {
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) < 100) return { percent: Number(percent) };
  if (percent !== undefined || !parseQuantity(text) || wholeUnits(text) < 0)
    throw new Error(`"${text}" must be an amount as 100Mi, or a percentage below 100`);
  return { amount: wholeUnits(text) };
}

export function amountOf(limit: Limit, { capacity }: Pick<Level, 'capacity'>): number {
  return 'amount' in limit ? limit.amount : (capacity * limit.percent) / 100;
}
