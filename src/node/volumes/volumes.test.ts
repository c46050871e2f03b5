// What is decided about volumes without touching a disk: mount tables and options, sizes, texts, references.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import { samplePod } from '../pods/pod-samples.ts';
import { claimOf, measuredFolder } from './claimed-volume.ts';
import { mountManner, wantedSubPath } from './container-mounts.ts';
import { fieldText } from './downward-api.ts';
import { memoryVolumeBytes } from './empty-dir.ts';
import { quoted } from './go-quote.ts';
import { MountFailure } from './mount-failure.ts';
import { isNetworkFileSystem, mountAt, mountsBelow, parseMountTable } from './mount-table.ts';
import { nfsOptions, nfsSource } from './nfs.ts';
import { usedObjects } from './object-references.ts';
import { commonUser } from './ownership.ts';
import { chosenFiles, configMapContents, secretContents } from './payload.ts';
import { readyFolder, type Volume, type VolumeOrder } from './volume.ts';
import { ClaimProblem, SetUpProblem, VolumeProblem } from './volume-problem.ts';

const table = parseMountTable(`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
50 27 0:40 / /data/a\\040b rw,relatime shared:2 master:1 - tmpfs tmpfs rw,size=4k
51 27 0:41 /export /data/a\\040b/nfs rw - nfs4 10.0.0.1:/export rw,vers=4.2
52 27 0:42 / /data/a rw - fuse.sshfs me@host: rw
53 27 0:43 / /data/a rw - tmpfs tmpfs rw
`);

test('the table of mounts is read as the kernel writes it', () => {
  assert.equal(table.length, 6);
  assert.deepEqual(table[3], {
    root: '/export',
    target: '/data/a b/nfs',
    fileSystem: 'nfs4',
    source: '10.0.0.1:/export',
  });
  assert.deepEqual(
    table.filter(isNetworkFileSystem).map(({ target }) => target),
    ['/data/a b/nfs', '/data/a'],
  );
  assert.equal(mountAt(table, '/data/a')?.fileSystem, 'tmpfs', 'the uppermost');
  assert.deepEqual(
    mountsBelow(table, '/data/a b').map(({ target }) => target),
    ['/data/a b/nfs', '/data/a b'],
  );
  assert.equal(mountsBelow(table, '/data').length, 4);
  assert.equal(mountsBelow(table, '/dat').length, 0);
});

test('a file server is asked for as mount wants it', () => {
  assert.equal(nfsSource({ server: 'files', path: '/x' }), 'files:/x');
  assert.equal(nfsSource({ server: 'fd00::1', path: '/x' }), '[fd00::1]:/x');
  assert.equal(nfsSource({ server: '[fd00::1]', path: '/x' }), '[fd00::1]:/x');
  assert.deepEqual(nfsOptions(['hard', 'ro', 'hard'], true), ['ro', 'hard']);
  assert.deepEqual(nfsOptions([], false), []);
});

test('a folder in memory is as large as the least of its bounds', () => {
  const mebi = 2 ** 20;
  const limited = (...limits: (string | undefined)[]): Pod =>
    samplePod({
      containers: limits.map((memory, index) => ({
        name: `c${index}`,
        ...(memory && { resources: { limits: { memory } } }),
      })),
    });
  const cases: [Pod, string | undefined, number, number][] = [
    [limited(undefined), undefined, 100, 100],
    [limited(undefined), '8Mi', 100, 8],
    [limited(undefined), '800Mi', 100, 100],
    [limited('10Mi', '20Mi'), undefined, 100, 30],
    [limited('10Mi', undefined), undefined, 100, 100],
    [limited('10Mi', '0'), undefined, 100, 100],
    [limited('10Mi'), '8Mi', 100, 8],
    [limited('10Mi'), '12Mi', 100, 10],
    [limited('10Mi'), '0', 100, 10],
    [limited(undefined), undefined, 0, 0],
  ];
  for (const [index, [pod, sizeLimit, allocatable, size]] of cases.entries()) {
    const bytes = memoryVolumeBytes(pod, sizeLimit ? { sizeLimit } : {}, allocatable * mebi);
    assert.equal(bytes, size * mebi, `case ${index}`);
  }
});

test('texts are quoted as Go does', () => {
  const cases: [string, string][] = [
    ['plain', '"plain"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['line\nnext\ttab\r', '"line\\nnext\\ttab\\r"'],
    ['\u0000\u001b\u007f', '"\\x00\\x1b\\x7f"'],
    ['\u0007\b\f\v', '"\\a\\b\\f\\v"'],
    ['grüße 日本 🚢', '"grüße 日本 🚢"'],
    ['\u00a0\u200b', '"\\u00a0\\u200b"'],
    ['\u{e0001}', '"\\U000e0001"'],
  ];
  for (const [text, expected] of cases) assert.equal(quoted(text), expected);
});

test('fields of the pod are written as lines', () => {
  const pod = samplePod({}, { labels: { b: '2', a: '1' }, annotations: {} });
  assert.equal(fieldText(pod, 'metadata.labels'), 'a="1"\nb="2"');
  assert.equal(fieldText(pod, 'metadata.annotations'), '');
  assert.equal(fieldText(pod, "metadata.labels['b']"), '2');
  assert.throws(() => fieldText(pod, 'spec.x'), VolumeProblem);
});

test('keys are chosen, and what is missing is named in the words of its kind', () => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: { a: 'x' },
    binaryData: { b: 'AAE=' },
  };
  const settings = configMapContents('c', object as never);
  const chosen = (choice: object, contents = settings) =>
    [...chosenFiles(contents, choice, 0o644)].map(([path, { content, mode }]) => [path, [...content], mode]);
  assert.deepEqual(chosen({}), [
    ['a', [120], 0o644],
    ['b', [0, 1], 0o644],
  ]);
  assert.deepEqual(chosen({ items: [{ key: 'b', path: 'p/q', mode: 0 }] }), [['p/q', [0, 1], 0]]);
  assert.deepEqual(chosen({ items: [{ key: 'no', path: 'p' }], optional: true }), []);
  assert.deepEqual(chosen({ optional: true }, secretContents('s', undefined)), []);
  const refused: [object, typeof settings, string][] = [
    [{ items: [{ key: 'no', path: 'p' }] }, settings, 'configmap references non-existent config key: no'],
    [{}, configMapContents('none', undefined), 'configmap "none" not found'],
    [{}, secretContents('none', undefined), 'secret "none" not found'],
    [
      { items: [{ key: 'no', path: 'p' }] },
      secretContents('s', object as never),
      'references non-existent secret key: no',
    ],
  ];
  for (const [choice, contents, message] of refused)
    assert.throws(() => chosenFiles(contents, choice, 0o644), { message });
});

test('a part of a volume is named, or refused', () => {
  const env = new Map([['A', 'x']]);
  assert.equal(wantedSubPath({}, env), undefined);
  assert.equal(wantedSubPath({ subPath: 'a/$(A)' }, env), 'a/$(A)');
  assert.equal(wantedSubPath({ subPathExpr: 'a/$(A)/$$(A)' }, env), 'a/x/$(A)');
  assert.throws(() => wantedSubPath({ subPathExpr: '$(B)' }, env), /missing value for "B"/);
  assert.throws(() => wantedSubPath({ subPathExpr: '/$(A)' }, env), /must not be an absolute path/);
  assert.throws(() => wantedSubPath({ subPathExpr: '$(A)/..' }, env), /must not contain '..'/);
});

test('who may write, and what is mounted below', () => {
  const volume = readyFolder('/v');
  const fixed = readyFolder('/v', { isReadOnly: true });
  const plain: Container = { name: 'main' };
  const privileged: Container = { name: 'main', securityContext: { privileged: true } };
  const manner = (mount: object, of = volume, container = plain) =>
    mountManner({ name: 'v', mountPath: '/m', ...mount }, of, container);
  assert.deepEqual(manner({}), { readOnly: false });
  assert.deepEqual(manner({}, fixed), { readOnly: true });
  assert.deepEqual(manner({ mountPropagation: 'HostToContainer' }), { readOnly: false, propagation: 'from the host' });
  assert.deepEqual(manner({ mountPropagation: 'Bidirectional' }, volume, privileged), {
    readOnly: false,
    propagation: 'both ways',
  });
  assert.throws(() => manner({ mountPropagation: 'Bidirectional' }), /only to privileged containers/);
  assert.deepEqual(manner({ readOnly: true, recursiveReadOnly: 'Enabled' }), {
    readOnly: true,
    readOnlyBelow: 'needed',
  });
  assert.deepEqual(manner({ readOnly: true, recursiveReadOnly: 'IfPossible' }), {
    readOnly: true,
    readOnlyBelow: 'if possible',
  });
  assert.throws(() => manner({ recursiveReadOnly: 'Enabled' }, fixed), /not read-only/);
  const below = { readOnly: true, recursiveReadOnly: 'Enabled', mountPropagation: 'HostToContainer' };
  assert.throws(() => manner(below), /not compatible with propagation "HostToContainer"/);
});

test('failures are told as Kubernetes does', () => {
  const failure = new MountFailure([
    { volume: 'a', error: new VolumeProblem('why') },
    { volume: 'b', error: new ClaimProblem('error processing PVC x/y: PVC is not bound') },
    { volume: 'c', error: new SetUpProblem('pv-c', 'no') },
  ]);
  assert.deepEqual(failure.messages, [
    'MountVolume.SetUp failed for volume "a" : why',
    'MountVolume.SetUp failed for volume "pv-c" : no',
    'Unable to attach or mount volumes: unmounted volumes=[a b c], unattached volumes=[], failed to process volumes=[b]: error processing PVC x/y: PVC is not bound',
  ]);
  assert.equal(
    failure.timeoutMessage,
    'Unable to attach or mount volumes: unmounted volumes=[a b c], unattached volumes=[], failed to process volumes=[]: context deadline exceeded',
  );
});

test('every object that a pod uses is found once', () => {
  const env = [
    { name: 'A', valueFrom: { configMapKeyRef: { name: 'c1', key: 'k' } } },
    { name: 'B', valueFrom: { secretKeyRef: { name: 's1', key: 'k' } } },
    { name: 'C', value: 'plain' },
  ];
  const pod = samplePod({
    initContainers: [{ name: 'init', envFrom: [{ configMapRef: { name: 'c2' } }, { secretRef: { name: 's2' } }] }],
    containers: [{ name: 'main', env }],
    volumes: [
      { name: 'v1', configMap: { name: 'c1' } },
      { name: 'v2', secret: { secretName: 's3' } },
      { name: 'v3', projected: { sources: [{ configMap: { name: 'c3' } }, { secret: { name: 's1' } }] } },
      { name: 'v4', emptyDir: {} },
    ],
  });
  const found = usedObjects(pod).map(({ kind, ref }) => `${kind.kind} ${ref.namespace}/${ref.name}`);
  assert.deepEqual(found.sort(), [
    ...['c1', 'c2', 'c3'].map((name) => `ConfigMap default/${name}`),
    ...['s1', 's2', 's3'].map((name) => `Secret default/${name}`),
  ]);
});

test('the user of a pod is that of all its containers', () => {
  const as = (runAsUser: number | undefined): Container => ({
    name: 'c',
    ...(runAsUser !== undefined && { securityContext: { runAsUser } }),
  });
  const userOf = (containers: Container[], spec: Partial<Pod['spec']> = {}) =>
    commonUser(samplePod({ containers, ...spec }));
  assert.equal(userOf([as(5), as(5)]), 5);
  assert.equal(userOf([as(5), as(6)]), undefined);
  assert.equal(userOf([as(undefined)]), undefined);
  assert.equal(userOf([as(undefined), as(7)], { securityContext: { runAsUser: 7 } }), 7);
  assert.equal(userOf([as(5)], { initContainers: [as(undefined)] }), undefined);
  assert.equal(userOf([as(5)], { ephemeralContainers: [as(0)] }), 5, 'whoever was added to look in');
});

test('an agent that starts anew finds the volumes whose room is told by what it kept', async () => {
  const kept: Record<string, object> = {
    'claim shared': { spec: { nfs: { server: 'files', path: '/x' } } },
    'claim near': { spec: { local: { path: '/mnt/disk' } } },
    'claim path': { spec: { hostPath: { path: '/mnt' } } },
    'claim web-own': { spec: { local: { path: '/mnt/own' } } },
  };
  const keepsakes = { find: async (_: string, name: string) => kept[name] && JSON.stringify(kept[name]) };
  const pod = samplePod();
  pod.metadata.name = 'web';
  const of = async (volume: Omit<Volume, 'name'>) => {
    const folder = (type: string) => `/pods/u1/volumes/${type}/v`;
    const order = { pod, volume: { name: 'own', ...volume }, folder, world: { keepsakes } } as unknown as VolumeOrder;
    return [claimOf(order), await measuredFolder(order)];
  };
  const claimed = (claimName: string) => of({ persistentVolumeClaim: { claimName } });
  assert.deepEqual(await claimed('shared'), ['shared', '/pods/u1/volumes/nfs/v']);
  assert.deepEqual(await claimed('near'), ['near', '/mnt/disk']);
  assert.deepEqual(await claimed('path'), ['path', undefined]);
  assert.deepEqual(await claimed('forgotten'), ['forgotten', undefined]);
  assert.deepEqual(await of({ ephemeral: {} }), ['web-own', '/mnt/own']);
  assert.deepEqual(await of({ nfs: { server: 'files', path: '/y' } }), [undefined, '/pods/u1/volumes/nfs/v']);
  assert.deepEqual(await of({ emptyDir: {} }), [undefined, undefined]);
});
