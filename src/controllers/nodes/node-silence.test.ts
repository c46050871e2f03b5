import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Clock, systemClock } from '../../base/clock.ts';
import { NodeSilence } from './node-silence.ts';

/** A process whose timer fires when it is let, and by then so much time has passed. */
function bench() {
  let [evenMs, wallMs] = [0, Date.parse('2026-01-01T00:00:00Z')];
  let due = () => {};
  const clock: Clock = {
    ...systemClock,
    now: () => wallMs,
    monotonicMs: () => evenMs,
    after: (_, run) => {
      due = run;
      return () => {};
    },
  };
  const lost: string[] = [];
  const silence = new NodeSilence({ clock, graceMs: 10_000, onSilent: (name) => lost.push(name) });
  silence.start(new AbortController().signal);
  const beat = (passedMs = 1_000, wallPassedMs = passedMs) => {
    evenMs += passedMs;
    wallMs += wallPassedMs;
    due();
  };
  const beats = (count: number) => {
    for (let index = 0; index < count; index++) beat();
  };
  return { silence, lost, beat, beats };
}

test('a node is silent when it was not heard for the grace period, and is called so once', () => {
  const { silence, lost, beats } = bench();
  silence.hear('one');
  silence.hear('two');
  beats(9);
  silence.hear('two');
  beats(1);
  assert.deepEqual(lost, []);
  beats(5);
  assert.deepEqual(lost, ['one']);
  assert.ok(silence.has('one') && !silence.has('two'));
  assert.equal(silence.hear('one'), true);
  assert.equal(silence.hear('one'), false);
  beats(8);
  assert.deepEqual(lost, ['one', 'two']);
});

const standstills: [name: string, passedMs: number, wallMs: number][] = [
  ['the process stood still', 600_000, 600_000],
  ['its host slept', 1_000, 600_000],
];
for (const [name, passedMs, wallMs] of standstills) {
  test(`nobody is silent when ${name}: everybody has the whole time again`, () => {
    const { silence, lost, beat, beats } = bench();
    silence.hear('one');
    beats(9);
    beat(passedMs, wallMs);
    beats(10);
    assert.deepEqual(lost, []);
    beats(1);
    assert.deepEqual(lost, ['one']);
  });
}

test('a clock that is set back makes nobody silent, and nobody immortal', () => {
  const { silence, lost, beat, beats } = bench();
  silence.hear('one');
  beats(5);
  beat(1_000, -3_600_000);
  beats(4);
  assert.deepEqual(lost, []);
  beats(1);
  assert.deepEqual(lost, ['one']);
});

test('one that is forgotten is not called silent', () => {
  const { silence, lost, beats } = bench();
  silence.hear('one');
  silence.forget('one');
  beats(20);
  assert.deepEqual(lost, []);
});
