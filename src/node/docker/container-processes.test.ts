import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseStat, startedBy } from './container-processes.ts';

test('what a process has started is known by its session and by its parents', () => {
  const row = (pid: number, parent: number, session: number) => ({ pid, parent, session });
  const processes = [
    row(1, 0, 1),
    row(10, 1, 10), // the leader
    row(11, 10, 10), // its child
    row(12, 1, 10), // one whose parent has ended
    row(13, 12, 13), // one that has a session of its own
    row(14, 13, 13),
    row(20, 1, 20), // another's
    row(21, 20, 20),
  ];
  assert.deepEqual(startedBy(10, processes), [10, 11, 12, 13, 14]);
  assert.deepEqual(startedBy(99, processes), []);
});

test('a process is read whatever its name is; one that is dead already is none', () => {
  assert.deepEqual(parseStat('42 (a) b) S 7 42 9 34816 42 4194304'), { pid: 42, parent: 7, session: 9 });
  assert.equal(parseStat('42 (sleep) Z 7 42 9 34816 42 4194304'), undefined);
});
