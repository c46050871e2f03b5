// Volumes whose files come from the API, in real containers: what they hold and for whom, that a change is seen within
// seconds and as a whole, that one watch serves all who use an object, and that all goes on while the master is away.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';
import {
  idle,
  inside,
  insideUntil,
  putConfigMap,
  putSecret,
  type Volumes,
  warned,
  warningsOf,
} from './volume-bench.ts';

let bench: PodBench;
let running: RunningAgent;
before(async () => {
  bench = await PodBench.open();
  running = await bench.startAgent();
});
after(async () => {
  await bench?.close();
});

const mountAll = (volumes: Volumes) => volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
const startPod = async (name: string, volumes: Volumes, more: object = {}) => {
  await bench.createPod(name, { containers: [idle({ volumeMounts: mountAll(volumes) })], volumes, ...more });
  return bench.podWhen(name, 'ready', isReady);
};
const setData = (name: string, data: Record<string, string | null>) =>
  bench.client.patch(configMaps, { namespace: 'default', name }, { data });
/** Mode, owner and content of each file. */
const show =
  'for file in $(find -L . -type f | grep -v "/\\.\\." | sort); do stat -L -c "%a %u:%g" $file; cat $file; echo; done';

test('files, modes and owners are those of the manifest', async () => {
  await putConfigMap(bench, 'settings', { color: 'blue', size: '9' }, { binaryData: { raw: 'AAEC' } });
  await putSecret(bench, 'login', { user: 'root', password: 'hidden' });
  const pod = await startPod('files', [
    { name: 'all', configMap: { name: 'settings' } },
    {
      name: 'some',
      configMap: { name: 'settings', defaultMode: 0o600, items: [{ key: 'color', path: 'a/b', mode: 0o440 }] },
    },
    { name: 'login', secret: { secretName: 'login', defaultMode: 0o400 } },
    { name: 'maybe', secret: { secretName: 'none', optional: true } },
    {
      name: 'about',
      downwardAPI: {
        items: [
          { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
          { path: 'cpu', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' } },
        ],
      },
    },
  ]);
  const look = (folder: string) => inside(running, pod, `cd /${folder} && ${show}`);
  assert.equal(await look('some'), '440 0:0\nblue\n');
  assert.equal(await look('login'), '400 0:0\nhidden\n400 0:0\nroot\n');
  assert.equal(await look('maybe'), '');
  assert.equal(await look('about'), '644 0:0\n2000\n644 0:0\nfiles\n');
  assert.equal(await inside(running, pod, 'cd /all && ls && od -An -tx1 raw'), 'color\nraw\nsize\n 00 01 02\n');
  assert.match(await inside(running, pod, 'touch /all/x /login/x /about/x'), /(Read-only file system[\s\S]*){3}/);
});

test('what is secret is in memory, and on no disk', async () => {
  const pod = await bench.pod('files');
  const types = await inside(running, pod, 'stat -f -c %T /login /about; grep " /all " /proc/mounts | cut -d" " -f3');
  assert.deepEqual(types.trim().split('\n').slice(0, 2), ['tmpfs', 'tmpfs']);
  const folder = join(bench.dataDir, 'pods');
  for (const name of await readdir(folder, { recursive: true })) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => '');
    assert.doesNotMatch(text, /hidden/, name);
  }
});

test('a change of a config map is seen by who runs, and another version at once as a whole', async () => {
  const pod = await bench.pod('files');
  // Reads both files over and over, and says when they are of different versions.
  const watcher =
    'while true; do cd /all/..data && a=$(cat color) b=$(cat size); [ "$a" = blue ] && [ -n "$b" ] && [ "$b" != 9 ] && echo torn >> /torn; [ -e /stop ] && break; done';
  const watching = inside(running, pod, watcher);
  await setData('settings', { color: 'red', size: '10', added: 'new' });
  await insideUntil(running, pod, 'cat /all/color /all/size /all/added /some/a/b', 'red10newred');
  await setData('settings', { size: null });
  await insideUntil(running, pod, 'ls /all', 'added\ncolor\nraw\n');
  await inside(running, pod, 'touch /stop');
  await watching;
  assert.equal(await inside(running, pod, 'cat /torn 2>/dev/null'), '');
  assert.equal(await inside(running, pod, 'ls -d /all/..* | wc -l'), '3\n', 'itself, its link and one version');

  // What was not there and might be missing.
  await putSecret(bench, 'none', { late: 'here' });
  await insideUntil(running, pod, 'cat /maybe/late', 'here');
});

test('labels and annotations are shown as they are now', async () => {
  const pod = await startPod('labels', [
    {
      name: 'about',
      downwardAPI: {
        items: [
          { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
          { path: 'note', fieldRef: { fieldPath: "metadata.annotations['note']" } },
        ],
      },
    },
  ]);
  await bench.client.patch(pods, pod.metadata, {
    metadata: { labels: { tier: 'front', app: 'x"y' }, annotations: { note: 'hi' } },
  });
  await insideUntil(running, pod, 'cat /about/labels; echo; cat /about/note', 'app="x\\"y"\ntier="front"\nhi');
  await bench.client.patch(pods, pod.metadata, { metadata: { labels: { tier: 'back' } } });
  await insideUntil(running, pod, 'grep tier /about/labels', 'tier="back"\n');
});

test('a pod waits for what it uses, and starts as soon as that is there', async () => {
  const volumes: Volumes = [
    { name: 'late', configMap: { name: 'late' } },
    { name: 'keys', secret: { secretName: 'login', items: [{ key: 'absent', path: 'x' }] } },
  ];
  await bench.createPod('waits', { containers: [idle({ volumeMounts: mountAll(volumes) })], volumes });
  await warned(bench, 'waits', 'FailedMount: MountVolume.SetUp failed for volume "late" : configmap "late" not found');
  await warned(
    bench,
    'waits',
    'FailedMount: MountVolume.SetUp failed for volume "keys" : references non-existent secret key: absent',
  );
  const reasonOf = (pod: Pod) => pod.status.containerStatuses?.[0]?.state?.waiting?.reason;
  await bench.podWhen('waits', 'waiting', (pod) => reasonOf(pod) === 'ContainerCreating');
  await bench.client.delete(pods, { namespace: 'default', name: 'waits' }, { gracePeriodSeconds: 1 });
  await bench.gone('waits');

  const env = [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'later', key: 'color' } } }];
  await bench.createPod('variables', { containers: [idle({ env })] });
  await bench.podWhen('variables', 'refused', (pod) => reasonOf(pod) === 'CreateContainerConfigError');
  const begun = performance.now();
  await putConfigMap(bench, 'later', { color: 'green' });
  const pod = await bench.podWhen('variables', 'ready', isReady);
  assert.ok(performance.now() - begun < 8_000, 'it did not wait for the next try');
  assert.equal(await inside(running, pod, 'echo $COLOR'), 'green\n');
});

test('an object has one watch, whoever uses it, and none when nobody does', async () => {
  const before = bench.api.watches;
  await putConfigMap(bench, 'shared', { key: '1' });
  const volumes: Volumes = [{ name: 'shared', configMap: { name: 'shared' } }];
  await startPod('one', volumes);
  const other = await startPod('other', volumes);
  assert.equal(bench.api.watches, before + 1);
  const end = async (name: string) => {
    await bench.client.delete(pods, { namespace: 'default', name }, { gracePeriodSeconds: 1 });
    await bench.gone(name);
  };
  await end('one');
  await setData('shared', { key: '2' });
  await insideUntil(running, other, 'cat /shared/key', '2');
  await end('other');
  await waitUntil('no watch is left', () => bench.api.watches === before);

  await putConfigMap(bench, 'fixed', { key: '1' }, { immutable: true });
  const fixed = await startPod('fixed', [{ name: 'fixed', configMap: { name: 'fixed' } }]);
  assert.equal(await inside(running, fixed, 'cat /fixed/key'), '1');
  await waitUntil('what never changes is not watched', () => bench.api.watches === before);
});

test('tokens are renewed before they end, and projected with everything else', async () => {
  bench.api.tokenSeconds = 15;
  await putConfigMap(bench, 'kube-root-ca.crt', { 'ca.crt': 'trust' });
  const access: Volumes = [
    {
      name: 'access',
      projected: {
        sources: [
          { serviceAccountToken: { path: 'token', expirationSeconds: 3600, audience: 'me' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { secret: { name: 'login', items: [{ key: 'user', path: 'user', mode: 0o400 }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
        ],
      },
    },
  ];
  const pod = await startPod('token', access);
  assert.equal(
    await inside(running, pod, 'cd /access; cat ca.crt user namespace; stat -L -c %a token user'),
    'trustrootdefault644\n400\n',
  );
  const claims = async () => {
    const [, payload = ''] = (await inside(running, pod, 'cat /access/token')).split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString());
  };
  const first = await claims();
  assert.deepEqual([first.aud, first.sub, first.bound.uid], [['me'], 'default:default', pod.metadata.uid]);
  const second = await waitUntil('another token', async () => {
    const now = await claims();
    return now.jti !== first.jti && now;
  });
  assert.ok(second.iat < first.exp, 'in time');

  const owned = await startPod('owned', access, { securityContext: { runAsUser: 1000, fsGroup: 2000 } });
  assert.equal(
    await inside(
      running,
      owned,
      'stat -L -c "%a %u:%g" /access/token /access/ca.crt; cat /access/token | wc -c; id -G',
    ),
    `640 1000:2000\n644 0:2000\n${(await inside(running, owned, 'cat /access/token')).length}\n0 2000\n`,
  );
  bench.api.tokenSeconds = undefined;
});

test('with the master away volumes stay as they are, containers start again, and changes come when it is back', async () => {
  const pod = await bench.pod('files');
  bench.api.isAway = true;
  bench.api.breakWatches();
  await inside(running, pod, 'kill 1');
  await waitUntil(
    'started again',
    async () => (await inside(running, pod, 'cat /all/color').catch(() => '')) === 'red',
  );
  bench.api.isAway = false;
  await setData('settings', { color: 'white' });
  await insideUntil(running, pod, 'cat /all/color', 'white');
});

test('an agent that is killed and comes again follows what runs, and needs nothing that is gone', async () => {
  const before = await bench.pod('files');
  running.kill();
  await setData('settings', { color: 'black' });
  await bench.client.delete(configMaps, { namespace: 'default', name: 'shared' });
  running = await bench.startAgent();
  await insideUntil(running, before, 'cat /all/color', 'black');
  // What runs goes on with what it has of an object that is gone, also when it starts again.
  await bench.client.delete(configMaps, { namespace: 'default', name: 'settings' });
  await warned(
    bench,
    'files',
    'FailedMount: MountVolume.SetUp failed for volume "all" : configmap "settings" not found',
  );
  await inside(running, before, 'kill 1');
  const again = await bench.podWhen(
    'files',
    'started again',
    (pod) => isReady(pod) && pod.status.containerStatuses?.[0]?.restartCount === 2,
  );
  assert.equal(await inside(running, again, 'cat /all/color'), 'black');
});

test('what cannot be projected is refused by name', async () => {
  const clusterTrustBundle = { path: 'x', name: 'b' };
  const volumes: Volumes = [
    { name: 'bundle', projected: { sources: [{ clusterTrustBundle }] } },
    { name: 'disk', csi: { driver: 'd' } },
  ];
  await bench.createPod('refused', { containers: [idle({ volumeMounts: mountAll(volumes) })], volumes });
  await warned(bench, 'refused', /"bundle" : this agent cannot project clusterTrustBundle sources yet$/);
  await warned(bench, 'refused', /"disk" : this agent cannot mount csi volumes$/);
  assert.equal(
    warningsOf(bench, 'refused').every((text) => text.startsWith('FailedMount')),
    true,
  );
});
