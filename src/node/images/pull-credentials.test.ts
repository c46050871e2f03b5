import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageReference } from './image-reference.ts';
import { type Login, loginsFor, loginsOfSecret } from './pull-credentials.ts';

const encoded = Buffer.from('anna:se:cret').toString('base64');

test('a secret tells its logins, in the newer and in the older form', () => {
  const entries = {
    'https://index.docker.io/v1/': { auth: encoded },
    'registry:5000/team/': { username: 'bob', password: 'b' },
    'token.example': { identitytoken: 't' },
    'empty.example': {},
    'none.example': null,
    'odd.example': { auth: 5 },
  };
  const logins = [
    { place: 'index.docker.io', credentials: { username: 'anna', password: 'se:cret' } },
    { place: 'registry:5000/team', credentials: { username: 'bob', password: 'b' } },
    { place: 'token.example', credentials: { identityToken: 't' } },
  ];
  assert.deepEqual(loginsOfSecret({ '.dockerconfigjson': JSON.stringify({ auths: entries }) }), logins);
  assert.deepEqual(loginsOfSecret({ '.dockercfg': JSON.stringify(entries) }), logins);
});

test('a secret that is none of these, or not JSON, has no logins', () => {
  for (const data of [
    {},
    { password: 'x' },
    { '.dockerconfigjson': '{' },
    { '.dockerconfigjson': '[1]' },
    { '.dockercfg': 'null' },
  ])
    assert.deepEqual(loginsOfSecret(data as Record<string, string>), []);
});

const login = (place: string): Login => ({ place, credentials: { username: place, password: '' } });

const cases: [image: string, places: string[], chosen: string[]][] = [
  ['nginx', ['index.docker.io', 'quay.io'], ['index.docker.io']],
  ['nginx', ['docker.io'], ['docker.io']],
  ['registry.example/team/web', ['registry.example'], ['registry.example']],
  [
    'registry.example/team/web',
    ['registry.example', 'registry.example/team', 'registry.example/other'],
    ['registry.example/team', 'registry.example'],
  ],
  ['registry.example/teams/web', ['registry.example/team'], []],
  ['registry.example:5000/web', ['registry.example'], []],
  ['a.registry.example/web', ['*.registry.example', '*.example', 'registry.example'], ['*.registry.example']],
  ['eu-1.registry.example/web', ['eu-*.registry.example', 'us-*.registry.example'], ['eu-*.registry.example']],
];

for (const [image, places, chosen] of cases)
  test(`for ${image}, of ${places.join(', ')}: ${chosen.join(', ') || 'none'}`, () => {
    const reference = parseImageReference(image);
    assert.ok(reference);
    const found = loginsFor(reference, places.map(login));
    assert.deepEqual(
      found.map((credentials) => (credentials as { username: string }).username),
      chosen,
    );
  });
