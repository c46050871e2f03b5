import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManifestFault, readManifest } from './manifest-file.ts';
import { isManifestName } from './manifest-files.ts';

const map = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\n`;
const keysIn = async (text: string) => (await readManifest(text)).map(({ key }) => key);
const json = (value: object) => JSON.stringify({ apiVersion: 'v1', ...value });

const read: [string, string, string[]][] = [
  ['one object', map('a'), ['/ConfigMap/default/a']],
  ['JSON', json({ kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' } }), ['/ConfigMap/n/a']],
  [
    'several documents',
    `# a comment\n---\n${map('b')}--- # another\n${map('a')}---\n\n---\n`,
    ['/ConfigMap/default/b', '/ConfigMap/default/a'],
  ],
  ['lines of another system', map('a').replaceAll('\n', '\r\n'), ['/ConfigMap/default/a']],
  [
    'a list',
    json({ kind: 'List', items: [{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } }] }),
    ['apps/Deployment/default/d'],
  ],
  [
    'a list of one kind',
    json({ kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] }),
    ['/ConfigMap/default/a'],
  ],
  ['what is in no namespace', 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }', ['/Namespace//shop']],
  ['a kind that nobody knows', 'apiVersion: x.io/v1\nkind: Foo\nmetadata: { name: shop }', ['x.io/Foo//shop']],
  [
    'kinds, then namespaces, then the rest in its order',
    [
      map('b'),
      map('a'),
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
      'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: c }\n',
    ].join('---\n'),
    [
      'apiextensions.k8s.io/CustomResourceDefinition//c',
      '/Namespace//shop',
      '/ConfigMap/default/b',
      '/ConfigMap/default/a',
    ],
  ],
];
for (const [name, text, keys] of read) test(`read: ${name}`, async () => assert.deepEqual(await keysIn(text), keys));

const faults: [string, string, RegExp][] = [
  ['nothing', '\n', /says nothing/],
  ['nothing but comments', '# later\n---\n', /says nothing/],
  ['no YAML, with its line', `${map('a')}---\nkind: [\n`, /at line 7, column 1$/],
  ['no JSON', '{"kind": ', /JSON/],
  ['a text', 'hello', /no object/],
  ['no apiVersion', 'kind: ConfigMap', /apiVersion is not set/],
  ['no kind', 'apiVersion: v1', /kind is not set/],
  ['no name', 'apiVersion: v1\nkind: ConfigMap', /ConfigMap \(v1\) has no metadata\.name/],
  ['a name made up each time', 'apiVersion: v1\nkind: Pod\nmetadata: { generateName: x- }', /another object each time/],
  [
    'a namespace that cannot be',
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, namespace: m }',
    /in no namespace/,
  ],
  ['the same twice', `${map('a')}---\n${map('a')}`, /ConfigMap default\/a twice/],
  ['a key twice', 'apiVersion: v1\nkind: ConfigMap\nkind: Secret', /unique/],
  ['too much', `${map('a')}data: { x: ${'y'.repeat(1024 * 1024)} }`, /over 1048576 bytes/],
];
for (const [name, text, says] of faults)
  test(`refused: ${name}`, async () => {
    await assert.rejects(readManifest(text), (error) => error instanceof ManifestFault && says.test(error.message));
  });

test('what editors leave beside a file is none', () => {
  const names = [
    'web.yaml',
    'Web.YML',
    'a.json',
    '.web.yaml.swp',
    '.#web.yaml',
    '#web.yaml#',
    'web.yaml~',
    '4913',
    'web.yaml.part',
    'README.md',
    '.yaml',
  ];
  assert.deepEqual(names.filter(isManifestName), ['web.yaml', 'Web.YML', 'a.json']);
});
