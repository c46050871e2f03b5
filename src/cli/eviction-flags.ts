// The agent's flags about what happens when a node runs out of something: named and written as the kubelet's.
import { InvalidArgumentError } from 'commander';
import type { EvictionSettings } from '../node/pressure/evictions.ts';
import type { Signal } from '../node/pressure/signals.ts';
import { defaultHard, parseLimit, parseSignals, planThresholds } from '../node/pressure/thresholds.ts';
import { durationMs, flag, UsageError } from './options.ts';

type Texts = ReadonlyMap<Signal, string>;

export const evictionFlags = [
  flag(
    '--eviction-hard <thresholds>',
    'below which levels pods are ended at once',
    levels(defaultHard),
    defaultHard,
  ).argParser(levels),
  flag('--eviction-soft <thresholds>', 'below which levels pods are ended after a grace period').argParser(levels),
  flag(
    '--eviction-soft-grace-period <periods>',
    'how long soft thresholds are borne, as memory.available=90s',
  ).argParser(periods),
  flag('--eviction-minimum-reclaim <amounts>', 'how much to win back at least, as memory.available=500Mi').argParser(
    amounts,
  ),
  flag(
    '--eviction-max-pod-grace-period <duration>',
    'what a soft threshold leaves a pod at most to end',
    durationMs('30s'),
    '30s',
  ).argParser(durationMs),
  flag(
    '--eviction-pressure-transition-period <duration>',
    'how long a node tells a pressure on after it was felt',
    durationMs('5m'),
    '5m',
  ).argParser(durationMs),
];

export interface EvictionFlags {
  evictionHard: Texts;
  evictionSoft?: Texts;
  evictionSoftGracePeriod?: ReadonlyMap<Signal, number>;
  evictionMinimumReclaim?: Texts;
  evictionMaxPodGracePeriod: number;
  evictionPressureTransitionPeriod: number;
}

export function evictionSettings(flags: EvictionFlags): EvictionSettings {
  const {
    evictionHard: hard,
    evictionSoft: soft = new Map(),
    evictionSoftGracePeriod: softGraceMs = new Map(),
  } = flags;
  const minimumReclaim = flags.evictionMinimumReclaim ?? new Map();
  const lacking = [...soft.keys()].find((signal) => !softGraceMs.has(signal));
  if (lacking) throw new UsageError(`--eviction-soft names ${lacking}, --eviction-soft-grace-period does not`);
  return {
    thresholds: planThresholds({ hard, soft, softGraceMs, minimumReclaim }),
    transitionMs: flags.evictionPressureTransitionPeriod,
    softGraceMs: flags.evictionMaxPodGracePeriod,
  };
}

function levels(text: string): Texts {
  return signalsOf(text, '<', (value) => {
    parseLimit(value);
    return value;
  });
}

function amounts(text: string): Texts {
  return signalsOf(text, '=', (value) => {
    parseLimit(value);
    return value;
  });
}

function periods(text: string): ReadonlyMap<Signal, number> {
  return signalsOf(text, '=', durationMs);
}

function signalsOf<T>(text: string, sign: '<' | '=', read: (value: string) => T): ReadonlyMap<Signal, T> {
  try {
    return new Map([...parseSignals(text, sign)].map(([signal, value]) => [signal, read(value)]));
  } catch (error) {
    throw error instanceof InvalidArgumentError ? error : new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
