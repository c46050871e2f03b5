import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HostPorts, type PodPorts } from './host-ports.ts';

const portsOf = (address: string, hostPort: number): PodPorts => ({
  address,
  ports: [{ protocol: 'tcp', hostIp: '', hostPort, containerPort: 80 }],
});

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'wherry-host-ports-'));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('an agent that starts anew knows the ports of its pods, but for those that nobody can read', () =>
  inFolder(async (folder) => {
    const before = await HostPorts.load(folder);
    await before.open('b', portsOf('10.0.0.2', 8080));
    await before.open('a', portsOf('10.0.0.1', 8081));
    await writeFile(join(folder, 'torn'), '{"addr');
    await writeFile(join(folder, 'a.1.part'), JSON.stringify(portsOf('10.0.0.1', 8082)));
    const known = [
      ['a', portsOf('10.0.0.1', 8081)],
      ['b', portsOf('10.0.0.2', 8080)],
    ];
    assert.deepEqual((await HostPorts.load(folder)).all(), known);
    assert.deepEqual((await HostPorts.load(folder)).all(), known, 'the torn file harms the next start neither');
  }));

test('ports that are closed stay closed, those of one pod and those of all that are gone', () =>
  inFolder(async (folder) => {
    const ports = await HostPorts.load(folder);
    for (const [number, uid] of ['a', 'b', 'c'].entries()) await ports.open(uid, portsOf('10.0.0.1', 8080 + number));
    assert.equal(await ports.close('a'), true);
    assert.equal(await ports.close('a'), false, 'it is closed already');
    assert.equal(await ports.closeAllBut(new Set(['c', 'new'])), true);
    assert.equal(await ports.closeAllBut(new Set(['c'])), false);
    const left = [['c', portsOf('10.0.0.1', 8082)]];
    assert.deepEqual(ports.all(), left);
    assert.deepEqual((await HostPorts.load(folder)).all(), left);
  }));
