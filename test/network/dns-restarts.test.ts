// Lookups do not fail while an agent is killed, is away, and starts again, nor while its DNS program is replaced by a newer one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type NodeNetwork, settings, type TestPod } from './lab.ts';
import type { LookupReport } from './lookups.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

let lab: Lab;
let network: NodeNetwork;
let pod: TestPod;

const http = [{ name: 'http', port: 80 }];

async function putAll(): Promise<void> {
  const puts = [
    ['nodes', nodeObject('a', '10.244.1.0/24', '172.30.7.11')],
    ['services', serviceObject('web', { clusterIP: '10.96.0.80', ports: http })],
    ['services', serviceObject('few', { clusterIP: 'None', ports: http })],
    ['endpointslices', sliceObject('few', http, [{ address: '10.244.1.100' }, { address: '10.244.1.101' }])],
  ] as const;
  for (const [plural, object] of puts) await network.order({ do: 'put', plural, object });
}

async function start(): Promise<void> {
  network.launch();
  await putAll();
  await network.order({ do: 'appear' });
  await network.order({ do: 'start' });
}

/** Looks up a hundred names a second while something happens. */
async function lookUpDuring(happen: () => Promise<void>): Promise<LookupReport> {
  const client = pod.start('lookups', [settings.dnsAddress, '100']);
  assert.ok(client.stdout && client.stdin);
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  await lines.next();
  await delay(300);
  await happen();
  await delay(300);
  client.stdin.end();
  return JSON.parse(String((await lines.next()).value)) as LookupReport;
}

async function ask(name: string): Promise<unknown> {
  const [line = ''] = await pod.run('resolve', [settings.dnsAddress, 'A', `${name}.shop.svc.cluster.local`]);
  return JSON.parse(line);
}

async function theProgram(): Promise<number> {
  const [pid = 0, ...others] = await lab.host(0).dnsPrograms();
  assert.deepEqual(others, [], 'there is one program');
  return pid;
}

before(async () => {
  lab = await Lab.open(['a']);
  const upstream = lab.client.start('upstream', []);
  if (upstream.stdout) await once(upstream.stdout, 'data');
  network = lab.networkOf(lab.host(0));
  await start();
  pod = await lab.pod('asking');
  await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid });
});

after(async () => await lab?.close());

test('no lookup fails while the agent is killed and starts again, three times', async (t) => {
  const program = await theProgram();
  const { asked, failed, slowestMs } = await lookUpDuring(async () => {
    for (let count = 0; count < 3; count++) {
      await network.kill();
      await delay(300);
      await start();
    }
  });
  assert.deepEqual(failed, []);
  assert.ok(asked > 200, `${asked}`);
  t.diagnostic(`the slowest took ${Math.round(slowestMs)} ms`);
  assert.equal(await theProgram(), program, 'the same program went on');
});

test('a peer that ends in the midst of a word does not end the program', async () => {
  const program = await theProgram();
  const peer = connect(join(network.config.dataDir, 'network', 'dns.sock'));
  await once(peer, 'connect');
  peer.write('{"do":"put"', () => peer.destroy());
  await once(peer, 'close');
  await delay(300);
  assert.equal(await theProgram(), program);
  assert.deepEqual(await ask('web'), ['10.96.0.80']);
});

test('what changed while the agent was away is told when it is back', async () => {
  await network.kill();
  network.launch();
  await network.order({ do: 'put', plural: 'nodes', object: nodeObject('a', '10.244.1.0/24', '172.30.7.11') });
  await network.order({
    do: 'put',
    plural: 'services',
    object: serviceObject('new', { clusterIP: '10.96.0.81', ports: http }),
  });
  await network.order({ do: 'appear' });
  await network.order({ do: 'start' });
  await waitUntil('the old is gone', async () => (await ask('web')) === 'ENOTFOUND');
  await waitUntil('the new is there', async () => Array.isArray(await ask('new')));
  assert.deepEqual(await ask('new'), ['10.96.0.81']);
  await putAll();
  await waitUntil('the old is back', async () => Array.isArray(await ask('web')));
});

test('no lookup fails while a newer program takes over, and there is one again', async (t) => {
  const program = await theProgram();
  const newer = join(network.config.dataDir, 'dns-program-of-tomorrow.ts');
  await writeFile(newer, `import '${import.meta.resolve('../../src/network/dns/dns-program.ts')}';\n`);
  await network.kill();
  network.config.dnsProgram = newer;
  const { failed, slowestMs } = await lookUpDuring(async () => {
    await start();
    await waitUntil('the former program has gone', async () => {
      const programs = await lab.host(0).dnsPrograms();
      return programs.length === 1 && !programs.includes(program);
    });
  });
  assert.deepEqual(failed, []);
  t.diagnostic(`the slowest took ${Math.round(slowestMs)} ms`);
});

test('names are answered again where a newer program takes all over and then cannot be found', async () => {
  const newest = join(network.config.dataDir, 'dns-program-of-next-week.ts');
  const program = JSON.stringify(import.meta.resolve('../../src/network/dns/dns-program.ts'));
  await writeFile(
    newest,
    `if (process.send) {
      process.on('message', ({ give }) => (give === 'tcp' ? process.send('taken') : give === 'office' && process.exit(1)));
      process.send('ready');
    } else await import(${program});\n`,
  );
  await network.kill();
  network.config.dnsProgram = newest;
  await start();
  await theProgram();
  await waitUntil('names are answered', async () => Array.isArray(await ask('web')));
});

test('a program that is killed itself is started again at once, and told all that it has to know', async () => {
  const program = await theProgram();
  await lookUpDuring(async () => {
    process.kill(program, 'SIGKILL');
    // Nobody holds the socket meanwhile: clients are refused, and ask again.
    await waitUntil('names are answered', async () => Array.isArray(await ask('web')));
  });
  assert.notEqual(await theProgram(), program);
  assert.deepEqual((await lookUpDuring(async () => {})).failed, []);
});

test('the program ends when the network is taken back, and when its folder is taken away', async () => {
  await network.kill();
  const remove = lab.host(0).start('remove', [network.config.dataDir]);
  await once(remove, 'exit');
  await waitUntil('it has ended', async () => (await lab.host(0).dnsPrograms()).length === 0);

  await start();
  await theProgram();
  await network.kill();
  await rm(join(network.config.dataDir, 'network'), { recursive: true });
  await waitUntil('it has ended', async () => (await lab.host(0).dnsPrograms()).length === 0);
});
