import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type Question } from 'dns-packet';
import fc from 'fast-check';
import { clusterSettings } from '../../api/cluster-settings.ts';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import type { ClusterRecords } from './cluster-records.ts';
import { type ResolverOptions, resolve } from './resolver.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});

function recordsOfHeadless(endpoints: number): ClusterRecords {
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'db-1', namespace: 'shop' },
    addressType: 'IPv4',
    ports: [],
    endpoints: Array.from({ length: endpoints }, (_, index) => ({ addresses: [`10.244.1.${index + 2}`] })),
  };
  const metadata = { name: 'db', namespace: 'shop' };
  const service: Service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: 'None' }, status: {} };
  const alias: Service = { ...service, spec: { type: 'ExternalName', externalName: 'www.example.com' } };
  return {
    service: (_, name) => (name === 'db' ? service : name === 'out' ? alias : undefined),
    hasNamespace: () => true,
    slicesOf: () => [slice],
    serviceAt: () => undefined,
    slicesAt: () => [],
  };
}

const options = (rest: Partial<ResolverOptions> = {}): ResolverOptions => ({
  settings,
  records: recordsOfHeadless(2),
  areComplete: async () => true,
  forward: async () => undefined,
  ...rest,
});

const query = (question: Question, rest: object = {}) =>
  packet.encode({ type: 'query', id: 4711, flags: packet.RECURSION_DESIRED, questions: [question], ...rest });
const headless: Question = { type: 'A', name: 'db.shop.svc.cluster.local' };

async function answerTo(bytes: Buffer, with_ = options(), carrier: 'udp' | 'tcp' = 'udp') {
  const response = await resolve(bytes, carrier, with_);
  assert.ok(response);
  const decoded = packet.decode(response);
  return { ...decoded, code: (decoded.flags ?? 0) & 15, length: response.length };
}

test('a response bears the number and the question of its query', async () => {
  const question: Question = { type: 'A', name: 'Db.Shop.svc.cluster.local' };
  const response = await answerTo(query(question));
  assert.equal(response.id, 4711);
  assert.equal(response.questions?.[0]?.name, question.name, 'in the case in which it was asked');
  assert.ok(response.flag_aa && response.flag_rd && response.flag_ra && response.flag_qr);
  assert.equal(response.answers?.length, 2);
});

test('types that we have never heard of are answered too', async () => {
  const asked = query(headless);
  asked.writeUInt16BE(65, asked.length - 4);
  const response = await answerTo(asked);
  assert.equal(response.code, 0);
  assert.equal(response.answers?.length, 0);
  assert.equal(response.authorities?.[0]?.type, 'SOA');
});

test('what does not fit is asked for again over TCP; EDNS makes room', async () => {
  const many = options({ records: recordsOfHeadless(25) });
  const cut = await answerTo(query(headless), many);
  assert.ok(cut.flag_tc && cut.length <= 512 && cut.answers?.length === 0);
  const opt = {
    type: 'OPT',
    name: '.',
    udpPayloadSize: 4096,
    extendedRcode: 0,
    ednsVersion: 0,
    flags: 0,
    flag_do: false,
    options: [],
  };
  const wide = await answerTo(query(headless, { additionals: [opt] }), many);
  assert.ok(!wide.flag_tc && wide.length <= 1232);
  assert.equal(wide.additionals?.[0]?.type, 'OPT');
  assert.equal(wide.answers?.length, 25);
  assert.equal((await answerTo(query(headless), many, 'tcp')).answers?.length, 25);
});

test('what others know is passed on byte by byte; when none answers, that is said', async () => {
  const outside = query({ type: 'A', name: 'example.com' });
  const passed = await resolve(outside, 'udp', options({ forward: async (bytes) => Buffer.concat([bytes, bytes]) }));
  assert.deepEqual(passed, Buffer.concat([outside, outside]));
  assert.equal((await answerTo(outside)).code, 2);
});

test('an alias comes with the addresses behind it', async () => {
  const forward = async (bytes: Buffer) => {
    const [question] = packet.decode(bytes).questions ?? [];
    assert.equal(question?.name, 'www.example.com');
    return packet.encode({ type: 'response', answers: [{ type: 'A', name: 'www.example.com', data: '192.0.2.1' }] });
  };
  const { answers } = await answerTo(query({ type: 'A', name: 'out.shop.svc.cluster.local' }), options({ forward }));
  assert.deepEqual(
    answers?.map(({ type }) => type),
    ['CNAME', 'A'],
  );
});

test('a name of the cluster is not denied before the cluster is known', async () => {
  assert.equal((await answerTo(query(headless), options({ areComplete: async () => false }))).code, 2);
});

test('refuses what it does not do, and stays silent to what is no query', async () => {
  const notify = query(headless);
  notify.writeUInt16BE(0x2000, 2);
  assert.equal((await answerTo(notify)).code, 4);
  assert.equal((await answerTo(query(headless, { questions: [] }))).code, 1);
  assert.equal((await answerTo(query(headless, { questions: [headless, headless] }))).code, 1);
  const response = packet.encode({ type: 'response', questions: [headless] });
  assert.equal(await resolve(response, 'udp', options()), undefined);
  for (const bytes of ['', '00', '0001000000010000000000', '000101000001000000000000c00c00010001']) {
    assert.equal(await resolve(Buffer.from(bytes, 'hex'), 'udp', options()), undefined, bytes);
  }
});

test('nothing that a packet may hold makes it throw', async () => {
  const good = query(headless, { additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, options: [] }] });
  const mutated = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, random), async (bytes) => {
      const response = await resolve(bytes, 'udp', options());
      if (response) assert.equal(response.readUInt16BE(0), bytes.readUInt16BE(0));
    }),
    { numRuns: 3000 },
  );
});
