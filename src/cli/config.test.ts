import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingIn, withSettings } from './config.ts';
import { configurable } from './config-file.ts';
import { UsageError } from './options.ts';
import { createProgram } from './program.ts';

const known = configurable(createProgram());
const fileOf = (text: string) => ({ text, file: 'config.yaml', known });

test('settings take the place of what a file says of them, and all else stays as it was written', () => {
  const cases: [text: string, told: string[], result: string][] = [
    ['', ['node-name=a'], 'node-name: a\n'],
    ['# ours\n', ['https-port=7443', 'verbose=true'], '# ours\n\nhttps-port: 7443\nverbose: true\n'],
    ['# ours\nnode-name: a # why\nhttps-port: 1\n', ['node-name=b'], '# ours\nnode-name: b # why\nhttps-port: 1\n'],
    ['tls-san:\n  - a\n  # and\n  - b\nnode-name: x\n', ['tls-san=c'], 'tls-san:\n  - c\nnode-name: x\n'],
    ['tls-san: a,b\n', ['tls-san=b,c', 'tls-san=d'], 'tls-san:\n  - b\n  - c\n  - d\n'],
    ['"node-name": "a"\n', ['node-name=b'], '"node-name": "b"\n'],
    ['{node-name: a}\n', ['https-port=1'], '{node-name: a, https-port: 1}\n'],
    ['', ['node-name=017', 'data-dir=/srv/a #1'], 'node-name: "017"\ndata-dir: "/srv/a #1"\n'],
    ['', ['system-reserved=cpu=200m,memory=1Gi'], 'system-reserved: cpu=200m,memory=1Gi\n'],
    // Mended by the way.
    ['https-port: many\n', ['https-port=1'], 'https-port: 1\n'],
  ];
  for (const [text, told, result] of cases) {
    assert.equal(withSettings(fileOf(text), told), result);
    assert.equal(withSettings(fileOf(result), told), result, 'told again');
  }
  const long = `without: [${Array(20).fill('certificates').join(', ')}]\n`;
  assert.equal(withSettings(fileOf(long), ['node-name=b']), `${long}node-name: b\n`);
});

test('what a file says already is left as it is put', () => {
  const text = 'tls-san: [ a,b ]\nhttps-port:   "7443"\nverbose: true\n';
  assert.equal(withSettings(fileOf(text), ['tls-san=a,b', 'https-port=7443', 'verbose=true']), text);
});

test('settings to start with are for who has said nothing of them', () => {
  const start = ['shutdown-grace-period=30s', 'shutdown-grace-period-critical-pods=10s'];
  const given = (text: string) => withSettings(fileOf(text), start, { isStart: true });
  assert.equal(given(''), 'shutdown-grace-period: 30s\nshutdown-grace-period-critical-pods: 10s\n');
  assert.equal(given('shutdown-grace-period: 5s\n'), 'shutdown-grace-period: 5s\n');
});

test('what is wrong is said with its place, and nothing is written', () => {
  const cases: [text: string, told: string, message: RegExp][] = [
    ['', 'htps-port=1', /config\.yaml: unknown key "htps-port"; the nearest known one is "https-port"/],
    ['', 'https-port', /"https-port" is not KEY=VALUE/],
    ['', 'https-port=many', /config\.yaml: https-port: "many" is invalid: expected a port/],
    ['', 'verbose=maybe', /verbose must be true or false/],
    ['https-port: many', 'node-name=a', /https-port: "many" is invalid/],
    ['- a', 'node-name=a', /list of KEY: VALUE lines/],
    ['a: b: c', 'node-name=a', /is not YAML/],
  ];
  for (const [text, told, message] of cases) {
    const isSaid = (error: Error) => error instanceof UsageError && message.test(error.message);
    assert.throws(() => withSettings(fileOf(text), [told]), isSaid, `${text} ${told}`);
  }
});

test('a setting reads as it is told: from the file, or by default', () => {
  const text = 'data-dir: "/srv/w"   # big disk\ntls-san:\n  - a\n  - b\nagent-port: 1\nverbose: true\n';
  const cases: [key: string, value: string][] = [
    ['data-dir', '/srv/w'],
    ['tls-san', 'a,b'],
    ['agent-port', '1'],
    ['verbose', 'true'],
    ['https-port', '6443'],
    ['backup-interval', '6h'],
    ['images-dir', ''],
    ['without', ''],
  ];
  for (const [key, value] of cases) assert.equal(settingIn(fileOf(text), key), value, key);
  assert.throws(
    () => settingIn(fileOf(text), 'data-dri'),
    /unknown key "data-dri"; the nearest known one is "data-dir"/,
  );
});
