import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type Machine, type NodeNetwork } from './lab.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

// What others take away is put back within half a minute; here half a minute takes half a second.

const ports = [{ port: 80, targetPort: 8080 }];
const inFront = [{ port: 80, targetPort: 8080, nodePort: 30080 }];
const udp = [{ port: 53, targetPort: 8080, protocol: 'UDP' }];
const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } };
const endpoints = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ address: `10.244.1.${index + 2}`, nodeName: 'a' }));

/** Rules of every kind, to be compared with what the kernel says of them. */
const objects = [
  ['nodes', nodeObject('a', '10.244.1.0/24', '172.30.7.11')],
  ['nodes', nodeObject('b', '10.244.2.0/24', '172.30.7.12')],
  ['services', serviceObject('web', { clusterIP: '10.96.0.80', ports })],
  ['endpointslices', sliceObject('web', ports, endpoints(3))],
  ['services', serviceObject('names', { clusterIP: '10.96.0.81', ports: udp })],
  ['endpointslices', sliceObject('names', udp, endpoints(1))],
  ['services', serviceObject('sticky', { clusterIP: '10.96.0.82', ports, ...sticky })],
  ['endpointslices', sliceObject('sticky', ports, endpoints(2))],
  ['services', serviceObject('crowd', { clusterIP: '10.96.0.83', ports })],
  ['endpointslices', sliceObject('crowd', ports, endpoints(20))],
  ['services', serviceObject('none', { clusterIP: '10.96.0.84', ports: [...ports, ...udp] })],
  [
    'services',
    serviceObject(
      'outside',
      {
        ...{ clusterIP: '10.96.0.85', ports: inFront, type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
        ...{ externalIPs: ['192.0.2.7'], loadBalancerSourceRanges: ['192.0.2.0/24', '0.0.0.0/0'] },
      },
      ['192.0.2.8'],
    ),
  ],
  ['endpointslices', sliceObject('outside', inFront, endpoints(2))],
] as const;

const kinds = [
  { kind: 'iptables', flavour: 'nft' },
  { kind: 'iptables', flavour: 'legacy' },
  { kind: 'nftables', flavour: 'nft' },
] as const;

/** Of the only pod that there is. */
const answer = 'names 10.244.1.1';

/** How often something is taken away that iptables does not show. */
const hidings = 3;

type Theft = [name: string, command: string];
const ofServices = {
  iptables: (iptables: string): Theft[] => [
    ['the translation of local connections', `${iptables} -t nat -D OUTPUT -j WHERRY-SERVICES`],
  ],
  nftables: (): Theft[] => [
    ['the table', 'nft delete table ip wherry'],
    ['where services are found', 'nft flush map ip wherry doors'],
    ['what translates local connections', 'nft flush chain ip wherry output'],
    ['a chain of services', 'nft flush chain ip wherry to-3'],
  ],
};

for (const { kind, flavour } of kinds) {
  const iptables = `iptables-${flavour}`;
  const thefts: Theft[] = [
    ['all rules', `${iptables} -F; ${iptables} -t nat -F; ${iptables} -X; ${iptables} -t nat -X`],
    ['one jump', `${iptables} -D FORWARD -j WHERRY-FORWARD`],
    ...ofServices[kind](iptables),
  ];

  describe(`with ${iptables} and services in ${kind}`, { concurrency: false }, () => {
    let lab: Lab;
    let host: Machine;
    let network: NodeNetwork;

    const rules = async (): Promise<string> => {
      const saved = await host.savedRules(flavour);
      return saved
        .split('\n')
        .filter((line) => !/^([*]|:[A-Z]+ |COMMIT)/.test(line))
        .join('\n');
    };

    /** By what others keep in it the agent knows which iptables the host uses. */
    const keepForeignRule = () => host.run(iptables, ['-A', 'FORWARD', '-o', 'docker0', '-j', 'ACCEPT']);
    const take = (what: RegExp) =>
      host.run('sh', ['-c', thefts.flatMap(([name, command]) => (what.test(name) ? command : [])).join('; ')]);

    before(async () => {
      lab = await Lab.open(['a']);
      host = lab.host(0);
      await keepForeignRule();
      network = lab.networkOf(host, { secondsInOne: 60, serviceRules: kind });
      network.launch();
      for (const [plural, object] of objects) await network.order({ do: 'put', plural, object });
      await network.order({ do: 'appear' });
      await network.order({ do: 'start' });
      await waitUntil('rules', async () => (await rules()).includes('10.244.1.2:8080'));
      await waitUntil('route', async () => (await host.run('ip', ['route'])).includes('10.244.2.0/24'));
    });

    after(async () => await lab?.close());

    for (const [name, command] of thefts) {
      test(`put back: ${name}`, async () => {
        const before = await rules();
        await network.whileStill(async () => {
          await host.run('sh', ['-c', command]);
          assert.notEqual(await rules(), before);
        });
        // What others keep is theirs to bring back. Elements are in no order.
        const own = (text: string) => {
          const parts = text.split(/[{},\n]/).map((part) => part.replace('elements =', '').trim());
          return parts.filter((part) => part !== '' && !part.includes('docker0')).sort();
        };
        const expected = own(before).join('\n');
        await waitUntil('rules as before', async () => own(await rules()).join('\n') === expected);
      });
    }

    test('put back: routes and addresses that went with a link that was down', async () => {
      const routes = await host.run('ip', ['-4', 'route']);
      const taken =
        'ip link set eth0 down; ip link set eth0 up; ip address flush dev wherry0; ip link set wherry0 down';
      await network.whileStill(async () => {
        await host.run('sh', ['-c', taken]);
        assert.notEqual(await host.run('ip', ['-4', 'route']), routes);
      });
      const sorted = (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => line.replace(/ linkdown/, '').trim())
          // The way to the machine's other networks is not ours to bring back.
          .filter((line) => !line.includes(' via 172.30.7.1 '))
          .sort()
          .join('\n');
      await waitUntil('routes as before', async () => sorted(await host.run('ip', ['-4', 'route'])) === sorted(routes));
      await waitUntil('the address of DNS', async () =>
        (await host.run('ip', ['-4', 'address', 'show', 'wherry0'])).includes('10.96.0.10/32'),
      );
    });

    test('a rule that this iptables cannot show hides ours, and they are neither lost nor doubled', async () => {
      if (flavour === 'legacy') return;
      const before = await rules();
      await host.run('sh', [
        '-c',
        'nft add rule ip filter INPUT ct state established accept; nft add rule ip nat PREROUTING tcp dport 9 dnat to 192.0.2.9',
      ]);
      assert.doesNotMatch(await rules(), /WHERRY-FORWARD/, 'hidden');
      const jumps = async () => {
        const chains = ['filter INPUT', 'filter FORWARD', 'nat PREROUTING', 'nat POSTROUTING'];
        const listed = await host.run('sh', ['-c', chains.map((chain) => `nft list chain ip ${chain}`).join('; ')]);
        return (listed.match(/jump WHERRY-\w+/g) ?? []).sort().join(' ');
      };
      const all = await jumps();
      // Each time a check has been when it is back.
      for (let round = 0; round < hidings; round++) {
        await network.whileStill(async () => {
          await host.run('sh', ['-c', 'nft flush chain ip filter FORWARD; nft flush chain ip filter WHERRY-INPUT']);
        });
        await waitUntil('the jump', async () => (await jumps()) === all);
        await waitUntil('the chain', async () =>
          (await host.run('nft', ['list', 'chain', 'ip', 'filter', 'WHERRY-INPUT'])).includes('10.96.0.10'),
        );
      }
      for (const chain of ['filter INPUT', 'nat PREROUTING']) {
        const [handle] = /(?<=(established accept|dnat to 192.0.2.9).*# handle )\d+/.exec(
          await host.run('nft', ['-a', 'list', 'chain', 'ip', ...chain.split(' ')]),
        ) ?? ['none'];
        await host.run('nft', ['delete', 'rule', 'ip', ...chain.split(' '), 'handle', handle]);
      }
      await waitUntil(
        'rules as before',
        async () => (await rules()).replace(/.*docker0.*\n/, '') === before.replace(/.*docker0.*\n/, ''),
      );
    });

    test('ports of the host are not open before the kernel has them, however often one asks', async () => {
      const open = (hostPort: number) =>
        network.order({
          ...{ do: 'openPorts', uid: 'u1', address: '10.244.1.2' },
          ports: [{ protocol: 'tcp', hostIp: '', hostPort, containerPort: 80 }],
        });
      for (let count = 0; count < 2; count++) await assert.rejects(open(70_000), /70000/);
      await open(8080);
      assert.match(await rules(), /--dport 8080 .*"pod u1"/);
    });

    test('what is as it should be is left alone', () => {
      const seen = thefts.length + (flavour === 'legacy' ? 0 : hidings);
      assert.equal(network.log.match(/putting them back/g)?.length, seen);
    });

    test('a client over UDP that asked while nobody led him is answered when somebody does', async () => {
      const pod = await lab.pod('names');
      assert.equal((await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid })).result, '10.244.1.2');
      const question = {
        id: 'who',
        protocol: 'udp',
        address: '10.96.0.81',
        port: 53,
        times: 1,
        fromPort: 41_000,
      } as const;
      const ask = async () => (await host.survey([question])).who?.[0];
      await waitUntil('an answer', async () => (await ask()) === answer);
      await host.run('conntrack', ['-D', '-p', 'udp']);
      await network.whileStill(async () => {
        await take(/local connections$/);
        assert.notEqual(await ask(), answer);
      });
      await waitUntil('an answer to the same client', async () => (await ask()) === answer);
    });

    test('put back also while the API is away, as all was the last time', async () => {
      const memory = (name: string) => readFile(join(network.config.dataDir, 'network', 'remembered', name), 'utf8');
      await waitUntil('memory of services', async () => /10\.96\.0\.81/.test(await memory('services.jsonl')));
      await waitUntil('memory of endpoints', async () => /names-1/.test(await memory('endpoint-slices.jsonl')));
      await waitUntil('memory of nodes', async () => /172\.30\.7\.12/.test(await memory('nodes.jsonl')));
      await keepForeignRule();
      await network.kill();
      network.launch();
      await network.order({ do: 'start' });
      await take(/^all rules$|^the table$/);
      await waitUntil('an answer', async () => (await host.ask('10.96.0.81', 53, 'udp'))[0] === `0 ${answer}`);
    });
  });
}
