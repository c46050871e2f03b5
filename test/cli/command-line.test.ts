// What the command line says to who calls it: exit codes, errors with a way out, help.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { wherry } from './wherry.ts';

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-cli-'));
});
after(() => rm(directory, { recursive: true, force: true }));

test('0 is for what went well, 1 for what failed, 2 for what was called wrongly', async () => {
  const config = join(directory, 'config.yaml');
  await writeFile(config, 'https-prot: 6443\n');
  const dataDir = ['--data-dir', join(directory, 'none')];
  const cases: [args: string[], code: number, says: RegExp][] = [
    [['version'], 0, /^wherry \d/],
    [['--help'], 0, /Exit codes: 0/],
    [['help', 'server'], 0, /WHERRY_HTTPS_PORT/],
    [['server', '--help'], 0, /--backup-interval .*\n?.*6h/s],
    [['backup', ...dataDir], 1, /no server has its state in .* name its --data-dir/],
    [['restore', join(directory, 'no-file'), ...dataDir], 1, /cannot be read: ENOENT.*Nothing has been changed/],
    [['token', 'list', '--kubeconfig', join(directory, 'none')], 1, /does not exist: run this on the server's host/],
    [['token', 'delete', 'x', '--kubeconfig', join(directory, 'none')], 2, /is no token: give its ID/],
    [[], 2, /Usage: wherry/],
    [['serve'], 2, /unknown command 'serve'.*Did you mean server.*COMMAND --help/s],
    [['server', '--https-prot', '1'], 2, /unknown option '--https-prot'.*Did you mean --https-port/s],
    [['server', '--https-port', 'x'], 2, /argument 'x' is invalid\. expected a port/],
    [
      ['server', '--cluster-cidr', 'fd00::/48'],
      2,
      /IPv6 and dual-stack clusters are not there yet: expected one IPv4 range/,
    ],
    [['server', '--cluster-cidr', '10.42.0.0/16,fd00::/48'], 2, /IPv6 and dual-stack clusters are not there yet/],
    [['up', '--service-cidr', 'fd00::/112'], 2, /IPv6 and dual-stack clusters are not there yet/],
    [['server', '--service-cidr', '10.43.0.0'], 2, /expected an IPv4 range like/],
    [['server', '--advertise-address', 'fd00::1'], 2, /IPv6 and dual-stack .* expected an IPv4 address/],
    [['agent', '--node-ip', 'fd00::2'], 2, /IPv6 and dual-stack .* expected an IPv4 address/],
    [['agent', '--node-ip', '1.2.3'], 2, /expected an IPv4 address/],
    [['restore'], 2, /missing required argument 'file'/],
    [['agent', ...dataDir], 2, /the agent needs its master: say --server/],
    [['uninstall', ...dataDir], 2, /say --yes to go on/],
    [['server', '--config', config], 2, /config.yaml: unknown key "https-prot"; the nearest known one is "https-port"/],
    [['server', '--config', '/no/such'], 2, /\/no\/such does not exist/],
    [['config', 'get', 'data-dri'], 2, /unknown key "data-dri"; the nearest known one is "data-dir"/],
    [['config', 'get', 'https-port', '--config', '/no/such'], 0, /^6443$/m],
    [['config', 'set', 'https-port', '--config', config], 2, /"https-port" is not KEY=VALUE/],
    [['check', 'everything'], 2, /Allowed choices are server, agent, up/],
  ];
  for (const [args, code, says] of cases) {
    const { stdout, stderr, ...ended } = await wherry(args);
    assert.deepEqual([ended.code, says.test(stdout + stderr)], [code, true], `${args.join(' ')}\n${stdout}${stderr}`);
  }
});

test('what is written into the configuration file is read from it, and a file that is wrong stays as it is', async () => {
  const file = ['--config', join(directory, 'new/config.yaml')];
  await wherry(['config', 'set', 'tls-san=a,b', 'https-port=7443', ...file]);
  await wherry(['config', 'set', '--unless-set', 'https-port=1', ...file]);
  const said = await Promise.all(['tls-san', 'https-port'].map((key) => wherry(['config', 'get', key, ...file])));
  assert.deepEqual(
    said.map(({ stdout }) => stdout),
    ['a,b\n', '7443\n'],
  );
  const wrong = await wherry(['config', 'set', 'node-name=a', 'https-port=x', ...file]);
  assert.deepEqual([wrong.code, (await wherry(['config', 'get', 'node-name', ...file])).stdout], [2, '\n']);
});

test('a variable that is wrong is named', async () => {
  const { code, stderr } = await wherry(['server'], { WHERRY_HTTPS_PORT: '0' });
  assert.deepEqual([code, /WHERRY_HTTPS_PORT/.test(stderr)], [2, true], stderr);
});

test('check looks at what the role needs, and fails when something is missing', async () => {
  const flags = [
    '--data-dir',
    directory,
    '--https-port',
    '17',
    '--agent-port',
    '18',
    '--advertise-address',
    '10.0.0.1',
  ];
  const nowhere = ['--docker-socket', join(directory, 'docker.sock')];
  const server = await wherry(['check', 'server', ...flags, ...nowhere]);
  assert.equal(server.code, 0, server.stdout + server.stderr);
  assert.match(server.stdout, /^ok {4}port {7}port 17 is free$/m);
  assert.doesNotMatch(server.stdout, /docker|cgroups/);
  const agent = await wherry(['check', 'agent', ...flags, ...nowhere]);
  assert.equal(agent.code, 1);
  assert.match(agent.stdout, /^fail {2}docker {5}there is no Docker Engine at .*\n +install Docker Engine/m);
  assert.doesNotMatch(agent.stdout, /port 17/);
});
