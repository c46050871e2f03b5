// What a pod's programs make of DNS, each with the resolver that it brings: glibc, musl, dig; with a pod's resolv.conf.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { resolvConf } from '../../src/api/pod-resolv-conf.ts';
import { runCommand, tryCommand } from '../bench/command.ts';
import { unpackedPackage, unpackedProgram } from '../bench/debian-package.ts';
import { Lab, settings, type TestPod } from './lab.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';

let lab: Lab;
let pod: TestPod;
let folder = '';
let musl = '';
let dig: { path: string; libraries: string };

const ports = [{ name: 'sql', port: 5432 }];
const many = Array.from({ length: 90 }, (_, index) => ({ address: `10.244.3.${index + 1}` }));

/** A small compiler and the C library that Alpine's images have: all of it is in Debian's packages. */
async function muslProgram(): Promise<string> {
  const [tcc, development] = [await unpackedPackage('tcc'), await unpackedPackage('musl-dev')];
  const [library, include] = ['usr/lib', 'usr/include'].map((at) => join(development, at, 'x86_64-linux-musl'));
  const objects = ['crt1.o', 'crti.o', 'libc.a', 'crtn.o'].map((name) => `${library}/${name}`);
  const program = join(folder, 'musl-names');
  const flags = ['-nostdinc', '-nostdlib', '-static', '-I', `${include}`, '-o', program];
  const source = join(import.meta.dirname, 'musl-names.c');
  const [first = '', second = '', third = '', last = ''] = objects;
  const runtime = join(tcc, 'usr/lib/x86_64-linux-gnu/tcc');
  await runCommand(join(tcc, 'usr/bin/tcc'), [...flags, '-B', runtime, first, second, source, third, last]);
  return program;
}

/** Runs in the pod's network, with a pod's /etc/resolv.conf. */
async function runInPod(program: string, args: string[]): Promise<string[]> {
  const bind = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
  const enter = [`--net=/proc/${pod.pid}/ns/net`, 'unshare', '--mount', 'sh', '-c', bind, join(folder, 'resolv.conf')];
  return (await tryCommand('nsenter', [...enter, program, ...args])).stdout.trim().split('\n');
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dns-resolvers-'));
  await writeFile(join(folder, 'resolv.conf'), resolvConf(settings, 'shop', { search: [] }));
  [musl, dig] = await Promise.all([muslProgram(), unpackedProgram('bind9-dnsutils', 'usr/bin/dig')]);
  lab = await Lab.open(['a']);
  const upstream = lab.client.start('upstream', []);
  if (upstream.stdout) await once(upstream.stdout, 'data');
  const network = lab.networkOf(lab.host(0));
  network.launch();
  const puts = [
    ['nodes', nodeObject('a', '10.244.1.0/24', '172.30.7.11')],
    ['services', serviceObject('web', { clusterIP: '10.96.0.80', ports })],
    ['services', serviceObject('db', { clusterIP: 'None', ports })],
    ['services', serviceObject('many', { clusterIP: 'None', ports })],
    ['endpointslices', sliceObject('db', ports, [{ address: '10.244.3.1', hostname: 'db-0' }])],
    ['endpointslices', sliceObject('many', ports, many)],
  ] as const;
  for (const [plural, object] of puts) await network.order({ do: 'put', plural, object });
  await network.order({ do: 'appear' });
  await network.order({ do: 'start' });
  pod = await lab.pod('asking');
  await network.order({ do: 'attach', uid: pod.uid, pid: pod.pid });
});

after(async () => {
  await lab?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Every one of them is asked for by name, as applications do. */
const names: [name: string, addresses: string[]][] = [
  ['web', ['10.96.0.80']],
  ['WEB.shop', ['10.96.0.80']],
  ['web.shop.svc', ['10.96.0.80']],
  ['web.shop.svc.cluster.local', ['10.96.0.80']],
  ['web.shop.svc.cluster.local.', ['10.96.0.80']],
  ['db-0.db', ['10.244.3.1']],
  ['10-244-3-9.shop.pod.cluster.local', ['10.244.3.9']],
  ['none.shop.svc.cluster.local.', []],
  ['www.example.', ['192.0.2.77']],
];

async function byGlibc(name: string): Promise<string[]> {
  const lines = await runInPod('getent', ['ahosts', name]);
  return lines.filter((line) => line.includes('STREAM')).map((line) => line.split(' ')[0] ?? '');
}

async function byMusl(name: string): Promise<string[]> {
  const [line = ''] = await runInPod(musl, [name]);
  // The world outside answers AAAA with an A here.
  return line.includes('not resolve') ? [] : [...new Set(line.split(' '))];
}

for (const [library, lookUp] of [
  ['glibc', byGlibc],
  ['musl', byMusl],
] as const) {
  test(`${library} finds what there is, and nothing else`, async () => {
    for (const [name, addresses] of names) assert.deepEqual(await lookUp(name), addresses, name);
  });
}

test('what does not fit into a datagram is complete with glibc', async () => {
  assert.equal((await byGlibc('many')).length, many.length);
});

const digs: [args: string, says: RegExp[]][] = [
  ['web.shop.svc.cluster.local', [/status: NOERROR/, /flags: qr aa rd ra/, /5\tIN\tA\t10\.96\.0\.80/, /udp: 1232/]],
  ['none.shop.svc.cluster.local', [/status: NXDOMAIN/, /5\tIN\tSOA\tns\.dns\.cluster\.local\..* 5$/m]],
  ['web.shop.svc.cluster.local AAAA', [/status: NOERROR/, /ANSWER: 0, AUTHORITY: 1/]],
  ['_sql._tcp.db.shop.svc.cluster.local SRV', [/SRV\t0 100 5432 db-0\.db\.shop\.svc/, /db-0.*IN\tA\t10\.244\.3\.1/]],
  ['-x 10.96.0.80', [/PTR\tweb\.shop\.svc\.cluster\.local\./]],
  ['-x 10.244.3.1', [/PTR\tdb-0\.db\.shop\.svc\.cluster\.local\./]],
  ['dns-version.cluster.local TXT', [/TXT\t"1\.1\.0"/]],
  ['WeB.Shop.svc.CLUSTER.local', [/^WeB\.Shop\.svc\.CLUSTER\.local\.\s5\tIN\tA/m]],
  ['web.shop.svc.cluster.local TYPE65', [/status: NOERROR/, /ANSWER: 0/]],
  ['+notcp web.shop.svc.cluster.local ANY', [/HINFO\t"RFC8482"/]],
  ['cluster.local AXFR', [/Transfer failed/]],
  ['version.bind TXT CH', [/status: REFUSED/]],
  ['+ednsopt=10:0123456789abcdef web.shop.svc.cluster.local', [/status: NOERROR/]],
  ['+edns=5 +noednsneg web.shop.svc.cluster.local', [/status: BADVERS/]],
  ['+noedns +ignore many.shop.svc.cluster.local', [/flags: qr aa tc/, /ANSWER: [1-9]/]],
  ['+tcp many.shop.svc.cluster.local', [/ANSWER: 90/]],
  ['big.example', [/ANSWER: 100/, /\(TCP\)/]],
];

test('nslookup finds names by the search list, and the way back', async () => {
  const nslookup = ['env', [`LD_LIBRARY_PATH=${dig.libraries}`, join(dig.path, '../nslookup')]] as const;
  const told = async (name: string) => (await runInPod(nslookup[0], [...nslookup[1], name])).join('\n');
  assert.match(await told('web'), /Name:\tweb\.shop\.svc\.cluster\.local\nAddress: 10\.96\.0\.80/);
  assert.match(await told('10.96.0.80'), /name = web\.shop\.svc\.cluster\.local\./);
  assert.match(await told('none.shop.svc.cluster.local.'), /NXDOMAIN/);
});

test('dig agrees', async () => {
  for (const [args, says] of digs) {
    const command = [
      `LD_LIBRARY_PATH=${dig.libraries}`,
      dig.path,
      '+tries=1',
      `@${settings.dnsAddress}`,
      ...args.split(' '),
    ];
    const told = (await runInPod('env', command)).join('\n');
    for (const each of says) assert.match(told, each, args);
  }
});
