import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Probe } from '../../api/kinds/pod-spec/types.ts';
import type { ProbeKind, ProbeOutcome } from './probe-outcome.ts';
import { counted, emptyTally, firstRunMs } from './probe-tally.ts';

const letters: Record<string, ProbeOutcome> = {
  s: { result: 'success' },
  w: { result: 'warning', text: '' },
  f: { result: 'failure', text: '' },
  u: { result: 'unknown', text: '' },
};

/** The verdict after each outcome: S, F, or - for none. */
const verdicts: { name: string; probe: Probe; outcomes: string; verdicts: string }[] = [
  { name: 'three failures by default, one success', probe: {}, outcomes: 'fffs', verdicts: '--FS' },
  { name: 'a success in between begins the count anew', probe: {}, outcomes: 'ffsfff', verdicts: '--S--F' },
  {
    name: 'thresholds of its own',
    probe: { successThreshold: 2, failureThreshold: 1 },
    outcomes: 'sfsss',
    verdicts: '-F-SS',
  },
  { name: 'a warning is a success', probe: {}, outcomes: 'ffwff', verdicts: '--S--' },
  { name: 'what was not found out counts for nothing', probe: {}, outcomes: 'ffuuf', verdicts: '----F' },
  { name: 'it goes on failing', probe: { failureThreshold: 2 }, outcomes: 'ffff', verdicts: '-FFF' },
];

for (const { name, probe, outcomes, ...expected } of verdicts)
  test(`verdict: ${name}`, () => {
    let tally = emptyTally;
    const given = [...outcomes].map((letter) => {
      const count = counted(tally, letters[letter] as ProbeOutcome, probe);
      tally = count.tally;
      return count.verdict?.[0]?.toUpperCase() ?? '-';
    });
    assert.equal(given.join(''), expected.verdicts);
  });

const firstRuns: {
  name: string;
  kind: ProbeKind;
  probe?: Probe;
  ageMs?: number;
  isFoundAtStart?: true;
  firstMs: number;
}[] = [
  { name: 'readiness at once', kind: 'readiness', firstMs: 0 },
  { name: 'startup at once', kind: 'startup', firstMs: 0 },
  { name: 'after the delay', kind: 'readiness', probe: { initialDelaySeconds: 5 }, ageMs: 1_000, firstMs: 4_000 },
  { name: 'a delay that is over', kind: 'readiness', probe: { initialDelaySeconds: 5 }, ageMs: 9_000, firstMs: 0 },
  { name: 'made in the future', kind: 'readiness', probe: { initialDelaySeconds: 5 }, ageMs: -9_000, firstMs: 5_000 },
  { name: 'liveness in the second half of its period', kind: 'liveness', firstMs: 7_500 },
  { name: 'liveness of a short period', kind: 'liveness', probe: { periodSeconds: 1 }, firstMs: 750 },
  { name: 'liveness after a longer delay', kind: 'liveness', probe: { initialDelaySeconds: 30 }, firstMs: 30_000 },
  { name: 'what an agent finds is spread over a period', kind: 'readiness', isFoundAtStart: true, firstMs: 5_000 },
  {
    name: 'what an agent finds in its delay',
    kind: 'liveness',
    probe: { initialDelaySeconds: 60 },
    ageMs: 1_000,
    isFoundAtStart: true,
    firstMs: 59_000,
  },
];

for (const { name, kind, probe = {}, ageMs = 0, isFoundAtStart = false, firstMs } of firstRuns)
  test(`first run: ${name}`, () => {
    assert.equal(firstRunMs(kind, probe, { ageMs, isFoundAtStart, random: 0.5 }), firstMs);
  });
