import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type HostPort, HostPorts } from '../pods/host-ports.ts';
import { hostPortChains, hostPortPart } from './host-port-rules.ts';

const web: HostPort = { protocol: 'tcp', hostIp: '', hostPort: 8080, containerPort: 80 };

test('a port of the host leads to its pod, and the answer finds its way back', () => {
  const ports: HostPort[] = [
    web,
    { ...web, protocol: 'udp', hostIp: '192.0.2.7' },
    { ...web, hostIp: '0.0.0.0', hostPort: 81 },
  ];
  const chains = hostPortChains([['u1', { address: '10.42.0.2', ports }]]);
  const [onlyHere, ...entries] = chains.get('WHERRY-HOSTPORTS') ?? [];
  assert.equal(onlyHere, '-m addrtype ! --dst-type LOCAL -j RETURN');
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

test('a port that is closed takes its chain with it, and nothing else', () => {
  let ports: [string, { address: string; ports: HostPort[] }][] = [['u1', { address: '10.42.0.2', ports: [web] }]];
  const part = hostPortPart({ all: () => ports });
  const [[closed] = []] = [...part.takeChanges()].map(({ chain }) => [chain]);
  ports = [];
  assert.deepEqual(
    [...part.takeChanges()],
    [
      { table: 'nat', chain: closed, lines: undefined },
      { table: 'nat', chain: 'WHERRY-HOSTPORTS', lines: ['-m addrtype ! --dst-type LOCAL -j RETURN'] },
    ],
  );
});

test('who starts anew knows the ports; what was half written is forgotten', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-ports-'));
  try {
    const before = await HostPorts.load(folder);
    const ofPod = { address: '10.42.0.2', ports: [web] };
    assert.equal(await before.open('u1', ofPod), true);
    assert.equal(await before.open('u1', { ...ofPod }), false, 'nothing new');
    await before.open('u2', ofPod);
    await before.open('u3', ofPod);
    await writeFile(join(folder, 'u4'), '{"addr');
    const after = await HostPorts.load(folder);
    assert.deepEqual(after.all(), [
      ['u1', ofPod],
      ['u2', ofPod],
      ['u3', ofPod],
    ]);
    assert.equal(await after.close('u1'), true);
    assert.equal(await after.close('u1'), false);
    assert.equal(await after.closeAllBut(new Set(['u2'])), true);
    assert.equal(await after.closeAllBut(new Set(['u2'])), false);
    assert.deepEqual(await readdir(folder), ['u2']);
  } finally {
    await rm(folder, { recursive: true });
  }
});
