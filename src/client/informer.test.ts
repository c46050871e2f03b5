import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Node, nodes } from '../api/kinds/node.ts';
import { AsyncQueue } from '../base/async-queue.ts';
import { createLog } from '../base/log.ts';
import { Client } from './client.ts';
import { Informer } from './informer.ts';
import type { WatchEvent } from './transport.ts';

const node = (name: string, resourceVersion: string, labels = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, resourceVersion, labels },
  spec: {},
  status: {},
});

test('a handler or an index that throws holds up neither the copy nor the others', { timeout: 5_000 }, async () => {
  const events = new AsyncQueue<WatchEvent>();
  let watches = 0;
  const client = new Client({
    request: async () => ({ metadata: { resourceVersion: '1' }, items: [node('one', '1')] }),
    watch: () => {
      watches++;
      return events;
    },
  });
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const informer = new Informer<Node>({ client, kind: nodes, log });
  const stop = new AbortController();
  const seen: string[] = [];
  const last = Promise.withResolvers<void>();
  informer.onChange(() => {
    throw new Error('handler is broken');
  });
  const zone = ({ metadata }: Node) => metadata.labels?.zone ?? '';
  informer.indexBy((object) => {
    if (zone(object) === 'bad') throw new Error('index is broken');
    return [];
  });
  const inZone = informer.indexBy((object) => {
    if (zone(object) === 'bad') throw new Error('index is broken');
    return [zone(object)];
  });
  informer.onChange(({ key, object }) => {
    seen.push(`${key}@${object?.metadata.resourceVersion}`);
    if (object?.metadata.resourceVersion === '5') last.resolve();
  });
  const running = informer.run(stop.signal);
  await informer.synced;
  events.push({ type: 'MODIFIED', object: node('one', '2', { zone: 'a' }) });
  events.push({ type: 'MODIFIED', object: node('one', '3', { zone: 'bad' }) });
  events.push({ type: 'MODIFIED', object: node('one', '4', { zone: 'b' }) });
  events.push({ type: 'ADDED', object: node('two', '5', { zone: 'b' }) });
  await last.promise;
  stop.abort();
  events.end();
  await running;
  assert.deepEqual(seen, ['one@1', 'one@2', 'one@3', 'one@4', 'two@5']);
  assert.deepEqual(
    ['a', 'bad', 'b'].map((key) => inZone(key).map(({ metadata }) => metadata.name)),
    [[], [], ['one', 'two']],
  );
  assert.equal(watches, 1);
  assert.ok(lines.some((line) => /a handler failed kind=Node key=one error=.*handler is broken/.test(line)));
  assert.ok(lines.some((line) => /index is broken/.test(line)));
});
