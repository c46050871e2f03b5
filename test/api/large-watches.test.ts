// A watch begins with all that there is, however much that is and whatever the protocol.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { TestServer } from '../controllers/test-server.ts';

const namespace = 'default';
const path = `/api/v1/namespaces/${namespace}/configmaps?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=large`;
const names = Array.from({ length: 20 }, (_, index) => `large-${String(index).padStart(2, '0')}`);

let server: TestServer;
before(async () => {
  server = await TestServer.open();
  const data = { text: 'x'.repeat(1000 * 1000) };
  const create = (name: string) =>
    server.client.create(configMaps, { metadata: { name, namespace, labels: { large: '' } }, data });
  await Promise.all(names.map(create));
});
after(() => server?.close());

interface Told {
  type: string;
  object: { metadata: { name?: string; annotations?: Record<string, string> } };
}

/** What is told until the bookmark that ends the beginning. */
async function beginningOf(stream: Readable): Promise<string[]> {
  const told: string[] = [];
  let text = '';
  for await (const chunk of stream.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    if (!chunk.includes('\n')) continue;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const { type, object } of lines.map((line) => JSON.parse(line) as Told)) {
      if (type === 'BOOKMARK' && object.metadata.annotations) return told;
      told.push(`${type} ${object.metadata.name}`);
    }
  }
  return assert.fail(`the watch ended after ${told.join(', ')}`);
}

const identity = () => {
  const { ca, identity } = server.kubeconfig;
  assert.ok(identity && 'key' in identity);
  return { ...(ca && { ca }), key: identity.key, cert: identity.certificate };
};
const everything = names.map((name) => `ADDED ${name}`);

test('over HTTP/2', { timeout: 20_000 }, async () => {
  const session = http2.connect(server.kubeconfig.server, identity());
  try {
    assert.deepEqual(await beginningOf(session.request({ ':path': path })), everything);
  } finally {
    session.destroy();
  }
});

test('over HTTP/1.1', { timeout: 20_000 }, async () => {
  const request = https.get(`${server.kubeconfig.server}${path}`, { ...identity(), agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  try {
    assert.deepEqual(await beginningOf(response), everything);
  } finally {
    request.destroy();
  }
});
