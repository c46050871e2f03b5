import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOfAddress, bucketOfPort, type Contribution, SharedChains } from './shared-chains.ts';

const at = (address: string, line: string): Contribution => {
  return { table: 'nat', chain: 'ALL', bucket: bucketOfAddress(address), line };
};
const changesOf = (shared: SharedChains) =>
  [...shared.takeChanges()].map(({ chain, lines }) => `${chain}: ${lines?.join(' | ') ?? 'gone'}`);

test('what services contribute stands in buckets, in the order of their names, each line once', () => {
  const shared = new SharedChains().add('nat', 'ALL', { head: ['head'], tail: ['tail'] }).add('nat', 'SELF');
  assert.deepEqual(changesOf(shared), ['ALL: tail', 'SELF: '], 'also what is empty is said at first');
  const self = { table: 'nat', chain: 'SELF', line: 'mine' } as const;
  shared.set('b', [at('10.0.0.65', 'b1'), self]);
  shared.set('a', [at('10.0.0.1', 'a1'), at('10.0.0.2', 'a2'), self]);
  const to = (low: number) => `-d 0.0.0.${low}/0.0.0.15 -j ALL-${low}`;
  assert.deepEqual(changesOf(shared).sort(), [
    'ALL-1-0: a1',
    'ALL-1-4: b1',
    'ALL-1: -d 0.0.0.0/0.0.0.240 -j ALL-1-0 | -d 0.0.0.64/0.0.0.240 -j ALL-1-4',
    'ALL-2-0: a2',
    'ALL-2: -d 0.0.0.0/0.0.0.240 -j ALL-2-0',
    `ALL: head | ${to(1)} | ${to(2)} | tail`,
    'SELF: mine',
  ]);
  shared.set('a', [at('10.0.0.1', 'a1'), at('10.0.0.2', 'a2'), self]);
  assert.deepEqual(changesOf(shared), [], 'the same again is no change');
  shared.set('a', [at('10.0.0.65', 'a3')]);
  assert.deepEqual(changesOf(shared).sort(), [
    'ALL-1-0: gone',
    'ALL-1-4: a3 | b1',
    'ALL-1: -d 0.0.0.64/0.0.0.240 -j ALL-1-4',
    'ALL-2-0: gone',
    'ALL-2: gone',
    `ALL: head | ${to(1)} | tail`,
    'SELF: mine',
  ]);
  shared.set('a', []);
  shared.set('b', []);
  assert.deepEqual(changesOf(shared).sort(), ['ALL-1-4: gone', 'ALL-1: gone', 'ALL: tail', 'SELF: ']);
});

test('one change of five thousand services touches one bucket', () => {
  const shared = new SharedChains().add('nat', 'ALL');
  for (let count = 0; count < 5000; count++) {
    shared.set(`s${count}`, [at(`10.0.${count >> 8}.${count & 255}`, `line ${count}`)]);
  }
  changesOf(shared);
  shared.set('one more', [at('10.0.77.7', 'more')]);
  const [only, ...others] = [...shared.takeChanges()];
  assert.deepEqual(others, []);
  assert.ok((only?.lines?.length ?? 0) < 30, `${only?.lines?.length} rules`);
});

test('ports of a node are spread by ranges', () => {
  assert.deepEqual(bucketOfPort('udp', 30100), { name: 'UDP-30080', match: '-p udp -m udp --dport 30080:30143' });
  assert.deepEqual(bucketOfPort('udp', 30079).match, '-p udp -m udp --dport 30016:30079');
});
