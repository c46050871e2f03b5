import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import { type Pod, pods } from '../api/kinds/pod.ts';
import { type BothEnds, certifyBothEnds, listen, nodeOneAt } from './agent-for-tests.ts';
import type { Response } from './http/send.ts';
import { NodeProxy } from './node-proxy.ts';
import type { RestRequest, RestVerb } from './rest/request.ts';
import type { Rest } from './rest/rest.ts';

const limits = { timeout: 30_000 };
let ends: BothEnds;
before(async () => {
  ends = await certifyBothEnds();
});

const agent = (t: TestContext, answer: RequestListener) =>
  listen(t, createServer({ cert: ends.serving.certificate, key: ends.serving.key }, answer));

interface Outcome {
  error?: unknown;
}

interface Asking {
  verb?: RestVerb;
  query?: RestRequest['query'];
  /** Agents that answer do so in less, also on a busy machine. */
  answerTimeoutMs?: number;
}

/** A server whose every request is one for a log, by way of the agent on that port; and how the last one ended. */
function frontOf(agentPort: number, { verb = 'get', query = {}, answerTimeoutMs = 20_000 }: Asking = {}) {
  const settled = Promise.withResolvers<Outcome>();
  const node = nodeOneAt(agentPort);
  const pod = {
    metadata: { namespace: 'default', name: 'web' },
    spec: { nodeName: 'one', containers: [{ name: 'main', image: 'x' }] },
  } as Pod;
  const rest = { authorize: () => {}, find: () => ({ object: pod }), cache: { get: () => ({ object: node }) } };
  const proxy = new NodeProxy({ ...ends, answerTimeoutMs });
  const request = { verb, kind: pods, namespace: 'default', name: 'web', subresource: 'log', query } as RestRequest;
  const answer = (response: Response) => {
    response.on('error', () => {});
    proxy.sendLog(request, response, rest as unknown as Rest).then(
      () => settled.resolve({}),
      (error: unknown) => {
        settled.resolve({ error });
        response.destroy();
      },
    );
  };
  return { settled: settled.promise, answer };
}

async function errorOf(t: TestContext, agentPort: number, asking?: Asking): Promise<unknown> {
  const { settled, answer } = frontOf(agentPort, asking);
  const port = await listen(
    t,
    createHttpServer((_request, response) => answer(response)),
  );
  fetch(`http://127.0.0.1:${port}/`).catch(() => {});
  return (await settled).error;
}

const dies = (_request: unknown, response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.write('first');
  setTimeout(() => response.socket?.destroy(), 50);
};

test('a log comes whole', limits, async (t) => {
  const { settled, answer } = frontOf(await agent(t, (request, response) => response.end(`log of ${request.url}`)));
  const port = await listen(
    t,
    createHttpServer((_request, response) => answer(response)),
  );
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'log of /containerLogs/default/web/main?');
  assert.deepEqual(await settled, {});
});

test('an agent that cannot prove to be the node is believed only by who asks for that', limits, async (t) => {
  const { serving } = await certifyBothEnds();
  const port = await listen(
    t,
    createServer({ cert: serving.certificate, key: serving.key }, (request, response) => response.end(request.url)),
  );
  assert.match(((await errorOf(t, port)) as Error).message, /certificate/);
  const { settled, answer } = frontOf(port, { query: { insecureSkipTLSVerifyBackend: 'true', follow: 'true' } });
  const front = await listen(
    t,
    createHttpServer((_request, response) => answer(response)),
  );
  const log = await fetch(`http://127.0.0.1:${front}/`);
  assert.equal(await log.text(), '/containerLogs/default/web/main?follow=true');
  await settled;
});

test('an agent that dies in the middle ends the answer over HTTP/1.1', limits, async (t) => {
  const { settled, answer } = frontOf(await agent(t, dies));
  const port = await listen(
    t,
    createHttpServer((_request, response) => answer(response)),
  );
  const log = await fetch(`http://127.0.0.1:${port}/`);
  await assert.rejects(log.text());
  await settled;
});

test('an agent that dies in the middle ends the answer over HTTP/2', limits, async (t) => {
  const { settled, answer } = frontOf(await agent(t, dies));
  const server = createHttp2Server((_request, response) => answer(response as unknown as Response));
  const session = connectHttp2(`http://127.0.0.1:${await listen(t, server as unknown as Server)}`);
  t.after(() => session.destroy());
  const stream = session.request({ ':path': '/' }).setEncoding('utf8');
  let text = '';
  stream.on('data', (chunk: string) => {
    text += chunk;
  });
  await assert.rejects(once(stream, 'end'), /INTERNAL_ERROR/);
  assert.equal(text, 'first');
  await settled;
});

test('a client that goes away ends the reading', limits, async (t) => {
  const ended = Promise.withResolvers<void>();
  const { settled, answer } = frontOf(
    await agent(t, (_request, response) => {
      response.once('close', () => ended.resolve()).write('first');
    }),
  );
  const port = await listen(
    t,
    createHttpServer((_request, response) => answer(response)),
  );
  const client = new AbortController();
  const log = await fetch(`http://127.0.0.1:${port}/`, { signal: client.signal });
  assert.equal(log.status, 200);
  client.abort();
  await ended.promise;
  assert.deepEqual(await settled, {});
});

test('an agent that says nothing is not waited for', limits, async (t) => {
  const silent = await listen(
    t,
    createTcpServer((socket) => socket.resume()),
  );
  const speechless = await agent(t, () => {});
  for (const port of [silent, speechless]) {
    const error = (await errorOf(t, port, { answerTimeoutMs: 300 })) as Error & { reason: string };
    assert.equal(error.reason, 'ServiceUnavailable');
    assert.match(error.message, /did not answer in time/);
  }
});

const refusals = [
  { said: 400, code: 400, reason: 'BadRequest', message: 'why' },
  { said: 404, code: 404, reason: 'NotFound', message: 'why' },
  { said: 500, code: 500, reason: 'InternalError', message: 'Internal error occurred: why' },
  { said: 503, code: 503, reason: 'ServiceUnavailable', message: 'why' },
  { said: 403, code: 500, reason: 'InternalError', message: 'Internal error occurred: the agent answered 403: why' },
];
for (const { said, ...expected } of refusals) {
  test(`an agent's ${said} becomes ${expected.reason}`, limits, async (t) => {
    const port = await agent(t, (_request, response) => response.writeHead(said).end('why'));
    const { code, reason, message } = (await errorOf(t, port)) as typeof expected;
    assert.deepEqual({ code, reason, message }, expected);
  });
}

test("an agent's endless complaint is cut off", limits, async (t) => {
  const port = await agent(t, (_request, response) => {
    response.writeHead(400);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16 * 1024)));
    };
    response.on('drain', more);
    more();
  });
  const error = (await errorOf(t, port)) as Error & { reason: string };
  assert.deepEqual([error.reason, error.message.length], ['BadRequest', 64 * 1024]);
});

test('a log is only read', limits, async (t) => {
  const port = await agent(t, (_request, response) => response.end());
  for (const verb of ['create', 'update', 'patch', 'delete'] as const) {
    assert.equal(((await errorOf(t, port, { verb })) as { reason: string }).reason, 'MethodNotAllowed');
  }
});
