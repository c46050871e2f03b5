import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet, { type Packet, type Question } from 'dns-packet';
import fc from 'fast-check';
import { answersOf, readForeignAnswer } from './foreign-answer.ts';

const asked: Question = { type: 'A', name: 'www.example.com' };
const question = packet.encode({ type: 'query', questions: [asked] }).subarray(12);
const message = (rest: Partial<Packet>) => packet.encode({ type: 'response', id: 7, questions: [asked], ...rest });
const read = (rest: Partial<Packet>) => readForeignAnswer(message(rest), 7, question);

const address = (ttl: number) => ({ type: 'A' as const, name: 'www.example.com', ttl, data: '192.0.2.1' });
const soa = (ttl: number, minimum: number) => ({
  type: 'SOA' as const,
  name: 'example.com',
  ttl,
  data: { mname: 'ns.example.com', rname: 'x.example.com', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});

const kept: [what: string, answer: Partial<Packet>, seconds: number][] = [
  ['as long as the shortest-lived record', { answers: [address(20), address(7)] }, 7],
  ['thirty seconds at most', { answers: [address(3600)] }, 30],
  ['not at all where it says so', { answers: [address(0)] }, 0],
  ['no such record: as long as the zone says', { authorities: [soa(60, 9)] }, 9],
  ['no such record: nor longer than the SOA itself', { authorities: [soa(8, 90)] }, 8],
  ['no such record, and no word of how long', {}, 0],
  ['no such name', { flags: 3, authorities: [soa(25, 25)] }, 25],
  ['a failure', { flags: 2, authorities: [soa(25, 25)] }, 0],
];
for (const [what, answer, seconds] of kept) {
  test(`kept ${what}`, () => assert.equal(read(answer)?.keepSeconds, seconds));
}

test('what answers something else is no answer', () => {
  assert.equal(readForeignAnswer(message({ id: 8 }), 7, question), undefined);
  assert.equal(read({ questions: [{ type: 'A', name: 'www.example.org' }] }), undefined);
  assert.equal(read({ questions: [{ type: 'AAAA', name: 'www.example.com' }] }), undefined);
  assert.equal(read({ questions: [] }), undefined);
  assert.equal(read({ questions: [], flags: 5 })?.encoded.code, 5);
  assert.equal(read({ type: 'query' }), undefined);
  assert.ok(read({ questions: [{ type: 'A', name: 'WWW.example.com' }] }));
});

test('records of types with names that nobody knows are not told on elsewhere', () => {
  const answer = read({
    answers: [
      { type: 'CNAME', name: 'www.example.com', ttl: 9, data: 'a.example.com' },
      { type: 'A', name: 'a.example.com', ttl: 9, data: '192.0.2.1' },
      { type: 'MX', name: 'a.example.com', ttl: 9, data: { preference: 1, exchange: 'm.example.com' } },
    ],
  });
  assert.ok(answer);
  assert.deepEqual(
    answersOf(answer, 2).map(({ name, type, ttl }) => [name, type, ttl]),
    [
      ['www.example.com', 'CNAME', 7],
      ['a.example.com', 'opaque', 7],
    ],
  );
});

test('nothing that a resolver may send makes it throw', () => {
  const good = message({
    answers: [address(20)],
    authorities: [soa(1, 1)],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  });
  const changes = fc.array(fc.tuple(fc.integer({ min: 2, max: good.length - 1 }), fc.nat(255)), { maxLength: 8 });
  fc.assert(
    fc.property(changes, fc.nat(good.length), (mutations, length) => {
      const bytes = Buffer.from(good.subarray(0, length));
      for (const [at, value] of mutations) if (at < length) bytes[at] = value;
      const answer = readForeignAnswer(bytes, 7, question);
      if (answer) answersOf(answer, 0);
    }),
    { numRuns: 3000 },
  );
});
