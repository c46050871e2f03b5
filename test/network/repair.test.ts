import assert from 'node:assert/strict';
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

for (const flavour of ['nft', 'legacy']) {
  const iptables = `iptables-${flavour}`;
  const thefts: [name: string, command: string][] = [
    ['all rules', `${iptables} -F; ${iptables} -t nat -F; ${iptables} -X; ${iptables} -t nat -X`],
    ['one jump', `${iptables} -D FORWARD -j WHERRY-FORWARD`],
    ['the translation of local connections', `${iptables} -t nat -D OUTPUT -j WHERRY-SERVICES`],
  ];

  describe(`with ${iptables}`, { concurrency: false }, () => {
    let lab: Lab;
    let host: Machine;
    let network: NodeNetwork;

    const rules = async (): Promise<string> => {
      const saved = await host.run(`${iptables}-save`, []);
      return saved
        .split('\n')
        .filter((line) => /^(-A|:WHERRY)/.test(line))
        .join('\n');
    };

    before(async () => {
      lab = await Lab.open(['a']);
      host = lab.host(0);
      // By what others keep in it the agent knows which one the host uses.
      await host.run(iptables, ['-A', 'FORWARD', '-o', 'docker0', '-j', 'ACCEPT']);
      network = lab.networkOf(host, { secondsInOne: 60 });
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
        await host.run('sh', ['-c', command]);
        assert.notEqual(await rules(), before);
        // What others keep is theirs to bring back.
        const own = (text: string) => text.split('\n').filter((line) => line.includes('WHERRY'));
        await waitUntil(
          'rules as before',
          async () =>
            own(await rules())
              .sort()
              .join() === own(before).sort().join(),
        );
      });
    }

    test('put back: routes and addresses that went with a link that was down', async () => {
      const routes = await host.run('ip', ['-4', 'route']);
      await host.run('sh', [
        '-c',
        'ip link set eth0 down; ip link set eth0 up; ip address flush dev wherry0; ip link set wherry0 down',
      ]);
      assert.notEqual(await host.run('ip', ['-4', 'route']), routes);
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
      assert.match(await host.run('ip', ['-4', 'address', 'show', 'wherry0']), /10\.96\.0\.10\/32/);
    });

    test('what is as it should be is left alone', () => {
      assert.equal(network.log.match(/putting them back/g)?.length, thefts.length);
    });
  });
}
