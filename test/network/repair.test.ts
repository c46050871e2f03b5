import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitUntil } from '../bench/wait-until.ts';
import { Lab, type Machine, type NodeNetwork } from './lab.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

// What others take away is put back within half a minute; here half a minute takes half a second.

let lab: Lab;
let host: Machine;
let network: NodeNetwork;

before(async () => {
  lab = await Lab.open(['a']);
  host = lab.host(0);
  network = lab.networkOf(host, { secondsInOne: 60 });
  network.launch();
  const ports = [{ port: 80, targetPort: 8080 }];
  const puts = [
    ['nodes', nodeObject('a', '10.244.1.0/24', '172.30.7.11')],
    ['nodes', nodeObject('b', '10.244.2.0/24', '172.30.7.12')],
    ['services', serviceObject('web', { clusterIP: '10.96.0.80', ports })],
    ['endpointslices', sliceObject('web', ports, [{ address: '10.244.1.2' }])],
  ] as const;
  for (const [plural, object] of puts) await network.order({ do: 'put', plural, object });
  await network.order({ do: 'appear' });
  await network.order({ do: 'start' });
  await waitUntil('rules', async () => (await rules()).includes('10.244.1.2:8080'));
  await waitUntil('route', async () => (await host.run('ip', ['route'])).includes('10.244.2.0/24'));
});

after(async () => await lab?.close());

async function rules(): Promise<string> {
  const saved = await host.run('iptables-save', []);
  return saved
    .split('\n')
    .filter((line) => /^(-A|:WHERRY)/.test(line))
    .join('\n');
}

const thefts: [name: string, command: string][] = [
  ['all rules', 'iptables -F; iptables -t nat -F; iptables -X; iptables -t nat -X'],
  ['one jump', 'iptables -D FORWARD -j WHERRY-FORWARD'],
  ['the translation of local connections', 'iptables -t nat -D OUTPUT -j WHERRY-SERVICES'],
];

for (const [name, command] of thefts) {
  test(`put back: ${name}`, async () => {
    const before = await rules();
    await host.run('sh', ['-c', command]);
    assert.notEqual(await rules(), before);
    await waitUntil(
      'rules as before',
      async () => (await rules()).split('\n').sort().join() === before.split('\n').sort().join(),
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
