import assert from 'node:assert/strict';
import { appendFileSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { logContents } from './json-log.ts';
import { readRotated } from './log-files.ts';

/** A log that its writer puts aside as Docker does. */
async function openLog(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'log-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'c-json.log');
  await writeFile(path, '');
  return {
    path,
    // At once, so that a reader may be anywhere between two of his looks.
    write: (text: string) => appendFileSync(path, text),
    putAside: (most = 3) => {
      for (let number = most - 1; number > 0; number -= 1) {
        const from = number > 1 ? `${path}.${number - 1}` : path;
        if (existsSync(from)) renameSync(from, `${path}.${number}`);
      }
      writeFileSync(path, '');
    },
  };
}

const all = { tailLines: undefined, sinceMs: undefined, until: undefined };
const limits = { timeout: 10_000 };

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
}

const never = new AbortController().signal;

test('what was put aside comes first, the oldest before all', limits, async (t) => {
  const log = await openLog(t);
  for (const line of ['1\n', '2\n', '3\n']) {
    if (line !== '1\n') log.putAside();
    log.write(line);
  }
  assert.equal(await textOf(readRotated(log.path, all, never)), '1\n2\n3\n');
});

test('the last lines are counted over all files', limits, async (t) => {
  const log = await openLog(t);
  log.write('1\n2\n3\n');
  log.putAside();
  log.write('4\n5\n');
  const cases: [number, string][] = [
    [0, ''],
    [1, '5\n'],
    [2, '4\n5\n'],
    [4, '2\n3\n4\n5\n'],
    [9, '1\n2\n3\n4\n5\n'],
  ];
  for (const [tailLines, text] of cases)
    assert.equal(await textOf(readRotated(log.path, { ...all, tailLines }, never)), text, String(tailLines));
});

test('the last lines of a file that is longer than what is read at once', limits, async (t) => {
  const log = await openLog(t);
  const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index}\n`);
  log.write(lines.join(''));
  const text = await textOf(readRotated(log.path, { ...all, tailLines: 20_000 }, never));
  assert.equal(text, lines.slice(10_000).join(''));
});

test('who follows reads every line once, however fast the files are put aside', limits, async (t) => {
  const log = await openLog(t);
  const end = Promise.withResolvers<void>();
  let read = '';
  const following = (async () => {
    for await (const chunk of readRotated(log.path, { ...all, until: end.promise }, never)) read += chunk.toString();
  })();
  const lines = Array.from({ length: 300 }, (_, round) => `${round}\n`);
  for (const [round, line] of lines.entries()) {
    log.write(line);
    // The second line of each file comes as it is put aside: when he has read the first and is just about to look for more,
    // or is behind, but by no more than there are files.
    if (round % 2 === 1) log.putAside(8);
    const most = round % 4 === 0 ? 0 : 9;
    while (!t.signal.aborted && (read === '' || round + 2 - read.split('\n').length > most))
      await new Promise(setImmediate);
  }
  end.resolve();
  await following;
  assert.equal(read, lines.join(''));
});

test('a reader who lingers goes on where he was, file by file', limits, async (t) => {
  const log = await openLog(t);
  const end = Promise.withResolvers<void>();
  log.write('1\n');
  const reader = readRotated(log.path, { ...all, until: end.promise }, never)[Symbol.asyncIterator]();
  const next = async () => String((await reader.next()).value);
  assert.equal(await next(), '1\n');
  log.write('2\n');
  for (const text of ['3\n', '4\n', '5\n']) {
    log.putAside(9);
    log.write(text);
  }
  const read = [await next(), await next(), await next(), await next()];
  assert.deepEqual(read, ['2\n', '3\n', '4\n', '5\n']);
  end.resolve();
  assert.equal((await reader.next()).done, true);
});

test('who follows only what comes is told nothing before', limits, async (t) => {
  const log = await openLog(t);
  log.write('before\n');
  const end = Promise.withResolvers<void>();
  const read: string[] = [];
  const first = Promise.withResolvers<void>();
  const following = (async () => {
    for await (const chunk of readRotated(log.path, { ...all, tailLines: 0, until: end.promise }, never)) {
      read.push(chunk.toString());
      first.resolve();
    }
  })();
  const writing = setInterval(() => log.write('after\n'), 5);
  await first.promise;
  clearInterval(writing);
  end.resolve();
  await following;
  assert.match(read.join(''), /^(after\n)+$/);
});

test('a reader that goes away, and a log that is not there, end', limits, async (t) => {
  const log = await openLog(t);
  const gone = new AbortController();
  const following = textOf(readRotated(log.path, { ...all, until: new Promise(() => {}) }, gone.signal));
  setImmediate(() => gone.abort());
  assert.equal(await following, '');
  assert.equal(await textOf(readRotated(`${log.path}-none`, all, never)), '');
});

async function* entries(...pieces: string[]): AsyncIterable<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

const entry = (log: string, stream = 'stdout', second = 0) =>
  `${JSON.stringify({ log, stream, time: `2026-11-20T12:00:0${second}.000000001Z` })}\n`;
const plain = { stream: 'all', timestamps: false, sinceMs: undefined } as const;

test("Docker's entries become what was written, however they are cut", limits, async () => {
  const whole =
    entry('one\n') + entry('Zwölf\n', 'stderr', 1) + entry('two', 'stdout', 2) + entry('fold\n', 'stdout', 3);
  for (let at = 0; at <= whole.length; at += 1) {
    const bytes = Buffer.from(whole);
    const cut = (async function* () {
      yield bytes.subarray(0, at);
      yield bytes.subarray(at);
    })();
    assert.equal(await textOf(logContents(cut, plain)), 'one\nZwölf\ntwofold\n');
  }
});

test('one stream, times at the beginnings of lines, and what is new enough', limits, async () => {
  const whole =
    entry('one\n') + entry('wrong\n', 'stderr', 1) + entry('two', 'stdout', 2) + entry('fold\n', 'stdout', 3);
  const read = (options: object) => textOf(logContents(entries(whole), { ...plain, ...options }));
  assert.equal(await read({ stream: 'stderr' }), 'wrong\n');
  assert.equal(await read({ stream: 'stdout' }), 'one\ntwofold\n');
  assert.equal(await read({ sinceMs: Date.parse('2026-11-20T12:00:01Z') }), 'wrong\ntwofold\n');
  const at = (second: number) => `2026-11-20T12:00:0${second}.000000001Z`;
  assert.equal(await read({ timestamps: true }), `${at(0)} one\n${at(1)} wrong\n${at(2)} twofold\n`);
  const rounded = ['2026-11-20T12:00:00.12Z', '2026-11-20T12:00:01Z'].map((time) =>
    JSON.stringify({ log: 'x\n', time }),
  );
  assert.equal(
    await textOf(logContents(entries(`${rounded.join('\n')}\n`), { ...plain, timestamps: true })),
    '2026-11-20T12:00:00.120000000Z x\n2026-11-20T12:00:01.000000000Z x\n',
  );
});

test('what a crash of the host left half written is passed over', limits, async () => {
  assert.equal(
    await textOf(logContents(entries(`${entry('one\n')}{"log":"tw\0\0\n${entry('three\n')}`), plain)),
    'one\nthree\n',
  );
});
