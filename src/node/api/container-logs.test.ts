import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { sampleContainer, samplePod } from '../pods/pod-samples.ts';
import type { Runtime } from '../runtime.ts';
import { logRoutes } from './container-logs.ts';
import type { NodeParts } from './route.ts';

const pieces = 300;
const piece = Buffer.alloc(256 * 1024, 'x');
const path = { namespace: 'default', pod: 'web', container: 'main' };

let logs: Runtime['logs'];
let answering: ServerResponse;
const server = createServer((request, response) => {
  answering = response;
  const container = sampleContainer('main', { logPath: '/log' });
  const state = { running: { startedAt: '2026-11-20T12:00:00Z' } };
  const status = { name: 'main', containerID: `docker://${container.id}`, state } as object;
  const pod = { ...samplePod(), status: { containerStatuses: [status] } };
  const parts = { pods: () => [pod], runtime: { logs }, containers: { get: () => container }, clock: systemClock };
  const [route] = logRoutes(parts as object as NodeParts);
  void route?.answer?.({ request, path, query: new URLSearchParams() }, response);
});
before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
after(() => server.close());

async function ask(): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const [answer] = (await once(get({ host: '127.0.0.1', port }), 'response')) as [IncomingMessage];
  return answer;
}

test('a client that reads more slowly than the log comes costs no more, however long the log', async () => {
  let mostListeners = 0;
  logs = async function* (_, __, signal) {
    for (let count = 0; count < pieces; count += 1) {
      mostListeners = Math.max(mostListeners, getEventListeners(signal, 'abort').length);
      yield piece;
    }
  };
  let bytes = 0;
  for await (const chunk of await ask()) bytes += (chunk as Uint8Array).length;
  assert.equal(bytes, pieces * piece.length);
  assert.ok(mostListeners < 5, `${mostListeners} listeners`);
});

test('a client that goes while the log is looked into leaves nobody waiting', { timeout: 10_000 }, async () => {
  const left = Promise.withResolvers<void>();
  logs = async function* () {
    try {
      yield Buffer.from('first');
      await once(answering, 'close');
      yield piece;
    } finally {
      left.resolve();
    }
  };
  const answer = await ask();
  await once(answer, 'data');
  answer.destroy();
  await left.promise;
});
