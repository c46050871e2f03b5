// A host whose services go elsewhere than before, into the other kind of iptables, into a table of nftables or out of it: the agent
// that starts then programs that one, and takes its rules out of the former one when the new ones stand. Until then, also while nobody knows of the master, services go on.
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type Machine, type NodeNetwork } from './lab.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

const ports = [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080 }];
const foreign = 'FORWARD -o docker0 -j ACCEPT'.split(' ');

let lab: Lab;
let host: Machine;
let network: NodeNetwork;
let address = '';

before(async () => {
  lab = await Lab.open(['a']);
  host = lab.host(0);
  network = lab.networkOf(host);
});

after(async () => await lab?.close());

async function putAll(): Promise<void> {
  const puts = [
    ['nodes', nodeObject('a', '10.244.1.0/24', host.address)],
    ['services', serviceObject('web', { clusterIP: '10.96.0.80', ports })],
    ['endpointslices', sliceObject('web', ports, [{ address }])],
  ] as const;
  for (const [plural, object] of puts) await network.order({ do: 'put', plural, object });
}

const kinds = {
  'iptables-legacy': { flavour: 'legacy', serviceRules: 'iptables', save: ['iptables-legacy-save'] },
  'iptables-nft': { flavour: 'nft', serviceRules: 'iptables', save: ['iptables-nft-save'] },
  nftables: { flavour: 'nft', serviceRules: 'nftables', save: ['nft', 'list', 'table', 'ip', 'wherry'] },
} as const;
type Kind = keyof typeof kinds;

const rulesOf = async (kind: Kind): Promise<string> => {
  const [program = '', ...args] = kinds[kind].save;
  return (await host.try(program, args)).stdout;
};
const leadsTo = async (kind: Kind) => new RegExp(`${address}(:| \\. )8080`).test(await rulesOf(kind));
/** Rules for all that is no service stay where the flavour does. */
const isGone = async (kind: Kind, to: Kind) =>
  !(await rulesOf(kind)).includes(kinds[kind].flavour === kinds[to].flavour ? 'WHERRY-SERVICES' : 'WHERRY') &&
  (kind !== 'nftables' || (await rulesOf(kind)) === '');

for (const [from, to] of [
  ['iptables-legacy', 'iptables-nft'],
  ['iptables-nft', 'nftables'],
  ['nftables', 'iptables-legacy'],
  ['iptables-legacy', 'nftables'],
  ['nftables', 'iptables-nft'],
  ['iptables-nft', 'iptables-legacy'],
] as const) {
  test(`from ${from} to ${to} no request fails`, { timeout: 90_000 }, async (t) => {
    const [before, now] = [kinds[from], kinds[to]];
    t.after(async () => {
      await network.kill();
      for (const { flavour } of [before, now]) await host.try(`iptables-${flavour}`, ['-D', ...foreign]);
    });
    network.config.serviceRules = before.serviceRules;
    await host.run(`iptables-${before.flavour}`, ['-A', ...foreign]);
    network.launch();
    await network.order({ do: 'put', plural: 'nodes', object: nodeObject('a', '10.244.1.0/24', host.address) });
    await network.order({ do: 'appear' });
    await network.order({ do: 'start' });
    const pod = await lab.pod(`of-${from}`);
    address = String((await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid })).result);
    await putAll();
    await waitUntil('the rules', async () => await leadsTo(from));
    // Who still asks for the former pod of this address would be told that it cannot be reached.
    await waitUntil('the pod', async () => /^0 of-/.test((await lab.client.ask(host.address, 30080))[0] ?? ''));

    const client = lab.client.start('ask', [host.address, '30080', 'tcp', '0', '100', '0']);
    t.after(() => client.kill());
    const outcomes: string[] = [];
    if (client.stdout) createInterface({ input: client.stdout }).on('line', (line) => outcomes.push(line));
    const more = async () => {
      const wanted = outcomes.length + 30;
      await waitUntil('more answers', () => outcomes.length >= wanted);
    };
    await more();
    await network.kill();
    await host.run(`iptables-${before.flavour}`, ['-D', ...foreign]);
    await host.run(`iptables-${now.flavour}`, ['-A', ...foreign]);
    network.config.serviceRules = now.serviceRules;
    await rm(join(network.config.dataDir, 'network/remembered'), { recursive: true });
    network.launch();
    // The master is away, and nothing is remembered.
    await network.order({ do: 'start' });
    await more();
    assert.ok(await leadsTo(from), 'the former rules stay until there are others');
    await putAll();
    await network.order({ do: 'appear' });
    await waitUntil('the new rules', async () => await leadsTo(to));
    await waitUntil('no former ones', async () => await isGone(from, to));
    await more();
    assert.deepEqual(
      outcomes.filter((outcome) => !outcome.startsWith('0 of-')),
      [],
    );
    await network.order({ do: 'detach', uid: pod.uid });
  });
}
