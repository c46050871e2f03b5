import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { PolicyBench, type Reach } from './policy-bench.ts';

// Policies stay in force whatever happens: pods that start, agents that are killed, rules that others take away.

// Also with and without bridged traffic in the rules.
const hosts = [
  { flavour: 'nft', bridgedTraffic: '0' },
  { flavour: 'legacy', bridgedTraffic: '1' },
];

const deny = { policies: { deny: {} }, shut: ['cart > web:8080', 'thief > web:8080/udp'] as Reach[] };

for (const { flavour, bridgedTraffic } of hosts) {
  describe(`network policies are kept in force on iptables-${flavour}`, { concurrency: false }, () => {
    let bench: PolicyBench;
    before(async () => {
      bench = await PolicyBench.open(flavour, bridgedTraffic);
      await bench.setPolicies(deny.policies);
      await bench.settled({ closed: deny.shut });
    });
    after(async () => await bench?.lab.close());

    const rulesOf = async (host: number) =>
      await bench.lab.host(host).run(`iptables-${flavour}-save`, ['-t', 'filter']);

    test('a new pod is guarded before anything runs in it, and before the API knows its address', async () => {
      await bench.addPod('fresh', { namespace: 'shop', labels: { app: 'fresh' }, host: 0 });
      assert.match(await rulesOf(0), new RegExp(`-A WHERRY-POL-ENTER -d ${bench.addresses.get('fresh')}/32`));
      const unexpected = await bench.unexpected({
        closed: ['thief > fresh:8080', 'cart > fresh:8080'],
        open: ['a > fresh:8080'],
      });
      assert.deepEqual(unexpected, []);
    });

    test('a pod that knows the card address of another one does not reach it past the rules', async () => {
      // Answers must have a way back: that nobody enters the one who asks would hide that he gets through.
      await bench.setPolicies({ deny: { podSelector: { matchLabels: { app: 'web' } } } });
      await bench.settled({ closed: deny.shut, open: ['web > cart:8080'] });
      const [from, to] = [bench.pods.get('cart'), bench.addresses.get('web') ?? ''];
      const card = `0a:58:${to
        .split('.')
        .map((byte) => Number(byte).toString(16).padStart(2, '0'))
        .join(':')}`;
      const script = `ip route add ${to}/32 dev eth0 && ip neighbour add ${to} lladdr ${card} dev eth0`;
      const inPod = (text: string) =>
        bench.lab.client.run('nsenter', [`--net=/proc/${from?.pid}/ns/net`, 'sh', '-c', text]);
      await inPod(script);
      assert.deepEqual(await bench.unexpected({ closed: ['cart > web:8080', 'cart > web:8080/udp'] }), []);
      await inPod(`ip neighbour del ${to} dev eth0; ip route del ${to}/32 dev eth0`);
      await bench.setPolicies(deny.policies);
      await bench.settled({ closed: [...deny.shut, 'web > cart:8080'] });
    });

    test('nor by the address of IPv6 that follows from it, which no rules are about', async () => {
      const [, , third, fourth] = (bench.addresses.get('web') ?? '').split('.').map(Number) as number[];
      const hex = (byte = 0) => byte.toString(16).padStart(2, '0');
      const address = `fe80::858:aff:fef4:${hex(third)}${hex(fourth)}%eth0`;
      const [answer] = (await bench.pods.get('cart')?.ask(address, 8080)) ?? [];
      assert.match(answer ?? '', /^failed /);
    });

    test('what others flush comes back', async () => {
      await bench.lab.host(0).run(`iptables-${flavour}`, ['-F', 'WHERRY-POL-ENTER']);
      await bench.settled({ closed: deny.shut, open: ['a > web:8080'] });
      await bench.lab.host(0).run(`iptables-${flavour}`, ['-F']);
      await bench.settled({ closed: deny.shut, open: ['web > vault:8080'] });
    });

    test('killed, and started again while the API is away: in force all the time, for new pods, too', async () => {
      const network = bench.network(0);
      const memory = (name: string) => readFile(join(network.config.dataDir, 'network', 'remembered', name), 'utf8');
      await waitUntil('memory of policies', async () => /deny/.test(await memory('network-policies.jsonl')));
      await waitUntil('memory of pods', async () => /till/.test(await memory('policy-pods.jsonl')));
      await waitUntil('memory of namespaces', async () => /bank/.test(await memory('policy-namespaces.jsonl')));
      const before = await rulesOf(0);
      await network.kill();
      assert.deepEqual(await bench.unexpected({ closed: deny.shut, open: ['web > vault:8080'] }), []);
      network.launch();
      await network.order({ do: 'start' });
      const chains = (saved: string) => saved.split('\n').filter((line) => /^-A WHERRY-POL/.test(line));
      assert.deepEqual(chains(await rulesOf(0)), chains(before));
      await bench.addPod('late', { namespace: 'shop', labels: {}, host: 0 });
      const stillClosed = { closed: [...deny.shut, 'cart > late:8080', 'thief > late:8080'] as Reach[] };
      assert.deepEqual(await bench.unexpected(stillClosed), []);
      await bench.tellAll(0);
      await network.order({ do: 'appear' });
      await bench.setPolicies({ open: { ingress: [{ from: [{ podSelector: { matchLabels: { app: 'cart' } } }] }] } });
      await bench.settled({ open: ['cart > web:8080', 'cart > late:8080'], closed: ['thief > web:8080/udp'] });
    });

    test('with the last policy all goes: rules, and the watch of all pods', async () => {
      await bench.setPolicies({});
      await bench.settled({ open: deny.shut });
      await waitUntil('no chains', async () => !/WHERRY-POL-/.test(await rulesOf(0)));
      assert.match(await rulesOf(0), /^:WHERRY-POLICY /m);
    });
  });
}
