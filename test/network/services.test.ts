import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type Machine, type NodeNetwork, type TestPod } from './lab.ts';
import { nodeObject, serviceObject, sliceObject, type TestEndpoint } from './objects.ts';

const web = [{ name: 'http', port: 80, targetPort: 8080, nodePort: 30080 }];
const names = [{ name: 'dgram', port: 53, targetPort: 8080, nodePort: 30053, protocol: 'UDP' }];

// Also with and without bridged traffic in the rules, strict checks of the way back, and a default route.
const hosts = [
  { kind: 'nftables', flavour: 'nft', bridgedTraffic: '0', reversePath: '1', defaultRoute: true },
  { kind: 'iptables', flavour: 'legacy', bridgedTraffic: '1', reversePath: '0', defaultRoute: false },
];

for (const { kind, flavour, bridgedTraffic, reversePath, defaultRoute } of hosts) {
  describe(`services on a host of iptables-${flavour}`, { concurrency: false }, () => {
    let lab: Lab;
    let host: Machine;
    let network: NodeNetwork;
    const pods: TestPod[] = [];
    const addresses: string[] = [];
    const asBefore: Record<string, string> = {};

    const pod = (index: number): TestPod => pods[index] as TestPod;
    const endpointsAt = (...indexes: number[]): TestEndpoint[] =>
      indexes.map((index) => ({ address: addresses[index] as string }));
    const putWeb = async (endpoints: TestEndpoint[]): Promise<void> => {
      await network.order({ do: 'put', plural: 'endpointslices', object: sliceObject('web', web, endpoints) });
    };
    const saveOf = async (): Promise<string> => await host.savedRules(flavour);
    const snapshot = async (): Promise<Record<string, string>> => ({
      // Of IPv4: what IPv6 does by itself takes its time.
      links: await host.run('ip', ['-br', 'link']),
      addresses: await host.run('ip', ['-4', 'address']),
      routes: await host.run('ip', ['-4', 'route', 'show', 'table', 'all']),
      rules: await host.run('ip', ['rule']),
      tables: await saveOf(),
      sysctls: await host.run('sh', [
        '-c',
        'grep -rs . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/all /proc/sys/net/bridge',
      ]),
    });
    const settled = async (line: RegExp): Promise<unknown> =>
      await waitUntil(`rules with ${line}`, async () => line.test(await saveOf()));

    before(async () => {
      lab = await Lab.open(['a']);
      host = lab.host(0);
      const settings = [
        ['bridge/bridge-nf-call-iptables', bridgedTraffic],
        ['ipv4/conf/all/rp_filter', reversePath],
      ];
      for (const [name, value] of settings)
        await host.run('sh', ['-c', `if [ -e /proc/sys/net/${name} ]; then echo ${value} >/proc/sys/net/${name}; fi`]);
      if (defaultRoute) await host.run('ip', ['route', 'add', 'default', 'via', lab.client.address]);
      // As Docker leaves a host: chains of its own, and nothing is forwarded that it does not know.
      await host.run(`iptables-${flavour}`, ['-P', 'FORWARD', 'DROP']);
      await host.run(`iptables-${flavour}`, ['-N', 'DOCKER']);
      await host.run(`iptables-${flavour}`, ['-A', 'FORWARD', '-o', 'docker0', '-j', 'DOCKER']);
      await host.run(`iptables-${flavour}`, ['-t', 'nat', '-N', 'DOCKER']);
      Object.assign(asBefore, await snapshot());

      network = lab.networkOf(host);
      network.launch();
      const object = nodeObject('a', '10.244.1.0/24', host.address);
      await network.order({ do: 'put', plural: 'nodes', object });
      for (const [name, clusterIP, ports] of [
        ['web', '10.96.0.80', web],
        ['names', '10.96.0.53', names],
      ] as const) {
        await network.order({
          do: 'put',
          plural: 'services',
          object: serviceObject(name, { clusterIP, ports: [...ports] }),
        });
      }
      await network.order({ do: 'appear' });
      await network.order({ do: 'start' });
      for (const name of ['one', 'two', 'three']) {
        const each = await lab.pod(name);
        pods.push(each);
        const { result } = await network.order({ do: 'attach', uid: each.uid, pid: each.pid });
        addresses.push(result as string);
      }
      await putWeb(endpointsAt(0, 1));
      await network.order({ do: 'put', plural: 'endpointslices', object: sliceObject('names', names, endpointsAt(0)) });
      await settled(/\btcp\b.*10\.244\.1\.2:8080/);
      await settled(/\btcp\b.*10\.244\.1\.3:8080/);
      await settled(/\budp\b.*10\.244\.1\.2:8080/);
    });

    after(async () => await lab?.close());

    test('it says which flavour it found in use, and where services go', () => {
      assert.match(network.log, new RegExp(`service rules go to ${kind} flavour=${flavour}`));
    });

    test('by cluster address: from a pod with its own address, from the host, spread over all endpoints', async () => {
      const outcomes = await pod(2).ask('10.96.0.80', 80, 'tcp', 40);
      assert.deepEqual([...new Set(outcomes)].sort(), ['0 one 10.244.1.4', '0 two 10.244.1.4']);
      assert.deepEqual(
        new Set(await host.ask('10.96.0.80', 80, 'tcp', 40)),
        new Set(['0 one 10.244.1.1', '0 two 10.244.1.1']),
      );
      assert.deepEqual(await pod(2).ask('10.96.0.53', 53, 'udp'), ['0 one 10.244.1.4']);
    });

    test('by node port: from outside although FORWARD drops, from a pod, from the host', async () => {
      const outside = new Set(await lab.client.ask(host.address, 30080, 'tcp', 40));
      assert.deepEqual(outside, new Set(['0 one 10.244.1.1', '0 two 10.244.1.1']));
      assert.deepEqual(await lab.client.ask(host.address, 30053, 'udp'), ['0 one 10.244.1.1']);
      assert.match((await pod(2).ask(host.address, 30080))[0] ?? '', /^0 (one|two)/);
      assert.match((await host.ask(host.address, 30080))[0] ?? '', /^0 (one|two)/);
      assert.match((await host.ask('127.0.0.1', 30080))[0] ?? '', /^0 (one|two)/);
    });

    test('a pod reaches itself through its own service', async () => {
      await putWeb(endpointsAt(0));
      await waitUntil('only one', async () => !(await saveOf()).includes('10.244.1.3:8080'));
      assert.deepEqual(new Set(await pod(0).ask('10.96.0.80', 80, 'tcp', 5)), new Set(['0 one 10.244.1.1']));
    });

    test('a pod speaks to the world as its node, and to the cluster as itself', async () => {
      const server = lab.client.start('pod', ['outside']);
      if (server.stdout) await once(server.stdout, 'data');
      assert.deepEqual(await pod(0).ask(lab.client.address, 8080), [`0 outside ${host.address}`]);
    });

    test('an endpoint that is not ready or ends gets nothing, unless all end and still serve', async () => {
      const [one = '', two = ''] = addresses;
      const ending = { ready: false, terminating: true };
      for (const [endpoints, expected] of [
        [[{ address: one, ready: false, serving: false }, { address: two }], /^0 two/],
        [[{ address: one, ...ending }, { address: two }], /^0 two/],
        [[{ address: one }, { address: two, ...ending }], /^0 one/],
        [
          [
            { address: one, ...ending },
            { address: two, ...ending, serving: false },
          ],
          /^0 one/,
        ],
        [[{ address: one, ...ending, serving: false }], /^failed ECONNREFUSED/],
        [[], /^failed ECONNREFUSED/],
      ] as const) {
        await putWeb([...endpoints]);
        const isSo = (outcomes: string[]) => outcomes.every((outcome) => expected.test(outcome));
        await waitUntil(String(expected), async () => isSo(await pod(2).ask('10.96.0.80', 80, 'tcp', 10)));
        await waitUntil(String(expected), async () => isSo(await lab.client.ask(host.address, 30080, 'tcp', 10)));
        await waitUntil(String(expected), async () => isSo(await host.ask('10.96.0.80', 80, 'tcp', 10)));
      }
    });

    test('who is meant for the zone of the node serves it, and all do where the node is in none of their zones', async () => {
      const [one = '', two = ''] = addresses;
      await putWeb([
        { address: one, forZone: 'east' },
        { address: two, forZone: 'west' },
      ]);
      for (const [zone, expected] of [
        ['west', ['0 two 10.244.1.4']],
        ['east', ['0 one 10.244.1.4']],
        ['south', ['0 one 10.244.1.4', '0 two 10.244.1.4']],
      ] as const) {
        const object = nodeObject('a', '10.244.1.0/24', host.address);
        object.metadata.labels = { 'topology.kubernetes.io/zone': zone };
        await network.order({ do: 'put', plural: 'nodes', object });
        const asked = async () => [...new Set(await pod(2).ask('10.96.0.80', 80, 'tcp', 20))].sort().join();
        await waitUntil(`in ${zone}`, async () => (await asked()) === expected.join());
      }
    });

    test('one retry is enough while an endpoint goes, and none is needed while the agent is killed and comes back', async () => {
      await putWeb(endpointsAt(0, 1));
      await settled(/10\.244\.1\.3:8080/);
      const client = lab.client.start('ask', [host.address, '30080', 'tcp', '0', '150', '1']);
      const outcomes: string[] = [];
      if (client.stdout) createInterface({ input: client.stdout }).on('line', (line) => outcomes.push(line));
      const more = async (count: number) => {
        const wanted = outcomes.length + count;
        await waitUntil('more answers', () => outcomes.length >= wanted);
      };
      await more(30);
      await network.kill();
      await more(30);
      network.launch();
      await network.order({ do: 'start' });
      await more(30);
      // The master comes back with what it knew.
      await network.order({ do: 'put', plural: 'nodes', object: nodeObject('a', '10.244.1.0/24', host.address) });
      await network.order({
        do: 'put',
        plural: 'services',
        object: serviceObject('web', { clusterIP: '10.96.0.80', ports: web }),
      });
      await putWeb(endpointsAt(0, 1));
      const rules = await saveOf();
      assert.match(rules, /10\.96\.0\.53/, 'what it does not know of yet is kept');
      assert.match(rules, /10\.244\.1\.3:8080/, 'and not taken for older than what it remembers');
      await network.order({ do: 'appear' });
      await waitUntil('what is gone meanwhile is taken out', async () => !(await saveOf()).includes('10.96.0.53'));
      await more(30);
      assert.deepEqual(
        outcomes.filter((outcome) => !/^0 (one|two)/.test(outcome)),
        [],
        'nobody noticed the restart',
      );

      await putWeb(endpointsAt(0));
      await waitUntil('out of the rules', async () => !(await saveOf()).includes('10.244.1.3:8080'));
      pod(1).process.kill('SIGKILL');
      await once(pod(1).process, 'exit');
      await network.order({ do: 'detach', uid: pod(1).uid });
      await more(60);
      client.stdin?.end();
      await once(client, 'exit');
      assert.ok(outcomes.length > 180);
      assert.deepEqual(
        outcomes.filter((outcome) => !/^[01] (one|two)/.test(outcome)),
        [],
      );
    });

    test('all is taken back, twice over, and the host is as it was', async () => {
      await network.kill();
      for (const time of ['first', 'second']) {
        const remover = host.start('remove', []);
        const [code] = await once(remover, 'exit');
        assert.equal(code, 0, time);
        assert.deepEqual(await snapshot(), asBefore, time);
      }
    });
  });
}
