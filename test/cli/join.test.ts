// Hosts that join: each reason for which a join fails is said with the way out, within ten seconds, and leaves nothing behind; and whose
// a node's name is, from the join until the node is deleted.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConfigMap, configMaps } from '../../src/api/kinds/config-map.ts';
import { nodes } from '../../src/api/kinds/node.ts';
import { createJoinToken } from '../../src/cli/token.ts';
import { createAuthority, openAuthority } from '../../src/pki/authority.ts';
import { caHash, pairIn } from '../../src/pki/certificate.ts';
import { parseJoinToken } from '../../src/pki/token.ts';
import { type CommandOutcome, tryCommand } from '../bench/command.ts';
import { TestServer } from '../controllers/test-server.ts';
import { wherry } from './wherry.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
const clockJump = join(import.meta.dirname, '../store/clock-jump.mjs');

let server: TestServer;
let directory: string;
/** What the program takes to do nothing: the yardstick on a machine where others work beside. */
let startMs: number;
const listening: Server[] = [];
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-join-'));
  server = await TestServer.open();
  const begun = performance.now();
  await wherry(['version']);
  startMs = performance.now() - begun;
});
after(async () => {
  for (const each of listening) each.close();
  await server?.close();
  await rm(directory, { recursive: true, force: true });
});

const newToken = (ttlMs = 600_000) => createJoinToken(server.kubeconfig, ttlMs, 'test');
const machine = (name: string) => join(directory, name);
const clientFile = (of: string) => join(machine(of), 'agent/pki/client.pem');
const url = () => server.kubeconfig.server;

interface Attempt {
  /** The folder of the machine's data. */
  on: string;
  as?: string;
  at?: string;
  token?: string | undefined;
  env?: Record<string, string>;
}

const joinArguments = ({ on, as = on, at = url(), token }: Attempt) => [
  ...['join', '--data-dir', machine(on), '--node-name', as, '--server', at],
  ...(token === undefined ? [] : ['--token', token]),
];
const tryJoin = async (attempt: Attempt) => await wherry(joinArguments(attempt), attempt.env);

/** The reason is said, in one line, in time, and the host has nothing of a cluster. */
async function refused(attempt: Attempt, says: RegExp): Promise<void> {
  const begun = performance.now();
  assertRefused(await tryJoin(attempt), says);
  const tookMs = performance.now() - begun;
  // Ten seconds, and a while in which the program starts.
  assert.ok(tookMs < Math.max(14_000, 10_000 + 20 * startMs), `${tookMs} ms, and ${startMs} to do nothing`);
  assert.ok(!existsSync(clientFile(attempt.on)));
}

function assertRefused({ code, stderr }: CommandOutcome, says: RegExp): void {
  assert.equal(code, 1, stderr);
  const reason = stderr.split('\n').find((line) => line.startsWith('wherry: ')) ?? stderr;
  assert.match(reason, says);
}

async function listen(listener: Server): Promise<string> {
  listening.push(listener.listen(0, '127.0.0.1'));
  await once(listener, 'listening');
  return `https://127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

test('a token that is wrong, in each way', async () => {
  const token = await newToken();
  const [id = '', , hash = ''] = token.split('.');
  const unknown = /does not know the join token: it was mistyped, deleted, or has expired.*wherry token create/;
  await refused({ on: 'x', token: `${id}.0123456789abcdef.${hash}` }, unknown);
  await refused({ on: 'x', token: await newToken(-1000) }, unknown);
  await refused({ on: 'x', token: 'abc' }, /join token is malformed: expected ID\.SECRET\.HASH/);
  await refused({ on: 'x' }, /no valid certificate of a cluster yet: give it a join token/);
});

test('a token that is for one thing only', async () => {
  const tokenFor = (usage: string) => createJoinToken(server.kubeconfig, 600_000, 'test', [usage]);
  await refused(
    { on: 'x', token: await tokenFor('authentication') },
    /no signature by the join token.*usage "signing"/,
  );
  const signing = await tokenFor('signing');
  const { id } = parseJoinToken(signing);
  // Whoever knows it without the pin, as kubeadm does, finds its signature for as long as there is the token.
  const isSigned = (maps: ConfigMap[]) =>
    maps.some(({ metadata, data }) => metadata.name === 'cluster-info' && data?.[`jws-kubeconfig-${id}`] !== undefined);
  await server.when('the signature', configMaps, isSigned);
  await refused({ on: 'x', token: signing }, /lets nobody in: it was made without the usage "authentication"/);
  await wherry(['token', 'delete', id, '--kubeconfig', server.kubeconfigFile]);
  await server.when('no signature', configMaps, (maps) => !isSigned(maps));
});

test('a token of another cluster', async () => {
  const { certificate } = await createAuthority('another');
  const [id, secret] = (await newToken()).split('.');
  const token = `${id}.${secret}.${caHash(certificate)}`;
  await refused({ on: 'x', token }, /not of the cluster that the join token is for, or someone stands in between/);
});

test('a clock that is off, by how much', async () => {
  const token = await newToken();
  const clockFile = join(directory, 'clock');
  const env = { NODE_OPTIONS: `--import=${clockJump}`, WHERRY_TEST_CLOCK_FILE: clockFile };
  await writeFile(clockFile, '-86400000');
  await refused({ on: 'x', token, env }, /clock is 86(39\d|40\d) s behind the master's: set the one that is wrong/);
  await writeFile(clockFile, '120000');
  await refused({ on: 'x', token, env }, /clock is 1(19|2\d) s ahead of the master's/);
});

test('a port at which nothing listens, and one at which something else does', async () => {
  const token = await newToken();
  await refused({ on: 'x', token, at: 'https://127.0.0.1:9' }, /nothing listens at 127\.0\.0\.1:9.*ufw allow 9\/tcp/);
  await refused(
    { on: 'x', token, at: 'https://no-such-host.invalid:6443' },
    /no-such-host\.invalid cannot be resolved/,
  );
  await refused({ on: 'x', token, at: 'http://127.0.0.1:6443' }, /no address of a master: say it as https:/);
  const plain = createHttpServer((_, response) => response.end('hello'));
  await refused({ on: 'x', token, at: await listen(plain) }, /does not speak HTTPS/);
  const silent = createServer(() => {});
  await refused({ on: 'x', token, at: await listen(silent) }, /no answer from 127\.0\.0\.1:\d+ within 4 s/);
});

for (const [what, rule, says] of [
  [
    'drops',
    'INPUT -p tcp --dport 6443 -j DROP',
    /no answer.*firewall drops.*iptables -I INPUT -p tcp --dport 6443 -j AC/,
  ],
  ['rejects', 'INPUT -p tcp --dport 6443 -j REJECT', /nothing listens.*firewall there rejects.*--add-port=6443\/tcp/],
  [
    'answers for its administrator',
    'INPUT -p tcp --dport 6443 -j REJECT --reject-with icmp-host-prohibited',
    /no way to 127\.0\.0\.1:6443.*its firewall forbids it/,
  ],
  ['lets nothing out', 'OUTPUT -p tcp --dport 6443 -j DROP', /no answer.*or what leaves here: `iptables -S OUTPUT`/],
] as const)
  test(`a firewall that ${what}`, async () => {
    const command = joinArguments({ on: 'x', at: 'https://127.0.0.1:6443', token: await newToken() });
    const script = `ip link set lo up && iptables -A ${rule} && exec "$@"`;
    const env = { ...process.env, WHERRY_CONFIG: '/dev/null', NO_COLOR: '1' };
    const args = ['--net', 'sh', '-c', script, 'sh', process.execPath, main, ...command];
    assertRefused(await tryCommand('unshare', args, { env }), says);
  });

async function standIn(answer: RequestListener): Promise<string> {
  const authority = openAuthority(await createAuthority('stand-in'));
  const { certificate: cert, key } = await authority.issue({ commonName: 'x' }, { usages: ['server'] });
  return await listen(createHttpsServer({ cert, key }, answer));
}

test('a master that is too new, and what is no master at all', async () => {
  const token = await newToken();
  const newer = await standIn((_, response) => response.end('{"gitVersion":"v1.36.1"}'));
  await refused(
    { on: 'x', token, at: newer },
    /master is of version v1\.36\.1 and this program of v1\.34.*one minor version/,
  );
  const page = await standIn((_, response) => response.end('<html>'));
  await refused({ on: 'x', token, at: page }, /is no Kubernetes API: see whether the address is right/);
});

test('an address that a node has which is ready', async () => {
  await server.client.create(nodes, { metadata: { name: 'neighbour' } });
  const status = {
    addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
    conditions: [{ type: 'Ready', status: 'True' }],
  };
  await server.client.patch(nodes, { name: 'neighbour' }, { status }, { subresource: 'status' });
  const token = await newToken();
  await refused({ on: 'x', token }, /address 127\.0\.0\.1 is that of the node neighbour.*--node-ip/);
  assert.ok(!(await server.kubectl('get', 'nodes')).includes('\nx '));
  await server.client.delete(nodes, { name: 'neighbour' });
});

const clientOf = async (name: string) => {
  const identity = pairIn(await readFile(clientFile(name), 'utf8'));
  assert.ok(identity);
  return server.clientAs(identity);
};

test('a name belongs to who joined with it, until the node is deleted: then name and credential are free', async () => {
  const first = await tryJoin({ on: 'first', as: 'one', token: await newToken() });
  assert.deepEqual([first.code, first.stdout], [0, `this host is the node one of ${url()}\n`], first.stderr);
  const again = await tryJoin({ on: 'first', as: 'one', token: await newToken() });
  assert.equal(again.code, 0, again.stderr);
  const old = await clientOf('first');
  assert.equal((await old.get(nodes, { name: 'one' })).metadata.name, 'one');

  const taken = /there is a node one already: give this host another name with --node-name.*kubectl delete node one/;
  await refused({ on: 'second', as: 'one', token: await newToken() }, taken);
  await server.kubectl('delete', 'node', 'one');
  const second = await tryJoin({ on: 'second', as: 'one', token: await newToken() });
  assert.equal(second.code, 0, second.stderr);

  // The machine that was the node is so no longer: neither with what it has, nor by asking for it again.
  await assert.rejects(old.get(nodes, { name: 'one' }), { code: 401 });
  assertRefused(await tryJoin({ on: 'first', as: 'one', token: await newToken() }), taken);
  assert.equal((await (await clientOf('second')).get(nodes, { name: 'one' })).metadata.name, 'one');

  // And it may come back, under its old name, when that is free.
  await server.kubectl('delete', 'node', 'one');
  const back = await tryJoin({ on: 'first', as: 'one', token: await newToken() });
  assert.equal(back.code, 0, back.stderr);
  assert.equal((await (await clientOf('first')).get(nodes, { name: 'one' })).metadata.name, 'one');
});

test('a host that heard no more once it had become the node is that node when it tries again', async () => {
  const exists = async () => (await server.client.list(nodes)).items.some(({ metadata }) => metadata.name === 'cut');
  const way = createServer((host) => {
    const master = connect(server.port, '127.0.0.1', () => host.pipe(master));
    let told = Promise.resolve();
    master.on('data', (chunk) => {
      told = told.then(async () => void ((await exists()) || host.write(chunk)));
    });
    for (const end of [host, master]) end.on('error', () => {});
    master.once('close', () => told.then(() => host.destroy()));
    host.once('close', () => master.destroy());
  });
  const token = await newToken();
  const first = await tryJoin({ on: 'cut', at: await listen(way), token });
  assertRefused(first, /did not take the node in in time/);
  const second = await tryJoin({ on: 'cut', token });
  assert.deepEqual([second.code, second.stdout], [0, `this host is the node cut of ${url()}\n`], second.stderr);
  assert.equal((await (await clientOf('cut')).get(nodes, { name: 'cut' })).metadata.name, 'cut');
});

test('of two that join under one name at the same moment one becomes the node', async () => {
  const token = await newToken();
  const outcomes = await Promise.all(['left', 'right'].map((on) => tryJoin({ on, as: 'both', token })));
  assert.deepEqual(outcomes.map(({ code }) => code).sort(), [0, 1]);
  const loser = outcomes.find(({ code }) => code === 1);
  assert.match(loser?.stderr ?? '', /there is a node both already|become the node both at the same moment/);
});

test('a host that is given another name stays the node that it is', async () => {
  const command = ['join', '--data-dir', machine('first'), '--server', url(), '--token', await newToken()];
  const env = { ...process.env, WHERRY_CONFIG: '/dev/null', NO_COLOR: '1' };
  const renamed = ['--uts', 'sh', '-c', 'hostname renamed && exec "$@"', 'sh', process.execPath, main, ...command];
  const { code, stdout, stderr } = await tryCommand('unshare', renamed, { env });
  assert.deepEqual([code, stdout], [0, `this host is the node one of ${url()}\n`], stderr);
  assert.match(stderr, /name of this host has changed.*node=one.*host=renamed/);
});
