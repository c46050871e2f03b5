// A process that writes to a store, two keys in each transaction, and prints each revision when it is acknowledged. It ends when it is
// killed, and writes no more than the log has room for, however late that is. Arguments: the directory.
import { EmbeddedStore } from '../../src/store/embedded/embedded-store.ts';

const store = await EmbeddedStore.open(process.argv[2] ?? '');
const most = 100;
const write = async (writer: number) => {
  for (let count = 0; count < most; count++) {
    const value = `${writer} ${count} ${'x'.repeat((count * 37) % 900)}`;
    const revision = await store.transact([
      { key: `/pair/${writer}/${count % 50}/one`, value },
      { key: `/pair/${writer}/${count % 50}/two`, value },
    ]);
    process.stdout.write(`${revision}\n`);
  }
};
await Promise.all([write(1), write(2), write(3)]);
setInterval(() => {}, 60_000);
