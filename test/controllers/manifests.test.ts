// The manifests folder of a real server: what its files say is in the cluster, what they say no longer goes, and neither a broken file
// nor a kill at any moment loses anything.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ConfigMap, configMaps } from '../../src/api/kinds/config-map.ts';
import { customResourceDefinitions } from '../../src/api/kinds/custom-resource-definition.ts';
import { deployments } from '../../src/api/kinds/deployment.ts';
import { events } from '../../src/api/kinds/event.ts';
import { namespaces } from '../../src/api/kinds/namespace.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { partOfLabel, setNameOf, setOf } from '../../src/api/manifest-set.ts';
import { wherry } from '../cli/wherry.ts';
import { TestServer } from './test-server.ts';

let keeping: TestServer;
let pruning: TestServer;
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wherry-manifests-'));
  await mkdir(join(directory, 'keeping'));
  await write('keeping/shop.yaml', [deploymentNamed('web'), { kind: 'Namespace', metadata: { name: 'shop' } }]);
  [keeping, pruning] = await Promise.all([
    TestServer.open(['--manifests-dir', join(directory, 'keeping')]),
    TestServer.open(['--manifests-dir', join(directory, 'pruning'), '--manifests-prune']),
  ]);
});
after(async () => {
  await Promise.all([keeping?.close(), pruning?.close()]);
  await rm(directory, { recursive: true, force: true });
});

const mapNamed = (name: string, data: Record<string, string> = {}) => ({ kind: 'ConfigMap', metadata: { name }, data });
const deploymentNamed = (name: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
  },
});
const path = (file: string) => join(directory, file);
const write = (file: string, objects: readonly object[]) =>
  writeFile(path(file), objects.map((object) => JSON.stringify({ apiVersion: 'v1', ...object })).join('\n---\n'));

const mapsWith = (all: ConfigMap[], start: string) =>
  all
    .flatMap(({ metadata: { namespace, name } }) => (namespace === 'default' && name.startsWith(start) ? [name] : []))
    .sort();
/** Resolves when the ConfigMaps with names that begin so are these. */
const mapsAre = (server: TestServer, start: string, names: readonly string[]) =>
  server.when(`the maps ${names}`, configMaps, (all) => mapsWith(all, start).join() === names.join());
/** Resolves when the file is known to be applied, or not to be, for that reason. */
const told = (server: TestServer, file: string, fault?: RegExp) =>
  server.when(`what is told of ${file}`, configMaps, (all) => {
    const set = all.map(setOf).find((each) => each?.file === file);
    return set?.objects !== undefined || set?.fault !== undefined
      ? fault
        ? fault.test(set.fault ?? '')
        : set.fault === undefined
      : false;
  });

test('what is there when the server starts is applied, namespaces before what is in them', async () => {
  const deployment = await keeping.when('the deployment', deployments, (all) =>
    all.find(({ metadata }) => metadata.name === 'web'),
  );
  const managers = deployment.metadata.managedFields?.map(({ manager, operation }) => `${manager} ${operation}`);
  assert.ok(managers?.includes('wherry-manifests Apply'), managers?.join());
  assert.doesNotMatch(keeping.output, /shop\.yaml.*fault/);
});

test('a file that changes is applied: what it says counts, what others say beside it stays, what it says no longer goes', async () => {
  await write('keeping/change.yaml', [
    mapNamed('change-a', { mine: '1', old: '1' }),
    mapNamed('change-b'),
    { kind: 'Secret', metadata: { name: 'change-secret' } },
  ]);
  await mapsAre(keeping, 'change-', ['change-a', 'change-b']);
  const ref = { namespace: 'default', name: 'change-a' };
  await keeping.client.patch(configMaps, ref, { data: { mine: '2', theirs: '2' } });
  await write('keeping/change.yaml', [mapNamed('change-a', { mine: '3' })]);
  await keeping.when('the change', configMaps, (all) =>
    all.some(({ metadata, data }) => metadata.name === 'change-a' && data?.mine === '3'),
  );
  assert.deepEqual((await keeping.client.get(configMaps, ref)).data, { mine: '3', theirs: '2' });
  await mapsAre(keeping, 'change-', ['change-a']);
  // No object of its kind is left in the file.
  await keeping.when('the secret gone', secrets, (all) =>
    all.every(({ metadata }) => metadata.name !== 'change-secret'),
  );
});

test('a broken file changes nothing and is told of, in the log, an event and the status, until it is mended', async () => {
  const file = 'broken.yaml';
  await write(`keeping/${file}`, [mapNamed('broken-a'), mapNamed('broken-b')]);
  await mapsAre(keeping, 'broken-', ['broken-a', 'broken-b']);
  for (const [text, fault] of [
    ['kind: [', /Flow sequence.*at line 2/],
    ['', /says nothing/],
    [JSON.stringify({ apiVersion: 'v1', ...mapNamed('broken-a'), dat: {} }), /ConfigMap default\/broken-a: .*dat/],
  ] as const) {
    await writeFile(path(`keeping/${file}`), text);
    await told(keeping, file, fault);
  }
  const status = await wherry(['status', '--data-dir', keeping.dataDir, '--kubeconfig', keeping.kubeconfigFile]);
  assert.match(status.stdout, /- manifest broken\.yaml: ConfigMap default\/broken-a: .*\n {2}mend the file/);
  await keeping.when('an event', events, (all) =>
    all.some(
      ({ reason, involvedObject }) => reason === 'ApplyManifestFailed' && involvedObject.name === setNameOf(file),
    ),
  );
  assert.match(keeping.output, /a manifest is not applied as it is file=broken\.yaml fault=/);
  assert.deepEqual(mapsWith((await keeping.client.list(configMaps)).items, 'broken-'), ['broken-a', 'broken-b']);
  await write(`keeping/${file}`, [mapNamed('broken-b')]);
  await told(keeping, file);
  await mapsAre(keeping, 'broken-', ['broken-b']);
});

test('what a file lacks another may bring, and what nobody knows keeps only itself from being applied', async () => {
  const inside = { ...mapNamed('late'), metadata: { name: 'late', namespace: 'late' } };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boats.harbour.example' },
    spec: {
      group: 'harbour.example',
      scope: 'Namespaced',
      names: { kind: 'Boat', plural: 'boats' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  };
  const boat = { apiVersion: 'harbour.example/v2', kind: 'Boat', metadata: { name: 'boat' } };
  await write('keeping/a-late.yaml', [inside, boat, definition]);
  await told(
    keeping,
    'a-late.yaml',
    /namespaces "late" not found; Boat boat: no matches for kind "Boat" in version "harbour\.example\/v2"/,
  );
  await keeping.client.get(customResourceDefinitions, { name: 'boats.harbour.example' });
  await write('keeping/z-late.json', [{ kind: 'Namespace', metadata: { name: 'late' } }]);
  await keeping.when('the map', configMaps, (all) => all.some(({ metadata }) => metadata.name === 'late'));
});

test('of two files that say the same the first counts, and the other takes over when it does not say it any more', async () => {
  await write('keeping/twice-z.yaml', [mapNamed('twice', { by: 'z' })]);
  await mapsAre(keeping, 'twice', ['twice']);
  await write('keeping/twice-a.yaml', [mapNamed('twice', { by: 'a' }), mapNamed('twice-more')]);
  await told(keeping, 'twice-a.yaml', /ConfigMap default\/twice: twice-z\.yaml says this object, too/);
  const { uid } = (await keeping.client.get(configMaps, { namespace: 'default', name: 'twice' })).metadata;
  await rm(path('keeping/twice-z.yaml'));
  await told(keeping, 'twice-a.yaml');
  const now = await keeping.client.get(configMaps, { namespace: 'default', name: 'twice' });
  assert.deepEqual([now.data, now.metadata.uid], [{ by: 'a' }, uid]);
});

test('the objects of a file that is deleted stay unless told, and are nobody’s', async () => {
  await write('keeping/left.yaml', [mapNamed('left')]);
  await told(keeping, 'left.yaml');
  await rm(path('keeping/left.yaml'));
  await keeping.when('the end of the set', configMaps, (all) => all.every((map) => setOf(map)?.file !== 'left.yaml'));
  const { labels = {} } = (await keeping.client.get(configMaps, { namespace: 'default', name: 'left' })).metadata;
  assert.equal(labels[partOfLabel], undefined);
});

test('where it is told so they go, but not while a file is moved or written anew', async () => {
  await write('pruning/moved.yaml', [mapNamed('moved'), { kind: 'Namespace', metadata: { name: 'moved' } }]);
  await told(pruning, 'moved.yaml');
  const uidOf = async () =>
    (await pruning.client.get(configMaps, { namespace: 'default', name: 'moved' })).metadata.uid;
  const uid = await uidOf();
  // As editors do it: away, and there again under its name.
  await rename(path('pruning/moved.yaml'), path('pruning/moved.yaml~'));
  await rename(path('pruning/moved.yaml~'), path('pruning/other.yaml'));
  await pruning.when('the move', configMaps, (all) => {
    const known = all.flatMap((map) => setOf(map)?.file ?? []);
    return known.includes('other.yaml') && !known.includes('moved.yaml');
  });
  assert.equal(await uidOf(), uid);
  await rm(path('pruning/other.yaml'));
  await mapsAre(pruning, 'moved', []);
  await pruning.when('the end of the namespace', namespaces, (all) =>
    all.every(({ metadata }) => metadata.name !== 'moved'),
  );
});

test('a server that is killed while it applies, and while it deletes, ends with what the file says', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `many-${String(index).padStart(3, '0')}`);
  const some = async (isEnough: (count: number) => boolean) =>
    pruning.when('some', configMaps, (all) => isEnough(mapsWith(all, 'many-').length));
  await write(
    'pruning/many.yaml',
    names.map((name) => mapNamed(name)),
  );
  await some((count) => count > 20);
  await pruning.kill();
  await pruning.start();
  await mapsAre(pruning, 'many-', names);
  const kept = names.filter((_, index) => index % 4 === 0);
  await write(
    'pruning/many.yaml',
    kept.map((name) => mapNamed(name)),
  );
  await some((count) => count < 190);
  await pruning.kill();
  await pruning.start();
  await mapsAre(pruning, 'many-', kept);
  // Deleted while nobody looked.
  await pruning.kill();
  await rm(path('pruning/many.yaml'));
  await pruning.start();
  await mapsAre(pruning, 'many-', []);
});

test('a folder that is gone says nothing of its files', async () => {
  await write('pruning/here.yaml', [mapNamed('here')]);
  await told(pruning, 'here.yaml');
  await pruning.kill();
  await rename(path('pruning'), path('elsewhere'));
  await pruning.start();
  await keepsOn();
  await rename(path('elsewhere'), path('pruning'));
});

/** A file of another server is applied and what it drops is deleted: as long as that takes, nothing was deleted here. */
async function keepsOn(): Promise<void> {
  await write('keeping/while.yaml', [mapNamed('while-a'), mapNamed('while-b')]);
  await mapsAre(keeping, 'while-', ['while-a', 'while-b']);
  await write('keeping/while.yaml', [mapNamed('while-a')]);
  await mapsAre(keeping, 'while-', ['while-a']);
  assert.equal((await pruning.client.get(configMaps, { namespace: 'default', name: 'here' })).metadata.name, 'here');
}
