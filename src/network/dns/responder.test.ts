import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type Packet, type Question, type RecordType } from 'dns-packet';
import fc from 'fast-check';
import { clusterSettings } from '../../api/cluster-settings.ts';
import { type ForeignAnswer, readForeignAnswer } from './foreign-answer.ts';
import type { Asked } from './forwarder.ts';
import { Responder, type ResponderOptions } from './responder.ts';
import type { Carrier } from './response.ts';
import { Zone } from './zone.ts';

const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});

function zoneOfHeadless(count: number): Zone {
  const zone = new Zone();
  const endpoints = Array.from({ length: count }, (_, index) => ({ address: `10.244.1.${index + 2}`, ports: [] }));
  zone.put({ key: 'shop/db', ports: [], endpoints });
  const aliases = {
    out: 'www.example.com',
    near: 'db.shop.svc.cluster.local',
    twice: 'out.shop.svc.cluster.local',
    lost: 'none.shop.svc.cluster.local',
    ring: 'ring.shop.svc.cluster.local',
    long: `${'a'.repeat(64)}.example`,
  };
  for (const [name, externalName] of Object.entries(aliases))
    zone.put({ key: `shop/${name}`, externalName, ports: [], endpoints: [] });
  return zone;
}

const nobody = { ask: async () => undefined, isOwnEcho: () => false };

const responder = (rest: Partial<ResponderOptions> = {}): Responder =>
  new Responder({ settings, zone: zoneOfHeadless(2), forwarder: nobody, areComplete: () => true, ...rest });

const opt = {
  type: 'OPT' as const,
  name: '.' as const,
  udpPayloadSize: 4096,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};
const query = (question: Question, rest: Partial<Packet> = {}) =>
  packet.encode({ type: 'query', id: 4711, flags: packet.RECURSION_DESIRED, questions: [question], ...rest });
const headless: Question = { type: 'A', name: 'db.shop.svc.cluster.local' };

async function answerTo(bytes: Buffer, with_ = responder(), carrier: Carrier = 'udp') {
  const response = await with_.respond(bytes, carrier);
  assert.ok(response);
  const decoded = packet.decode(response);
  return { ...decoded, code: (decoded.flags ?? 0) & 15, length: response.length };
}

/** A resolver outside that answers every question with these records. */
function outside(answer: Partial<Packet>, asked: Asked[] = []) {
  const ask = async (query: Asked) => {
    asked.push(query);
    const head = Buffer.from('000081800001000000000000', 'hex');
    const { questions = [] } = packet.decode(Buffer.concat([head, query.question]));
    const message = packet.encode({ type: 'response', id: 7, questions, ...answer });
    return { answer: readForeignAnswer(message, 7, query.question) as ForeignAnswer, ageSeconds: 10 };
  };
  return { ask, isOwnEcho: () => false };
}

test('a response bears the number and the question of its query, in the letters in which it was asked', async () => {
  const with_ = responder();
  for (const name of ['Db.Shop.svc.cluster.local', 'db.shop.SVC.Cluster.Local']) {
    const response = await answerTo(query({ type: 'A', name }), with_);
    assert.equal(response.id, 4711);
    assert.equal(response.questions?.[0]?.name, name);
    assert.ok(response.flag_aa && response.flag_rd && response.flag_ra && response.flag_qr);
    assert.deepEqual(
      response.answers?.map((answer) => [answer.name, 'ttl' in answer && answer.ttl]),
      [
        [name, 5],
        [name, 5],
      ],
    );
  }
});

test('another address comes first each time', async () => {
  const with_ = responder({ zone: zoneOfHeadless(3) });
  const seen = [];
  for (let count = 0; count < 3; count++) {
    const { answers = [] } = await answerTo(query(headless), with_);
    seen.push(answers.map((answer) => answer.type === 'A' && answer.data));
  }
  const [a, b, c] = ['10.244.1.2', '10.244.1.3', '10.244.1.4'];
  assert.deepEqual(seen.toSorted(), [
    [a, b, c],
    [b, c, a],
    [c, a, b],
  ]);
});

test('a change of the records is told at once', async () => {
  const zone = zoneOfHeadless(1);
  const with_ = responder({ zone });
  assert.equal((await answerTo(query(headless), with_)).answers?.length, 1);
  zone.drop('shop/db');
  with_.forget();
  assert.equal((await answerTo(query(headless), with_)).code, 3);
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
  const many = responder({ zone: zoneOfHeadless(60) });
  const cut = await answerTo(query(headless), many);
  assert.ok(cut.flag_tc && cut.length <= 512 && cut.length > 512 - 16, 'old resolvers know no TCP: they get what fits');
  const wide = await answerTo(query(headless, { additionals: [opt] }), many);
  assert.ok(!wide.flag_tc && wide.length <= 1232);
  assert.equal(wide.additionals?.[0]?.type, 'OPT');
  assert.equal(wide.answers?.length, 60);
  const modest = await answerTo(query(headless, { additionals: [{ ...opt, udpPayloadSize: 100 }] }), many);
  assert.ok(modest.flag_tc && modest.length <= 512, 'nobody can want less than 512');
  assert.equal((await answerTo(query(headless), many, 'tcp')).answers?.length, 60);
  const most = responder({ zone: zoneOfHeadless(200) });
  assert.ok((await answerTo(query(headless, { additionals: [opt] }), most)).flag_tc);
});

test('of what does not fit all are told in turn, each once in a response', async () => {
  const many = responder({ zone: zoneOfHeadless(60) });
  const seen = new Set<unknown>();
  for (let count = 0; count < 60; count++) {
    const { answers = [] } = await answerTo(query(headless, { additionals: [{ ...opt, udpPayloadSize: 512 }] }), many);
    const addresses = answers.map((answer) => answer.type === 'A' && `${answer.name} ${answer.data}`);
    assert.equal(new Set(addresses).size, 28);
    for (const address of addresses) seen.add(address);
  }
  assert.equal(seen.size, 60);
});

test('of an answer from outside that does not fit the records in front are told, and have grown old', async () => {
  const name = 'many.example.com';
  const answers = Array.from({ length: 40 }, (_, index) => ({
    type: 'A' as const,
    name,
    ttl: 25,
    data: `192.0.2.${index}`,
  }));
  const response = await answerTo(query({ type: 'A', name }), responder({ forwarder: outside({ answers }) }));
  assert.ok(response.flag_tc && response.length <= 512);
  assert.ok((response.answers?.length ?? 0) > 10);
  assert.deepEqual(
    response.answers?.map((answer) => 'ttl' in answer && answer.type === 'A' && `${answer.ttl} ${answer.data}`),
    answers.slice(0, response.answers?.length).map(({ data }) => `15 ${data}`),
  );
});

test('a version of EDNS that nobody knows is refused, as are classes, transfers and what is no type', async () => {
  const newer = await answerTo(query(headless, { additionals: [{ ...opt, ednsVersion: 1 }] }));
  const [edns] = newer.additionals ?? [];
  assert.ok(edns?.type === 'OPT' && edns.extendedRcode === 1 && newer.code === 0);
  const typed = (type: number, queryClass = 1) => {
    const asked = query(headless);
    asked.writeUInt16BE(type, asked.length - 4);
    asked.writeUInt16BE(queryClass, asked.length - 2);
    return asked;
  };
  const cases: [type: number, queryClass: number, code: number][] = [
    [252, 1, 5],
    [251, 1, 5],
    [16, 3, 5],
    [1, 255, 5],
    [41, 1, 4],
    [250, 1, 4],
    [255, 1, 0],
  ];
  const with_ = responder();
  await answerTo(query(headless), with_);
  for (const [type, queryClass, code] of cases)
    assert.equal((await answerTo(typed(type, queryClass), with_)).code, code, `${type} ${queryClass}`);
});

test('what others know is passed on, older and without what concerned us alone', async () => {
  const answers: Packet['answers'] = [
    { type: 'CNAME', name: 'www.example.com', ttl: 60, data: 'other.example.com' },
    { type: 'A', name: 'other.example.com', ttl: 5, data: '192.0.2.1' },
  ];
  const forwarder = outside({ answers, additionals: [opt] });
  const plain = await answerTo(query({ type: 'A', name: 'www.Example.com' }), responder({ forwarder }));
  assert.deepEqual(
    plain.answers?.map((answer) => 'ttl' in answer && answer.ttl),
    [50, 0],
  );
  assert.deepEqual(
    [plain.additionals?.length, plain.flag_aa, plain.questions?.[0]?.name],
    [0, false, 'www.Example.com'],
  );
  const wide = await answerTo(
    query({ type: 'A', name: 'www.example.com' }, { additionals: [opt] }),
    responder({ forwarder }),
  );
  assert.equal(wide.additionals?.length, 1);
  assert.equal((await answerTo(query({ type: 'A', name: 'example.com' }))).code, 2, 'when none answers, that is said');
});

test('everything at once is asked of nobody, nor is what we ask ourselves', async () => {
  const asked: Asked[] = [];
  const forwarder = { ...outside({}, asked), isOwnEcho: (name: string) => name === 'echo' };
  const all = await answerTo(query({ type: 'ANY' as RecordType, name: 'example.com' }), responder({ forwarder }));
  assert.equal(all.answers?.[0]?.type, 'HINFO');
  assert.equal((await answerTo(query({ type: 'HINFO', name: 'echo' }), responder({ forwarder }))).code, 5);
  assert.equal(asked.length, 0);
});

test('another name comes with what stands behind it', async () => {
  const answers: Packet['answers'] = [{ type: 'A', name: 'www.example.com', ttl: 60, data: '192.0.2.1' }];
  const asked: Asked[] = [];
  const with_ = responder({ forwarder: outside({ answers }, asked) });
  const cases: [name: string, types: string[], code: number][] = [
    ['out', ['CNAME', 'A'], 0],
    ['near', ['CNAME', 'A', 'A'], 0],
    ['twice', ['CNAME', 'CNAME', 'A'], 0],
    ['lost', ['CNAME'], 3],
    ['ring', [], 2],
    ['long', [], 2],
  ];
  for (const [name, types, code] of cases) {
    const answer = await answerTo(query({ type: 'A', name: `${name}.shop.svc.cluster.local` }), with_);
    assert.deepEqual([answer.answers?.map(({ type }) => type), answer.code], [types, code], name);
  }
  assert.deepEqual(new Set(asked.map(({ name }) => name)), new Set(['www.example.com']));
  const itself = await answerTo(query({ type: 'CNAME', name: 'out.shop.svc.cluster.local' }), with_);
  assert.deepEqual(
    itself.answers?.map((answer) => answer.type === 'CNAME' && answer.data),
    ['www.example.com'],
  );
  const tooLong = await answerTo(query({ type: 'CNAME', name: 'long.shop.svc.cluster.local' }), with_);
  assert.deepEqual([tooLong.code, tooLong.answers], [2, []], 'DNS has no word for it');
});

test('a name of the cluster is not denied before the cluster is known', async () => {
  assert.equal((await answerTo(query(headless), responder({ areComplete: () => false }))).code, 2);
  let isComplete = false;
  const soon = async () => (isComplete = true);
  const later = responder({ areComplete: () => isComplete || soon() });
  assert.equal((await answerTo(query(headless), later)).answers?.length, 2);
});

test('refuses what it does not do, and stays silent to what is no query', async () => {
  const notify = query(headless);
  notify.writeUInt16BE(0x2000, 2);
  assert.equal((await answerTo(notify)).code, 4);
  assert.equal((await answerTo(query(headless, { questions: [] }))).code, 1);
  assert.equal((await answerTo(query(headless, { questions: [headless, headless] }))).code, 1);
  assert.equal((await answerTo(query(headless, { additionals: [opt, opt] }))).code, 1);
  for (const malformed of [
    '000101000001000000000000c00c00010001',
    '0001010000010000000000000161000001',
    `00010100000100000000000040${'61'.repeat(64)}0000010001`,
  ]) {
    assert.equal((await answerTo(Buffer.from(malformed, 'hex'))).code, 1, malformed);
  }
  for (const bytes of ['', '00', '0001010000010000000000', '000181000001000000000000']) {
    assert.equal(await responder().respond(Buffer.from(bytes, 'hex'), 'udp'), undefined, bytes);
  }
});

test('a dot within a label is no dot between labels', async () => {
  const bytes = query({ type: 'A', name: 'db-shop.svc.cluster.local' });
  bytes[bytes.indexOf('-')] = '.'.charCodeAt(0);
  assert.equal((await answerTo(bytes)).code, 3);
});

test('nothing that a packet may hold makes it throw', async () => {
  const good = query(headless, { additionals: [opt] });
  const mutated = fc
    .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 })
    .map((changes) => {
      const bytes = Buffer.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
  const random = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
  const cut = fc.nat(good.length).map((length) => good.subarray(0, length));
  const with_ = responder();
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, random, cut), fc.constantFrom<Carrier>('udp', 'tcp'), async (bytes, carrier) => {
      const response = await with_.respond(bytes, carrier);
      if (!response) return;
      assert.equal(response.readUInt16BE(0), bytes.readUInt16BE(0));
      assert.ok((response.readUInt16BE(2) & 0x8000) !== 0 && response.length <= 1232);
    }),
    { numRuns: 5000 },
  );
});
