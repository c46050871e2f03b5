import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AddressAllocator } from '../../src/network/pods/address-allocator.ts';

const podCidr = '10.244.0.0/18';
const lives = 12;
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'addresses-'));
});
after(async () => await rm(folder, { recursive: true }));

/** Lines of a life that ends by kill -9 after so many. */
async function live(name: string, lines: number): Promise<string[]> {
  const program = join(import.meta.dirname, 'allocating.ts');
  const child = spawn(process.execPath, [program, folder, podCidr, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (text.split('\n').length > lines) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return text.split('\n').slice(0, -1);
}

test('killed at any moment: nothing that was handed out is lost or handed out twice, and nothing leaks', async () => {
  const owners = new Map<string, string>();
  for (let life = 0; life < lives; life++) {
    for (const line of await live(`life${life}`, 5 + life * 7)) {
      const [what, uid = '', address = ''] = line.split(' ');
      if (what === 'releasing') for (const [known, owner] of owners) if (owner === uid) owners.delete(known);
      if (what !== 'has') continue;
      assert.equal(owners.get(address), undefined, `${address} of ${owners.get(address)} was given to ${uid}, too`);
      owners.set(address, uid);
    }
  }
  const allocator = await AddressAllocator.load(folder, podCidr);
  for (const [address, uid] of owners) assert.equal(allocator.addressOf(uid), address);
  // At the death of each life one address may have been on its way out or back: it is seen, and can be taken back.
  const unknown = allocator.owners().filter((uid) => ![...owners.values()].includes(uid));
  assert.ok(unknown.length <= lives, String(unknown.length));
  for (const uid of allocator.owners()) await allocator.release(uid);
  assert.deepEqual((await AddressAllocator.load(folder, podCidr)).owners(), []);
});
