import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { Command } from 'commander';
import { applyConfigFile, configurable, editDistance, readConfig } from './config-file.ts';
import { flag, listParser, portNumber, UsageError, withFlags } from './options.ts';
import { createProgram } from './program.ts';

const directory = mkdtempSync(join(tmpdir(), 'wherry-config-'));
const file = join(directory, 'config.yaml');
after(() => rmSync(directory, { recursive: true }));
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('WHERRY_')) delete process.env[name];
});

/** What a command with a few flags is given in the end. */
function given(content: string, argv: string[], environment: Record<string, string> = {}): Record<string, unknown> {
  writeFileSync(file, content);
  Object.assign(process.env, environment);
  let options: Record<string, unknown> = {};
  const program = new Command('program')
    .addOption(flag('--config <file>', '', '/nowhere/config.yaml'))
    .hook('preSubcommand', applyConfigFile)
    .exitOverride();
  withFlags(program.command('group').command('run'), [
    flag('--https-port <port>', '', 6443).argParser(portNumber),
    flag('--tls-san <names>', '').argParser(listParser()).default([]),
    flag('--node-name <name>', ''),
    flag('--verbose', ''),
  ]).action((all) => {
    options = all;
  });
  program.parse(['group', 'run', '--config', file, ...argv], { from: 'user' });
  return options;
}

test('a flag comes before its variable, the variable before the file, the file before the default', () => {
  const content = 'https-port: 1\n';
  const environment = { WHERRY_HTTPS_PORT: '2' };
  const flags = ['--https-port', '3'];
  assert.equal(given('', []).httpsPort, 6443);
  assert.equal(given(content, []).httpsPort, 1);
  assert.equal(given(content, [], environment).httpsPort, 2);
  assert.equal(given(content, flags, environment).httpsPort, 3);
});

test('a list of one source replaces that of another, and a repeated flag adds to itself', () => {
  const content = 'tls-san: [a, b]\n';
  assert.deepEqual(given(content, []).tlsSan, ['a', 'b']);
  assert.deepEqual(given('tls-san: a,b\n', []).tlsSan, ['a', 'b']);
  assert.deepEqual(given(content, [], { WHERRY_TLS_SAN: 'c' }).tlsSan, ['c']);
  assert.deepEqual(given(content, ['--tls-san', 'd,e', '--tls-san', 'f']).tlsSan, ['d', 'e', 'f']);
});

test('numbers may be names, and switches are true or false', () => {
  assert.deepEqual([given('node-name: 17\n', []).nodeName, given('verbose: true\n', []).verbose], ['17', true]);
  assert.equal(given('', []).verbose, undefined);
});

test('a file that was named must be there; the usual one need not', () => {
  assert.throws(() => given('', ['--config', '/nowhere/at/all']), /\/nowhere\/at\/all does not exist/);
  assert.equal(given('', [], {}).httpsPort, 6443);
});

test('what a file has wrong is named with its place and the way out', () => {
  const known = configurable(createProgram());
  const cases: [content: string, message: RegExp][] = [
    ['htps-port: 1', /unknown key "htps-port"; the nearest known one is "https-port"/],
    ['clusterCidr: x', /unknown key "clusterCidr"; the nearest known one is "cluster-cidr"/],
    ['yes: true', /unknown key "yes"/],
    ['config: x', /unknown key "config"/],
    ['https-port: many', /https-port: "many" is invalid: expected a port/],
    ['https-port: [1, 2]', /https-port takes one value, not a list/],
    ['https-port: {a: 1}', /https-port must be a string or a number/],
    ['tls-san: [{a: 1}]', /tls-san must be a string or a number, or a list of them/],
    ['verbose: yes please', /verbose must be true or false/],
    ['node-grace-period: 5 parsecs', /expected a duration/],
    ['- a', /list of KEY: VALUE lines/],
    ['a: b: c', /is not YAML/],
  ];
  for (const [content, message] of cases) {
    const read = () => readConfig(content, 'config.yaml', known);
    assert.throws(read, (error) => error instanceof UsageError && message.test(error.message), content);
  }
  assert.deepEqual([...readConfig('# nothing\n', 'config.yaml', known)], []);
});

test('the distance between words', () => {
  for (const [from, to, distance] of [
    ['', 'abc', 3],
    ['port', 'port', 0],
    ['htps', 'https', 1],
    ['kitten', 'sitting', 3],
  ] as const) {
    assert.equal(editDistance(from, to), distance);
  }
});
