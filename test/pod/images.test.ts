// Images on a real Docker Engine, from a real registry: logins, digests, mirrors, one pull for many pods, files, and what
// goes when the disk gets full.
import assert from 'node:assert/strict';
import { createWriteStream } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { after, afterEach, before, test } from 'node:test';
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import { secrets } from '../../src/api/kinds/secret.ts';
import { runCommand } from '../bench/command.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { login, Registry } from '../images/registry.ts';
import { isReady, PodBench, type RunningAgent } from './pod-bench.ts';

let bench: PodBench;
let registry: Registry;
let running: RunningAgent;
let digest: string;
before(async () => {
  bench = await PodBench.open();
  registry = await Registry.open();
  digest = await registry.take(bench.docker, busyboxImage, 'team/tool', '1');
  running = await bench.startAgent();
});
after(async () => {
  await registry?.close();
  await bench?.close();
});
afterEach(async () => {
  registry.closed.clear();
  registry.asked.length = 0;
  await rm(bench.imageSettings.registriesFile, { force: true });
});

const command = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'];
const podOf = (name: string, image: string, spec: Partial<Pod['spec']> = {}) =>
  bench.createPod(name, { containers: [{ name: 'main', image, command, imagePullPolicy: 'IfNotPresent' }], ...spec });
const ready = (name: string) => bench.podWhen(name, 'ready', isReady);
const statusOf = (pod: Pod) => pod.status.containerStatuses?.[0];
const waiting = (name: string, reason: string) =>
  bench.podWhen(name, reason, (pod) => statusOf(pod)?.state?.waiting?.reason === reason);
const told = (name: string) =>
  bench.api
    .history()
    .filter(({ plural, object }) => plural === 'events' && object.metadata.name.startsWith(`${name}.`))
    .map(({ object }) => object as unknown as { reason: string; message: string });
const removed = async (...names: string[]) => {
  for (const name of names) {
    const pod = await bench.pod(name);
    await bench.client.delete(pods, pod.metadata, { gracePeriodSeconds: 10 });
    await bench.gone(name);
  }
};
const has = async (image: string) =>
  bench.docker
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );

test('a registry that wants a login: refused without, told of a missing secret, pulled with', async () => {
  registry.closed.add('team/tool');
  const image = `${registry.host}/team/tool:1`;
  await podOf('stranger', image, { imagePullSecrets: [{ name: 'absent' }] });
  const refused = await waiting('stranger', 'ErrImagePull');
  assert.match(
    statusOf(refused)?.state?.waiting?.message ?? '',
    /(no basic auth credentials|unauthorized|authentication required)/,
  );
  const backedOff = await waiting('stranger', 'ImagePullBackOff');
  assert.match(statusOf(backedOff)?.state?.waiting?.message ?? '', /^Back-off pulling image ".*": ErrImagePull: /);
  const events = () => told('stranger').map(({ reason, message }) => `${reason}: ${message}`);
  await waitUntil('the back-off is told', () => events().includes('Failed: Error: ImagePullBackOff'));
  const missing = 'FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (absent)';
  assert.ok(
    events().some((text) => text.startsWith(missing)),
    events().join('\n'),
  );

  const auths = { [registry.host]: { auth: Buffer.from(`${login.username}:${login.password}`).toString('base64') } };
  await bench.client.create(secrets, {
    metadata: { name: 'registry', namespace: 'default' },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  });
  // The same image under another name: what failed without a login is held back.
  await registry.take(bench.docker, busyboxImage, 'team/tool', '2');
  await podOf('friend', `${registry.host}/team/tool:2`, { imagePullSecrets: [{ name: 'registry' }] });
  const pod = await ready('friend');
  assert.match(
    statusOf(pod)?.imageID ?? '',
    new RegExp(`^docker-pullable://${registry.host}/team/tool@sha256:[0-9a-f]{64}$`),
  );
  const pulled = told('friend').find(({ reason }) => reason === 'Pulled');
  assert.match(
    pulled?.message ?? '',
    /^Successfully pulled image ".*:2" in [\d.]+s \([\d.]+s including waiting\)\. Image size: \d+ bytes\.$/,
  );
  await removed('stranger', 'friend');
});

test('the host has logins of its own; who always pulls asks anew for what is here', async () => {
  await registry.take(bench.docker, busyboxImage, 'team/own', '1');
  registry.closed.add('team/own');
  const configs = { [registry.host]: { auth: login } };
  await writeFile(bench.imageSettings.registriesFile, JSON.stringify({ configs }));
  const image = `${registry.host}/team/own:1`;
  await podOf('of-the-host', image);
  await ready('of-the-host');

  const always = { containers: [{ name: 'main', image, command, imagePullPolicy: 'Always' as const }] };
  registry.asked.length = 0;
  await bench.createPod('always', always);
  await ready('always');
  assert.ok(registry.asked.some((asked) => asked.includes('/team/own/manifests/')));
  assert.ok(told('always').some(({ reason, message }) => reason === 'Pulled' && message.startsWith('Successfully')));
  await rm(bench.imageSettings.registriesFile);
  await bench.createPod('always-refused', always);
  await waiting('always-refused', 'ErrImagePull');
  await removed('of-the-host', 'always', 'always-refused');
});

test('many pods of one image that is not here: it is pulled once', async () => {
  const tag = await registry.take(bench.docker, busyboxImage, 'team/crowd', '1').then(() => '1');
  registry.asked.length = 0;
  const names = ['crowd-1', 'crowd-2', 'crowd-3', 'crowd-4'];
  await Promise.all(names.map((name) => podOf(name, `${registry.host}/team/crowd:${tag}`)));
  await Promise.all(names.map(ready));
  assert.equal(
    registry.asked.filter((asked) => asked.startsWith('HEAD /v2/team/crowd/manifests/')).length,
    1,
    registry.asked.join('\n'),
  );
  assert.equal(names.filter((name) => told(name).some(({ reason }) => reason === 'Pulling')).length, 4);
  await removed(...names);
});

test('by digest, and by digest through a mirror that only we know of', async () => {
  await podOf('exact', `${registry.host}/team/tool@${digest}`);
  assert.equal(statusOf(await ready('exact'))?.imageID, `docker-pullable://${registry.host}/team/tool@${digest}`);

  const endpoint = `http://${registry.host}/v2`;
  const settings = { mirrors: { 'registry.invalid': { endpoint: [endpoint], rewrite: { '^apps/(.*)': 'team/$1' } } } };
  await writeFile(bench.imageSettings.registriesFile, JSON.stringify(settings));
  await podOf('mirrored', 'registry.invalid/apps/tool:1');
  await ready('mirrored');
  assert.ok(await has('registry.invalid/apps/tool:1'), 'it has the name that the pod says');

  await podOf('mirrored-exact', `registry.invalid/apps/tool@${digest}`);
  const pod = await ready('mirrored-exact');
  registry.asked.length = 0;
  await rm(bench.imageSettings.registriesFile);
  // An agent that comes later knows it again, without mirror or registry.
  running.kill();
  running = await bench.startAgent();
  await podOf('again', `registry.invalid/apps/tool@${digest}`);
  assert.equal(statusOf(await ready('again'))?.imageID, statusOf(pod)?.imageID);
  assert.deepEqual(registry.asked, []);
  await removed('exact', 'mirrored', 'mirrored-exact', 'again');
});

test('what is no name of an image, and what is wrong in the file of registries, is told', async () => {
  await podOf('nameless', 'Bad Image');
  const pod = await waiting('nameless', 'InvalidImageName');
  assert.match(
    statusOf(pod)?.state?.waiting?.message ?? '',
    /couldn't parse image name "Bad Image": invalid reference format/,
  );
  assert.ok(told('nameless').some(({ reason }) => reason === 'InspectFailed'));

  await writeFile(bench.imageSettings.registriesFile, 'mirors: {}');
  await podOf('unlucky', `${registry.host}/team/tool:9`);
  const unlucky = await waiting('unlucky', 'ErrImagePull');
  assert.match(statusOf(unlucky)?.state?.waiting?.message ?? '', /registries\.yaml: unknown key "mirors"/);
  await removed('nameless', 'unlucky');
});

test('archives in a folder are loaded at start, and once; the command loads a file', async (context) => {
  const { imagesDir } = bench.imageSettings;
  await mkdir(imagesDir, { recursive: true });
  const archive = join(imagesDir, 'closed.tar');
  await bench.docker.getImage(busyboxImage).tag({ repo: 'closed/tool', tag: '1' });
  await pipeline(await bench.docker.getImage('closed/tool:1').get(), createWriteStream(archive));
  await writeFile(join(imagesDir, 'broken.tar'), 'no archive');
  await bench.docker.getImage('closed/tool:1').remove();

  await running.images.loadFolder(AbortSignal.timeout(60_000));
  assert.ok(await has('closed/tool:1'));
  const load = context.mock.method(running.images.store, 'load');
  await running.images.loadFolder(AbortSignal.timeout(60_000));
  assert.equal(load.mock.callCount(), 1, 'only what could not be loaded is tried again');
  load.mock.restore();

  await bench.docker.getImage('closed/tool:1').remove();
  const wherry = join(import.meta.dirname, '../../bin/wherry');
  const { stdout } = await runCommand(wherry, ['image', 'import', archive, '--docker-socket', bench.engine.socket]);
  assert.equal(stdout, 'closed/tool:1\n');
  assert.ok(await has('closed/tool:1'));
});

test('when the disk gets full, what we pulled and nobody uses goes, and nothing else', async () => {
  const image = (name: string) => `${registry.host}/garbage/${name}:1`;
  // Images of their own, else one id would have all names.
  for (const name of ['kept-by-pod', 'kept-by-other', 'kept-by-name', 'unused']) {
    const container = await bench.docker.createContainer({ Image: busyboxImage, Cmd: ['true'] });
    const [repo, tag] = [`made/${name}`, '1'];
    await container.commit({ repo, tag, comment: name });
    await container.remove();
    await registry.take(bench.docker, `made/${name}:1`, `garbage/${name}`, '1');
    await bench.docker.getImage(`made/${name}:1`).remove();
    await podOf(name, image(name));
    await ready(name);
  }
  await removed('kept-by-other', 'kept-by-name', 'unused');
  await bench.docker.getImage(image('kept-by-name')).tag({ repo: 'somebodys/own', tag: '1' });
  const other = await bench.docker.createContainer({ Image: image('kept-by-other'), Cmd: ['true'] });

  running.kill();
  Object.assign(bench.imageSettings.garbage, { highPercent: 0, lowPercent: 0, leastAgeMs: 0 });
  running = await bench.startAgent();
  await running.images.garbage.collect();
  const left = ['kept-by-pod', 'kept-by-other', 'kept-by-name', 'unused'].map((name) => has(image(name)));
  assert.deepEqual(await Promise.all(left), [true, true, true, false]);
  assert.ok(await has('closed/tool:1'), 'what was loaded cannot be had again');
  assert.ok(await has(busyboxImage), 'what another brought is not ours');
  assert.match(
    bench.nodeEvents.at(-1) ?? '',
    /^FreeDiskSpaceFailed: Failed to garbage collect required amount of images\. Attempted to free \d+ bytes/,
  );
  await other.remove();
});
