// Clients that ask and do not listen, or begin and do not end: nobody else waits for them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Session } from 'node:http2';
import https from 'node:https';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { pods } from '../../src/api/kinds/pod.ts';
import { serviceAccounts } from '../../src/api/kinds/service-account.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { TestServer } from '../controllers/test-server.ts';

const namespace = 'default';
let server: TestServer;
const sessions: ClientHttp2Session[] = [];
before(async () => {
  server = await TestServer.open();
});
after(async () => {
  for (const session of sessions) session.destroy();
  await server?.close();
});

function connect(settings: http2.Settings = {}): ClientHttp2Session {
  const { server: url, ca } = server.kubeconfig;
  const session = http2.connect(url, { ...(ca && { ca }), settings });
  sessions.push(session);
  return session;
}

test('strangers who take none of their refusals keep nobody from reading', async () => {
  const session = connect({ initialWindowSize: 0 });
  const streams = Array.from({ length: 450 }, () => session.request({ ':path': '/api/v1/pods' }));
  const answers = (await Promise.all(streams.map((stream) => once(stream, 'response')))) as [{ ':status': number }][];
  assert.ok(answers.every(([headers]) => headers[':status'] === 403));
  await server.client.list(pods);
});

test('who begins more requests than he may is told to come again, and others write', async () => {
  await server.client.create(serviceAccounts, { metadata: { name: 'beginner', namespace } });
  const token = (await server.kubectl('create', 'token', 'beginner')).trim();
  const session = connect();
  const begin = () => {
    const stream = session.request(
      {
        ':method': 'POST',
        ':path': '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
      },
      { endStream: false },
    );
    stream.on('error', () => {}); // all are broken off at the end
    stream.write('{');
    return stream;
  };
  const refusals = Array.from({ length: 250 }, begin).map((stream) => once(stream, 'response'));
  const [headers] = (await Promise.any(refusals)) as [Record<string, unknown>];
  assert.deepEqual([headers[':status'], headers['retry-after']], [429, '1']);
  await server.client.create(configMaps, { metadata: { name: 'written-meanwhile', namespace } });
  session.destroy();
  for (const refusal of refusals) refusal.catch(() => {});
  await server.client.create(configMaps, { metadata: { name: 'written-afterwards', namespace } });
  assert.doesNotMatch(server.output, / error /, 'what a client breaks off is no error of the server');
});

test('who goes away while it is found out who he is takes no place with him', async () => {
  const ref = { namespace, name: 'leaver' };
  await server.client.create(serviceAccounts, { metadata: ref });
  await server.kubectl(
    'create',
    'clusterrolebinding',
    'leaver',
    '--clusterrole=view',
    '--serviceaccount=default:leaver',
  );
  type Asked = { status: { token: string } };
  const mint = () => server.client.createThrough<Asked>(serviceAccounts, ref, 'token', {});
  const running = async (metric: string) => {
    const metrics = await server.kubectl('get', '--raw', '/metrics');
    return metrics.split('\n').find((line) => line.startsWith(metric));
  };
  const cases = {
    '/api/v1/configmaps': 'apiserver_current_inflight_requests{request_kind="readOnly"}',
    '/api/v1/configmaps?watch=1': 'apiserver_longrunning_requests',
  };
  for (const [path, metric] of Object.entries(cases)) {
    const before = await running(metric);
    const session = connect();
    const ask = (token: string) => session.request({ ':path': path, authorization: `Bearer ${token}` });
    // A token is looked at when it is new, one after the other.
    const tokens = await Promise.all(Array.from({ length: 60 }, async () => (await mint()).status.token));
    const last = (await mint()).status.token;
    for (const token of tokens) ask(token).close(http2.constants.NGHTTP2_CANCEL);
    const stream = ask(last).resume();
    await once(stream, 'response');
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await waitUntil(`${metric} is what it was`, async () => (await running(metric)) === before);
  }
});

test('the whole address may be named, and what is no path is refused', async () => {
  const { server: url, ca } = server.kubeconfig;
  const codeOf = async (path: string, method = 'GET') => {
    const request = https.request(url, { ...(ca && { ca }), path, method, agent: false }).end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  assert.equal(await codeOf('https://elsewhere:1/version'), 200);
  assert.equal(await codeOf('//elsewhere/version'), 403);
  assert.equal(await codeOf('*', 'OPTIONS'), 400);
});

test('who asks for what there is not leaves no trace in the metrics', async () => {
  const session = connect();
  const stream = session.request({ ':path': '/api/v1/namespaces/default/pods/x/made-up' });
  const [headers] = (await once(stream, 'response')) as [{ ':status': number }];
  assert.equal(headers[':status'], 403);
  stream.resume();
  await once(stream, 'close');
  assert.doesNotMatch(await server.kubectl('get', '--raw', '/metrics'), /made-up/);
});
