// A program: allocates addresses of a range for pods of new names, gives some back, and says each when it is done; until it is killed.
import { AddressAllocator } from '../../src/network/pods/address-allocator.ts';

const [folder = '', podCidr = '', life = ''] = process.argv.slice(2);
const allocator = await AddressAllocator.load(folder, podCidr);
for (let count = 0; ; count++) {
  const uid = `${life}-${count}`;
  process.stdout.write(`has ${uid} ${await allocator.allocate(uid)}\n`);
  if (count % 3 !== 0) continue;
  process.stdout.write(`releasing ${uid}\n`);
  await allocator.release(uid);
}
