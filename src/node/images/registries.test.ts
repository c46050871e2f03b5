import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseImageReference } from './image-reference.ts';
import { noRegistries, parseRegistries, planPulls } from './registries.ts';

const registries = parseRegistries(`
mirrors:
  docker.io:
    endpoint: [ "https://mirror.example:5000/v2", "http://other.example/hub" ]
    rewrite: { "^library/(.*)$": "official/$1" }
  "*":
    endpoint: [ "https://any.example" ]
configs:
  mirror.example:5000:
    auth: { username: host, password: h }
`);

const pulled = (text: string, from = registries, ofPod: Parameters<typeof planPulls>[2] = []) => {
  const image = parseImageReference(text);
  assert.ok(image);
  return planPulls(image, from, ofPod).map(({ name, credentials }) =>
    [name, (credentials as { username?: string } | undefined)?.username].filter(Boolean).join(' as '),
  );
};

test('mirrors are asked in order, then the registry itself', () => {
  assert.deepEqual(pulled('nginx:1'), [
    'mirror.example:5000/official/nginx:1 as host',
    'other.example/hub/official/nginx:1',
    'docker.io/library/nginx:1',
  ]);
  assert.deepEqual(pulled('quay.io/a/b'), ['any.example/a/b:latest', 'quay.io/a/b:latest']);
});

test('without the file a registry is asked as its pod may', () => {
  const ofPod = [
    { place: 'quay.io', credentials: { username: 'wide', password: '' } },
    { place: 'quay.io/a', credentials: { username: 'exact', password: '' } },
  ];
  assert.deepEqual(pulled('quay.io/a/b', noRegistries, ofPod), [
    'quay.io/a/b:latest as exact',
    'quay.io/a/b:latest as wide',
  ]);
});

const wrong: [text: string, why: RegExp][] = [
  ['[]', /the file must be a map/],
  ['mirors: {}', /unknown key "mirors"/],
  ['mirrors: { docker.io: {} }', /mirrors.docker.io.endpoint must be a list/],
  ['mirrors: { docker.io: { endpoint: ["not a url"] } }', /is not the URL of a registry/],
  ['mirrors: { docker.io: { endpoint: ["https://a.example"], rewrite: { "(": "" } } }', /mirrors.docker.io.rewrite/],
  ['configs: { a.example: { tls: {} } }', /\/etc\/docker\/certs.d\/a.example/],
  ['configs: { a.example: { auth: { username: x } } }', /configs.a.example.auth needs/],
];

for (const [text, why] of wrong)
  test(`refused: ${text}`, () => {
    assert.throws(() => parseRegistries(text), why);
  });
