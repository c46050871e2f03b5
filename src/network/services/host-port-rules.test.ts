import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostPort, PodPorts } from '../pods/host-ports.ts';
import { hostPortChains, hostPortPart } from './host-port-rules.ts';

const web: HostPort = { protocol: 'tcp', hostIp: '', hostPort: 8080, containerPort: 80 };

const dnsAddress = '10.96.0.10';

test('a port of the host leads to its pod, and the answer finds its way back', () => {
  const ports: HostPort[] = [
    web,
    { ...web, protocol: 'udp', hostIp: '192.0.2.7' },
    { ...web, hostIp: '0.0.0.0', hostPort: 81 },
  ];
  const chains = hostPortChains([['u1', { address: '10.42.0.2', ports }]], dnsAddress);
  const [onlyHere, noNames, ...entries] = chains.get('WHERRY-HOSTPORTS') ?? [];
  assert.equal(onlyHere, '-m addrtype ! --dst-type LOCAL -j RETURN');
  assert.equal(
    noNames,
    '-d 10.96.0.10/32 -j RETURN',
    'a pod that serves port 53 does not take the names of all others',
  );
  const matches = entries.map((entry) => entry.replace(/ -j WHERRY-HP-[0-9A-F]{16}$/, ''));
  assert.deepEqual(matches, [
    '-p tcp -m tcp --dport 8080 -m comment --comment "pod u1"',
    '-d 192.0.2.7/32 -p udp -m udp --dport 8080 -m comment --comment "pod u1"',
    '-p tcp -m tcp --dport 81 -m comment --comment "pod u1"',
  ]);
  const targets = entries.map((entry) => entry.slice(entry.indexOf('WHERRY-HP-')));
  assert.equal(new Set(targets).size, 3);
  assert.deepEqual(chains.get(targets[0] ?? ''), [
    '-s 10.42.0.2/32 -m comment --comment "pod u1" -j WHERRY-MARK',
    '-s 127.0.0.0/8 -m comment --comment "pod u1" -j WHERRY-MARK',
    '-p tcp -m comment --comment "pod u1" -j DNAT --to-destination 10.42.0.2:80',
  ]);
});

test('whatever stands for an address of the host, the kernel takes the rules', () => {
  const told = ['::1', 'fd00::7', 'host', '192.0.2.7/32 -j ACCEPT\n-A INPUT', '192.0.2.08', '::'];
  const ports = told.map((hostIp, index) => ({ ...web, hostIp, hostPort: index + 1 }));
  const [, , ...entries] =
    hostPortChains([['u1', { address: '10.42.0.2', ports }]], dnsAddress).get('WHERRY-HOSTPORTS') ?? [];
  assert.deepEqual(
    entries.map((entry) => entry.replace(/ -m tcp .*/, '')),
    ['-d 192.0.2.8/32 -p tcp', '-p tcp'],
  );
});

test('a port that is closed takes its chain with it, and nothing else', () => {
  let ports: [string, { address: string; ports: HostPort[] }][] = [['u1', { address: '10.42.0.2', ports: [web] }]];
  const part = hostPortPart({
    ports: { all: () => ports },
    dnsAddress,
    onUdpWritten: () => assert.fail('none is of UDP'),
  });
  const [[closed] = []] = [...part.takeChanges()].map(({ chain }) => [chain]);
  ports = [];
  assert.deepEqual(
    [...part.takeChanges()],
    [
      { table: 'nat', chain: closed, lines: undefined },
      {
        table: 'nat',
        chain: 'WHERRY-HOSTPORTS',
        lines: ['-m addrtype ! --dst-type LOCAL -j RETURN', '-d 10.96.0.10/32 -j RETURN'],
      },
    ],
  );
  part.written?.({ chains: { nat: new Map(), filter: new Map() }, missing: [], surplus: [] });
});

test('that a port over UDP leads elsewhere is told once the kernel has it, and once', () => {
  let address = '10.42.0.2';
  let told = 0;
  const all = (): [string, PodPorts][] => [['u1', { address, ports: [{ ...web, protocol: 'udp' }] }]];
  const part = hostPortPart({ ports: { all }, dnsAddress, onUdpWritten: () => told++ });
  const write = ({ isTaken }: { isTaken: boolean }) => {
    const before = told;
    assert.ok([...part.takeChanges()].length > 0);
    if (isTaken) part.written?.({ chains: { nat: new Map(), filter: new Map() }, missing: [], surplus: [] });
    return told - before;
  };
  assert.deepEqual([write({ isTaken: true }), write({ isTaken: true })], [1, 0]);
  address = '10.42.0.3';
  assert.deepEqual([write({ isTaken: false }), write({ isTaken: true }), write({ isTaken: true })], [0, 1, 0]);
});
