import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, beforeEach, test } from 'node:test';
import type Docker from 'dockerode';
import { removeFolder } from '../../base/folder-removal.ts';
import { createLog } from '../../base/log.ts';
import { sampleContainer } from '../pods/pod-samples.ts';
import type { ObservedContainer } from '../runtime.ts';
import { UnseenExits } from './unseen-exits.ts';

const root = mkdtempSync(join(tmpdir(), 'unseen-exits-'));
mkdirSync(join(root, 'tmp'));
const startMs = statSync(join(root, 'tmp')).birthtimeMs;
after(() => removeFolder(root));

let events: { Action: string; Actor: { ID: string } }[];
let asked: { since: number; until: number }[];
let exits: UnseenExits;

beforeEach(() => {
  events = [];
  asked = [];
  const docker = {
    info: async () => ({ DockerRootDir: root }),
    getEvents: async (query: { since: number; until: number }) => {
      asked.push(query);
      return Readable.from(events.map((event) => Buffer.from(`${JSON.stringify(event)}\n`)));
    },
  };
  exits = new UnseenExits(docker as unknown as Docker, createLog({ level: 'error' }));
});

const ended = (changes: Partial<ObservedContainer> = {}) =>
  sampleContainer('main', { state: 'exited', exitCode: 0, finishedAt: startMs, ...changes });
const told = (id: string) => ({ Action: 'die', Actor: { ID: id } });
const codeOf = async (container: ObservedContainer) => (await exits.corrected([container]))[0]?.exitCode;

test('an end since the start of Docker that it never told of counts as failed', async () => {
  events = [told('other')];
  assert.equal(await codeOf(ended()), 255);
});

test('what Docker told of, or may have forgotten, and what ended before its start is believed', async () => {
  events = [told('main-0')];
  assert.equal(await codeOf(ended()), 0);
  events = Array.from({ length: 256 }, () => told('other'));
  assert.equal(await codeOf(ended({ id: 'another' })), 0);
  events = [];
  assert.equal(await codeOf(ended({ id: 'earlier', finishedAt: startMs - 1 })), 0);
  assert.equal(await codeOf(ended({ id: 'failed', exitCode: 3 })), 3);
});

test('of whom Docker tells that memory ran out, that is said, also where it has not written it down', async () => {
  const container = ended({ exitCode: 137, oomKilled: false });
  assert.equal((await exits.corrected([container]))[0], container);
  exits.wasShortOfMemory(container.id);
  assert.equal((await exits.corrected([container]))[0]?.oomKilled, true);
  exits.wasRemoved(container.id);
  assert.equal((await exits.corrected([container]))[0], container);
});

test('a clock that was set back raises no doubts, and all that Docker remembers is asked for', async () => {
  assert.equal(await codeOf(ended({ finishedAt: Date.now() + 3_600_000 })), 0);
  assert.equal(asked.length, 0);
  await codeOf(ended({ id: 'now' }));
  assert.ok(asked[0] && asked[0].since < startMs / 1000 - 3_600, 'whatever the times of the events are');
});

test('Docker is asked about each once, and not about those that it told of itself', async () => {
  await codeOf(ended());
  assert.equal(await codeOf(ended()), 255);
  assert.equal(asked.length, 1);
  exits.hasEnded('heard');
  assert.equal(await codeOf(ended({ id: 'heard' })), 0);
  assert.equal(asked.length, 1);
});

test('what a Docker before this one told of may be forgotten: it is asked again, and a failure stays one', async () => {
  exits.hasEnded('heard');
  assert.equal(await codeOf(ended()), 255);
  events = [told('main-0')];
  exits.listensAnew();
  assert.equal(await codeOf(ended({ id: 'heard' })), 255);
  assert.equal(await codeOf(ended()), 255);
});
