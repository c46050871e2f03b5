import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TerminalSize } from '../runtime.ts';
import { sizeReader, wantedStreams } from './command-client.ts';
import { Refusal } from './route.ts';

test('what is joined is what was asked for, and a terminal has one output', () => {
  const wanted = (query: string) => wantedStreams(new URLSearchParams(query));
  assert.deepEqual(wanted('input=1&output=1&error=1'), { stdin: true, stdout: true, stderr: true, tty: false });
  assert.deepEqual(wanted('output=1&error=1&tty=1'), { stdin: false, stdout: true, stderr: false, tty: true });
  assert.throws(
    () => wanted('tty=1'),
    (error) =>
      error instanceof Refusal && error.code === 400 && /at least 1 of stdin, stdout, stderr/.test(error.message),
  );
});

test('sizes of a terminal are read in any pieces and any case; what is none is passed over', () => {
  const sizes: TerminalSize[] = [];
  const read = sizeReader((size) => sizes.push(size));
  const pieces = ['{"Width":80,"Hei', 'ght":24}\n', '{"width":100,"height":50}{"Width":0,"Height":9}', '{"x"}{}'];
  for (const piece of [...pieces, 'y'.repeat(100_000), '{"Width":"12","Height":13}']) read(piece);
  assert.deepEqual(sizes, [
    { columns: 80, rows: 24 },
    { columns: 100, rows: 50 },
    { columns: 12, rows: 13 },
  ]);
});
