import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Node, nodes } from '../api/kinds/node.ts';
import { AsyncQueue } from '../base/async-queue.ts';
import { systemClock } from '../base/clock.ts';
import { readFileIfThere } from '../base/files.ts';
import { createLog } from '../base/log.ts';
import { Client } from './client.ts';
import { Informer } from './informer.ts';
import { rememberInformer } from './informer-memory.ts';
import type { WatchEvent } from './transport.ts';

const node = (name: string, resourceVersion: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, resourceVersion, managedFields: [{ manager: 'x' }] } as Node['metadata'],
  spec: {},
  status: {},
});
const lines: string[] = [];
const log = createLog({ write: (line) => lines.push(line) });
/** Writes are done when the test says so. */
const due: (() => void)[] = [];
const clock = { ...systemClock, after: (_: number, run: () => void) => due.push(run) as unknown as () => void };
const settled = () => new Promise((resolve) => setTimeout(resolve, 30));

async function lifeOf(path: string, listed: Promise<Node[]>) {
  const events = new AsyncQueue<WatchEvent>();
  const client = new Client({
    request: async () => ({ metadata: { resourceVersion: '9' }, items: await listed }),
    watch: () => events,
  });
  const informer = new Informer<Node>({ client, kind: nodes, log });
  const seen: string[] = [];
  informer.onChange(({ key, object }) => seen.push(`${object ? '+' : '-'}${key}`));
  const abort = new AbortController();
  await rememberInformer({ informer, path, clock, log }, abort.signal);
  void informer.run(abort.signal);
  return { informer, seen, events, end: () => abort.abort() };
}

test('what one life has learned the next one begins with, until the API says what differs', {
  timeout: 5_000,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'informer-memory-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'deep', 'nodes.jsonl');
  /** A busy disk takes its time: the test's own is its limit. */
  const isKept = async (text: RegExp) => {
    while (!t.signal.aborted && !text.test((await readFileIfThere(path)) ?? '')) await settled();
  };

  const first = await lifeOf(path, Promise.resolve([node('one', '1'), node('two', '2')]));
  await first.informer.synced;
  assert.equal(due.length, 0, 'what is learned first is kept at once');
  await isKept(/"one"[\s\S]*"two"/);
  assert.doesNotMatch(await readFile(path, 'utf8'), /managedFields/);
  first.events.push({ type: 'DELETED', object: node('one', '3') });
  first.events.push({ type: 'ADDED', object: node('three', '4') });
  await settled();
  assert.equal(due.length, 1, 'several changes are one write');
  due.shift()?.();
  await isKept(/"three"/);
  first.end();

  const api = Promise.withResolvers<Node[]>();
  const second = await lifeOf(path, api.promise);
  await second.informer.synced;
  assert.deepEqual(second.seen, ['+two', '+three']);
  assert.equal(due.length, 0, 'what was read is not written again');
  api.resolve([node('three', '4'), node('four', '5')]);
  await settled();
  assert.deepEqual(second.seen, ['+two', '+three', '-two', '+four']);
  assert.equal(due.length, 1);
  second.end();

  await writeFile(path, '{"torn');
  const third = await lifeOf(path, Promise.resolve([node('one', '1')]));
  await third.informer.synced;
  assert.deepEqual(third.seen, ['+one']);
  assert.match(lines.join(''), /what was remembered cannot be read/);
  third.end();
});

test('what the disk refuses is tried again later', { timeout: 5_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'informer-memory-'));
  t.after(() => rm(folder, { recursive: true }));
  const [blocked, path] = [join(folder, 'deep'), join(folder, 'deep', 'nodes.jsonl')];
  await writeFile(blocked, 'where the folder is to be');
  due.length = 0;
  const life = await lifeOf(path, Promise.resolve([node('one', '1')]));
  while (!t.signal.aborted && due.length === 0) await settled();
  await rm(blocked);
  due.shift()?.();
  while (!t.signal.aborted && !(await readFileIfThere(path))) await settled();
  assert.match(await readFile(path, 'utf8'), /"one"/);
  assert.equal(due.length, 0);
  life.end();
});
