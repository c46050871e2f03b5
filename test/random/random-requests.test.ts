// Random requests, for as long as WHERRY_RANDOM_SECONDS says: every one gets a clear answer, the server lives on in the
// same memory, and its store is sound afterwards.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';
import { seedFrom } from '../bench/random.ts';
import { TestServer } from '../controllers/test-server.ts';
import { type RandomRequest, requestsTo, type ServedKind } from './random-requests.ts';

const seconds = Number(process.env.WHERRY_RANDOM_SECONDS ?? 20);
const seed = seedFrom('WHERRY_RANDOM_SEED');
const atOnce = 8;
const batch = 200;
const answerWithinMs = 15_000;
const bodyBytesAtMost = 64 * 1024 * 1024;
/** What the process may take at the end, of what it took when everything had been used once. */
const growthAtMost = 1.35;
/** So many are enough to see what is wrong. */
const faultsAtMost = 10;
/** Codes of a server that is at fault, but for those that tell of something behind it. */
const excused = [501, 502, 503, 504];

let server: TestServer;
let agent: Agent;

before(async () => {
  server = await TestServer.open();
  const { ca, identity } = server.kubeconfig;
  assert.ok(identity);
  agent = new Agent({ ca, cert: identity.certificate, key: identity.key, keepAlive: true, maxSockets: atOnce });
});
after(async () => {
  agent?.destroy();
  await server?.close();
});

interface Answer {
  code: number;
  contentType: string;
  body: string;
}

function send({ method, path, headers, body }: RandomRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { agent, host: '127.0.0.1', port: server.port, method, path, headers, timeout: answerWithinMs };
    const outgoing = request(options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bodyBytesAtMost) response.destroy(new Error('the answer does not end'));
        chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: code = 0, headers: sent } = response;
        resolve({ code, contentType: sent['content-type'] ?? '', body: Buffer.concat(chunks).toString('utf8') });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${answerWithinMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

const get = async (path: string) => JSON.parse((await send({ method: 'GET', path, headers: {}, body: '' })).body);

async function servedKinds(): Promise<ServedKind[]> {
  const { groups } = (await get('/apis')) as { groups: { versions: { groupVersion: string }[] }[] };
  const paths = ['/api/v1', ...groups.flatMap(({ versions }) => versions.map((each) => `/apis/${each.groupVersion}`))];
  const lists = await Promise.all(paths.map(async (path) => ({ path, ...((await get(path)) as ResourceList) })));
  return lists.flatMap(({ path, resources }) => {
    const [group = '', version = ''] = path.startsWith('/api/') ? ['', 'v1'] : path.split('/').slice(2);
    const plain = resources.filter(({ name }) => !name.includes('/'));
    return plain.map(({ name, kind, namespaced }) => {
      const prefix = `${name}/`;
      const below = resources.filter((each) => each.name.startsWith(prefix));
      const subresources = below.map((each) => each.name.slice(prefix.length));
      return { group, version, kind, plural: name, namespaced, subresources };
    });
  });
}

interface ResourceList {
  resources: { name: string; kind: string; namespaced: boolean }[];
}

/** What is wrong with an answer, if anything. */
function faultOf({ method }: RandomRequest, { code, contentType, body }: Answer): string | undefined {
  // Kubernetes has a few refusals that say 500 and mean the request; what nobody foresaw has a reason of its own.
  if (code >= 500 && !excused.includes(code) && /InternalError|^$/.test(body))
    return `answered ${code}: ${body.slice(0, 500)}`;
  if (/ at .*\.(ts|mjs|js):\d+/.test(body)) return `tells a stack trace: ${body.slice(0, 500)}`;
  if (method === 'HEAD' || code < 400 || !contentType.startsWith('application/json')) return undefined;
  const status = JSON.parse(body) as { kind?: string; code?: number; message?: string; paths?: unknown };
  if (status.paths) return undefined;
  if (status.kind !== 'Status' || status.code !== code || !status.message)
    return `no Status with ${code}: ${body.slice(0, 300)}`;
  return undefined;
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test(`random requests for ${seconds} s get clear answers and leave the server sound (seed ${seed})`, async (t) => {
  await send({ method: 'POST', path: '/api/v1/namespaces', headers: {}, body: '{"metadata":{"name":"random"}}' });
  const requests = requestsTo(await servedKinds());
  const begunAt = Date.now();
  const codes = new Map<number, number>();
  const faults: string[] = [];
  let settledBytes = 0;
  for (let round = 0; faults.length < faultsAtMost && Date.now() - begunAt < seconds * 1000; round++) {
    const left = fc.sample(requests, { numRuns: batch, seed: seed + round });
    const worker = async () => {
      for (let next = left.pop(); next; next = left.pop()) {
        const sent = next;
        const answer = await send(sent).catch((error: Error) =>
          assert.fail(`${error.message}: ${JSON.stringify(sent)}`),
        );
        codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
        const fault = faultOf(sent, answer);
        if (fault) faults.push(`${fault}\nto ${JSON.stringify(sent)} (round ${round})`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    if (settledBytes === 0 && Date.now() - begunAt > seconds * 400) settledBytes = await residentBytes();
  }
  const failures = server.output.split('\n').filter((line) => line.includes('request failed'));
  assert.deepEqual(faults, [], `what the server says:\n${failures.join('\n')}`);
  const bytes = await residentBytes();
  const told = [...codes].sort(([a], [b]) => a - b).map(([code, count]) => `${code}: ${count}`);
  t.diagnostic(
    `${told.join(', ')}; resident ${Math.round(settledBytes / 2 ** 20)} then ${Math.round(bytes / 2 ** 20)} MiB`,
  );
  assert.ok(bytes < settledBytes * growthAtMost, `memory grew from ${settledBytes} to ${bytes}`);
  assert.equal((await send({ method: 'GET', path: '/readyz', headers: {}, body: '' })).body, 'ok');
  agent.destroy();
  assert.equal(await server.end('SIGTERM'), 0);
  const store = await EmbeddedStore.open(join(server.dataDir, 'state'));
  await store.check();
  await store.close();
});
