import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ConfigMap, configMaps } from './config-map.ts';
import { type Secret, secrets } from './secret.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const tooMuch = 'x'.repeat(1024 * 1024 + 1);

const maps: [name: string, map: object, fields: string[]][] = [
  ['plain', { data: { 'a.b_c-d': '1' }, binaryData: { e: 'AA==' } }, []],
  ['with keys that cannot be files', { data: { 'a b': '', '..': '' } }, ['data[a b]', 'data[..]']],
  ['with one key twice', { data: { a: '' }, binaryData: { a: '' } }, ['data[a]']],
  ['with more than fits', { data: { a: tooMuch } }, ['[]']],
];

for (const [name, map, fields] of maps) {
  test(`a ConfigMap ${name}`, () =>
    assert.deepEqual(
      [...(configMaps.validate?.(map as ConfigMap) ?? [])].map(({ field }) => field),
      fields,
    ));
}

const typed: [type: string, data: Record<string, string>, fields: string[]][] = [
  ['Opaque', { a: base64('x') }, []],
  ['Opaque', { a: base64(tooMuch) }, ['data']],
  ['kubernetes.io/tls', { 'tls.crt': '' }, ['data[tls.key]']],
  ['kubernetes.io/basic-auth', {}, ['data[%s][username]', 'data[%s][password]']],
  ['kubernetes.io/basic-auth', { password: '' }, []],
  ['kubernetes.io/ssh-auth', {}, ['data[%s][ssh-privatekey]']],
  ['kubernetes.io/dockerconfigjson', {}, ['data[.dockerconfigjson]']],
  ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('no json') }, ['data[.dockerconfigjson]']],
  ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{"auths":{}}') }, []],
  ['kubernetes.io/service-account-token', {}, ['metadata.annotations[kubernetes.io/service-account.name]']],
];

for (const [type, data, fields] of typed) {
  test(`a secret of type ${type} with ${Object.keys(data).join() || 'nothing'} lacks ${fields.join() || 'nothing'}`, () => {
    const secret = { metadata: { name: 's' }, type, data } as unknown as Secret;
    assert.deepEqual(
      [...(secrets.validate?.(secret) ?? [])].map(({ field }) => field),
      fields,
    );
  });
}

test('what is sealed stays as it is', () => {
  const sealed = { data: { a: '1' }, immutable: true } as unknown as ConfigMap;
  const faults = (map: object) =>
    [...(configMaps.validateUpdate?.(map as ConfigMap, sealed) ?? [])].map(({ field }) => field);
  assert.deepEqual(faults(sealed), []);
  assert.deepEqual(faults({ data: { a: '2' }, immutable: true }), ['data']);
  assert.deepEqual(faults({ data: { a: '1' }, binaryData: { b: '' } }), ['immutable', 'binaryData']);
});
