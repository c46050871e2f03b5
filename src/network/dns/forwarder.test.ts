import assert from 'node:assert/strict';
import { test } from 'node:test';
import packet from 'dns-packet';
import { type Clock, systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { type ForeignAnswer, readForeignAnswer } from './foreign-answer.ts';
import { type Asked, Forwarder } from './forwarder.ts';
import type { AskResolver, Inquiry } from './upstream.ts';

const silent = createLog({ write: () => {} });
const loopProbe = 13;

function asked(name: string): Asked {
  const question = packet.encode({ type: 'query', questions: [{ type: 'A', name }] }).subarray(12);
  return { key: name, name, question, isCheckingDisabled: false, edns: undefined };
}

function answerTo({ question }: Inquiry, { ttl = 20, code = 0 } = {}): ForeignAnswer {
  const head = Buffer.from('000781800001000000000000', 'hex');
  const { questions = [] } = packet.decode(Buffer.concat([head, question]));
  const name = questions[0]?.name ?? '';
  const answers = code === 0 ? [{ type: 'A' as const, name, ttl, data: '192.0.2.1' }] : [];
  const message = packet.encode({ type: 'response', id: 7, flags: code, questions, answers });
  return readForeignAnswer(message, 7, question) as ForeignAnswer;
}

interface Bench {
  forwarder: Forwarder;
  /** Whom it has asked, without the looking for loops. */
  calls: string[];
  pass(ms: number): void;
}

function bench(resolvers: string[], ask: AskResolver): Bench {
  let nowMs = 0;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => nowMs,
    after: (ms, run) => systemClock.after(ms / 100, run),
  };
  const calls: string[] = [];
  const forwarder = new Forwarder({
    resolvers: async () => resolvers,
    ask: async (inquiry, resolver, signal) => {
      if (inquiry.question.at(-3) !== loopProbe) calls.push(resolver);
      return await ask(inquiry, resolver, signal);
    },
    clock,
    log: silent,
  });
  return { forwarder, calls, pass: (ms) => (nowMs += ms) };
}

const never: AskResolver = (_, __, signal) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('the same is asked once, by however many, and again when the answer is too old', async () => {
  const { forwarder, calls, pass } = bench(['a'], async (inquiry) => answerTo(inquiry));
  const all = await Promise.all([1, 2, 3].map(() => forwarder.ask(asked('www.example'))));
  assert.equal(all.filter((told) => told?.answer.encoded.counts[0] === 1).length, 3);
  pass(19_000);
  assert.equal((await forwarder.ask(asked('www.example')))?.ageSeconds, 19);
  assert.equal(calls.length, 1);
  pass(1_000);
  assert.equal((await forwarder.ask(asked('www.example')))?.ageSeconds, 0);
  assert.equal(calls.length, 2);
});

test('who does not answer is followed by the next, who is asked first from then on', async () => {
  const { forwarder, calls } = bench(['a', 'b'], async (inquiry, resolver, signal) =>
    resolver === 'a' ? await never(inquiry, resolver, signal) : answerTo(inquiry),
  );
  assert.ok(await forwarder.ask(asked('one.example')));
  assert.ok(await forwarder.ask(asked('two.example')));
  assert.deepEqual(calls, ['a', 'b', 'b']);
});

test('a failure is told on only where nobody knows better, and not kept', async () => {
  const { forwarder, calls } = bench(['a', 'b'], async (inquiry, resolver) =>
    answerTo(inquiry, { code: resolver === 'a' ? 2 : 5 }),
  );
  assert.equal((await forwarder.ask(asked('www.example')))?.answer.encoded.code, 5);
  await forwarder.ask(asked('www.example'));
  assert.deepEqual(calls, ['a', 'b', 'a', 'b']);
});

test('the only one is asked again: a datagram may get lost', async () => {
  let count = 0;
  const { forwarder } = bench(['a'], async (inquiry, resolver, signal) =>
    inquiry.question.at(-3) !== loopProbe && ++count === 1 ? await never(inquiry, resolver, signal) : answerTo(inquiry),
  );
  assert.ok(await forwarder.ask(asked('www.example')));
});

test('when nobody answers, that is said; when there is nobody, at once', async () => {
  assert.equal(await bench(['a'], never).forwarder.ask(asked('www.example')), undefined);
  assert.equal(await bench([], never).forwarder.ask(asked('www.example')), undefined);
});

test('a resolver that asks us is found out and left out', async () => {
  const { forwarder, calls } = bench(['loop'], async (inquiry, resolver, signal) => {
    const head = Buffer.from('000781800001000000000000', 'hex');
    const name = packet.decode(Buffer.concat([head, inquiry.question])).questions?.[0]?.name ?? '';
    if (forwarder.isOwnEcho(name)) return answerTo(inquiry, { code: 5 });
    return await never(inquiry, resolver, signal);
  });
  await forwarder.ask(asked('one.example'));
  calls.length = 0;
  await forwarder.ask(asked('two.example'));
  assert.deepEqual(calls, []);
  assert.equal(forwarder.isOwnEcho('www.example'), false);
});

test('there is an end to how much is kept and how many are waited for', async () => {
  const { forwarder } = bench(['a'], never);
  const many = Array.from({ length: 1_000 }, (_, index) => forwarder.ask(asked(`${index}.example`)));
  assert.equal(await forwarder.ask(asked('one-too-many.example')), undefined);
  await Promise.all(many);
});
