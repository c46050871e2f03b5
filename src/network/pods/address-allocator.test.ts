import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AddressAllocator } from './address-allocator.ts';

let folder: string;
let count = 0;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'addresses-'));
});
after(async () => await rm(folder, { recursive: true }));

const anew = (): string => join(folder, String(++count));
/** Five pods fit: of eight addresses the range itself, the bridge and the broadcast are taken. */
const small = '10.244.7.8/29';

test('leaves out the range, the bridge and the broadcast, and says when it is full', async () => {
  const allocator = await AddressAllocator.load(anew(), small);
  const addresses = [];
  for (const uid of ['a', 'b', 'c', 'd', 'e']) addresses.push(await allocator.allocate(uid));
  assert.deepEqual(addresses, ['10.244.7.10', '10.244.7.11', '10.244.7.12', '10.244.7.13', '10.244.7.14']);
  await assert.rejects(allocator.allocate('f'), /no address is free in 10\.244\.7\.8\/29, .* all 5 are given to pods/);
  await allocator.release('c');
  assert.equal(await allocator.allocate('f'), '10.244.7.12');
});

test('the same pod has the same address, at once and in the next life', async () => {
  const path = anew();
  const allocator = await AddressAllocator.load(path, small);
  const [one, two] = await Promise.all([allocator.allocate('a'), allocator.allocate('b')]);
  assert.notEqual(one, two);
  assert.equal(await allocator.allocate('a'), one);
  const next = await AddressAllocator.load(path, small);
  assert.equal(await next.allocate('b'), two);
  assert.equal(next.addressOf('a'), one);
  assert.notEqual(await next.allocate('c'), two);
  assert.deepEqual(next.owners().sort(), ['a', 'b', 'c']);
});

test('an address that was given back rests as long as others are free', async () => {
  const allocator = await AddressAllocator.load(anew(), small);
  assert.equal(await allocator.allocate('a'), '10.244.7.10');
  await allocator.release('a');
  await allocator.release('a');
  assert.equal(await allocator.allocate('b'), '10.244.7.11');
});

test('what a death midway left is free again: a file without owner, or of another range', async () => {
  const path = anew();
  await AddressAllocator.load(path, small);
  await writeFile(join(path, '10.244.7.10'), '');
  await writeFile(join(path, '10.9.9.9'), 'old');
  const allocator = await AddressAllocator.load(path, small);
  assert.deepEqual(allocator.owners(), []);
  assert.deepEqual(await readdir(path), []);
});

test('never takes what another process has taken meanwhile', async () => {
  const path = anew();
  const [one, other] = [await AddressAllocator.load(path, small), await AddressAllocator.load(path, small)];
  const taken = await Promise.all([one.allocate('a'), other.allocate('b'), one.allocate('c'), other.allocate('d')]);
  assert.equal(new Set(taken).size, 4);
});
