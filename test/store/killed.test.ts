// The server is killed under load, over and over: nothing that it acknowledged is lost, no revision goes back, and who watches
// sees in the end what is there. WHERRY_KILLS says how often.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ConfigMap, configMaps } from '../../src/api/kinds/config-map.ts';
import { TestServer } from '../controllers/test-server.ts';
import { readAll, Writer } from './workload.ts';

const kills = Number(process.env.WHERRY_KILLS ?? 4);
const writersAtOnce = 16;

let server: TestServer;
before(async () => {
  server = await TestServer.open();
});
after(() => server?.close());

test(`killed ${kills} times under load, nothing acknowledged is lost`, async (context) => {
  const writers = Array.from({ length: writersAtOnce }, (_, index) => new Writer(`w${index}`));
  await server.informer(configMaps);
  let newest = 0;
  let writes = 0;
  for (let round = 0; round < kills; round++) {
    // Each round ends at another moment: in the midst of the first commits, or of many.
    const killAfter = 1 + Math.floor(Math.random() * 400);
    let acknowledged = 0;
    const killed = Promise.withResolvers<void>();
    const work = writers.map((writer) =>
      writer.work(server.client, () => {
        if (++acknowledged === killAfter) server.kill().then(killed.resolve, killed.reject);
      }),
    );
    await Promise.all([...work, killed.promise]);
    writes += acknowledged;
    newest = Math.max(newest, ...writers.map(({ revision }) => revision));
    await server.start();
    const { objects, revision } = await readAll(server.client);
    assert.ok(revision >= newest, `the list is of revision ${revision}, ${newest} had been given out`);
    for (const writer of writers) writer.verify(objects);
    newest = revision;
  }
  context.diagnostic(`${kills} kills, ${writes} acknowledged writes, revision ${newest}`);
  const { objects } = await readAll(server.client);
  const named = (all: Iterable<ConfigMap>) =>
    [...all].map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort();
  const wanted = named(objects.values()).join();
  await server.when('the watch tells what is there', configMaps, (seen) => {
    return named(seen.filter(({ metadata }) => metadata.namespace === 'default')).join() === wanted;
  });
});
