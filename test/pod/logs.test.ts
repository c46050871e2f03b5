// Logs as kubectl asks for them, the oldest and the newest: whole, through rotation, of several containers, of the one
// before, and with what kubectl is told where there is none. And the links by which log shippers find them.
import assert from 'node:assert/strict';
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Kubectl, oldestAndNewest } from '../api/kubectls.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { OneNode } from './one-node.ts';

let one: OneNode;
let kubectls: Kubectl[];

before(async () => {
  kubectls = await oldestAndNewest();
  one = await OneNode.open(['--container-log-max-size', '300Ki', '--container-log-max-files', '30']);
});
after(async () => {
  await one?.close();
});

const logs = async (...args: string[]) => one.kubectl('logs', ...args);
const lines = 40_000;
/** Some at once, then a breath: faster than anybody reads would be lost by right. */
const chatter = `
  i=0
  while [ $i -lt ${lines} ]; do
    echo line $i of a log that is put aside again and again
    i=$((i+1))
    [ $((i % 2000)) = 0 ] && sleep 0.1
  done
  echo the end`;

test('a log that is followed through many rotations has every line once, and ends with its container', async () => {
  await one.applyPod('chatter', { main: chatter }, { restartPolicy: 'Never' });
  await one.podWhen('chatter', 'has begun', ({ status }) => status.phase !== 'Pending');
  const follow = await one.tryKubectl(['logs', '-f', 'chatter']);
  const expected = Array.from(
    { length: lines },
    (_, index) => `line ${index} of a log that is put aside again and again`,
  );
  assert.deepEqual(firstDifference(follow.stdout.split('\n'), [...expected, 'the end', '']), undefined);
  const rotated = (await one.on.host.exec('sh', ['-c', `ls ${await logFolder('chatter')} | grep -c json.log`])).stdout;
  assert.ok(Number(rotated) > 5, `${rotated} files`);
  const settings = await one.on.host.exec('cat', [join(await logFolder('chatter'), 'hostconfig.json')]);
  const { LogConfig } = JSON.parse(settings.stdout);
  assert.deepEqual([LogConfig.Config['max-size'], LogConfig.Config['max-file']], ['307200', '30']);
  for (const { program, minor } of kubectls) {
    const whole = await one.tryKubectl(['logs', 'chatter'], program);
    assert.equal(whole.stdout, follow.stdout, `1.${minor}`);
    const tail = await one.tryKubectl(['logs', 'chatter', '--tail', '10001'], program);
    assert.equal(tail.stdout.split('\n').length, 10_002);
    assert.match(tail.stdout, /the end\n$/);
  }
});

test('several containers at once, each told by its name', async () => {
  // Docker reads what is written to the two ends as it comes to them.
  const right = 'echo r; until [ -e /told ]; do sleep 0.1; done; echo wrong >&2; sleep 1000';
  await one.applyPod('pair', { left: 'echo l; sleep 1000', right });
  await one.podReady('pair');
  await one.logsBecome('pair', 'l\n', '-c', 'left');
  await one.logsBecome('pair', 'r\n', '-c', 'right');
  await one.kubectl('exec', 'pair', '-c', 'right', '--', 'touch', '/told');
  await one.logsBecome('pair', 'r\nwrong\n', '-c', 'right');
  for (const { program } of kubectls) {
    const all = await one.tryKubectl(['logs', '-l', 'app=pair', '--all-containers', '--prefix'], program);
    assert.deepEqual(all.stdout.trim().split('\n').sort(), [
      '[pod/pair/left] l',
      '[pod/pair/right] r',
      '[pod/pair/right] wrong',
    ]);
    const unnamed = await one.tryKubectl(['logs', 'pair', '-c', 'middle'], program);
    assert.match(unnamed.stderr, /container middle is not valid for pod pair/);
  }
  const raw = (query: string) => one.kubectl('get', '--raw', `/api/v1/namespaces/default/pods/pair/log?${query}`);
  assert.equal(await raw('container=right&stream=Stderr'), 'wrong\n');
  assert.equal(await raw('container=right&stream=Stdout'), 'r\n');
  const both = ['get', '--raw', '/api/v1/namespaces/default/pods/pair/log?container=right&stream=Both'];
  assert.match((await one.tryKubectl(both)).stderr, /Unsupported value: "Both": supported values: "All"/);
  assert.equal(await logs('pair', '-c', 'left', '--insecure-skip-tls-verify-backend'), 'l\n');
});

test('of a container that is started over and over: its last words, before and after', async () => {
  await one.applyPod('again', { main: 'date +%s%N; sleep 1; exit 1' });
  await one.podWhen(
    'again',
    'has been restarted',
    ({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0,
  );
  const waiting = await one.podWhen('again', 'waits', ({ status }) => {
    const reason = status.containerStatuses?.[0]?.state?.waiting?.reason;
    return reason === 'CrashLoopBackOff';
  });
  assert.equal(waiting.status.containerStatuses?.[0]?.restartCount, 1);
  // While it waits, the one that ended last is both the newest and the previous.
  assert.equal(await logs('-p', 'again'), await logs('again'));
});

test('where there is no log, kubectl is told why', async () => {
  await one.applyPod(
    'imageless',
    {},
    { containers: [{ name: 'main', image: 'none.invalid/none:1', imagePullPolicy: 'Never' }] },
  );
  await one.podWhen('imageless', 'waits', ({ status }) => status.containerStatuses?.[0]?.state?.waiting !== undefined);
  for (const { program } of kubectls) {
    const none = await one.tryKubectl(['logs', 'imageless'], program);
    assert.match(
      none.stderr,
      /Error from server \(BadRequest\): container "main" in pod "imageless" is waiting to start: \w+/,
    );
    const before = await one.tryKubectl(['logs', '-p', 'pair', '-c', 'left'], program);
    assert.match(before.stderr, /\(BadRequest\): previous terminated container "left" in pod "pair" not found/);
  }
});

test('who follows and goes away leaves nothing open in the agent', async () => {
  const open = async () => {
    const folder = `/proc/${await one.agent?.pid()}/fd`;
    const targets = await Promise.all(
      (await readdir(folder)).map((name) => readlink(join(folder, name)).catch(() => '')),
    );
    return targets.filter((target) => target.includes('json.log')).length;
  };
  // Who read a log before may not have let go of it yet.
  await waitUntil('no log is open', async () => (await open()) === 0);
  const following = one.tryKubectl(['logs', '-f', 'pair', '-c', 'left', '--request-timeout=2s']);
  await waitUntil('the log is open', async () => (await open()) > 0);
  await following;
  await waitUntil('the log is closed', async () => (await open()) === 0);
});

test('log shippers find every log under its names, as long as there is the container', async () => {
  const found = async (folder: string) =>
    (await one.on.host.exec('find', [folder, '-name', '*pair*', '-o', '-path', '*pair*', '-name', '*.log'])).stdout;
  const [shown = ''] = (await found('/var/log/containers')).split('\n').filter((path) => path.includes('_left-'));
  assert.match(shown, /\/pair_default_left-[0-9a-f]{64}\.log$/);
  assert.match((await one.on.host.exec('cat', [shown])).stdout, /"log":"l\\n"/);
  const { uid } = (await one.podReady('pair')).metadata;
  assert.match(await found('/var/log/pods'), new RegExp(`/default_pair_${uid}/left/0\\.log`));

  // What comes to an end while nobody looks is swept away by the next agent.
  await one.agent?.kill('SIGKILL');
  const docker = ['-H', `unix://${one.on.docker.socket}`];
  const id = /left-([0-9a-f]{64})/.exec(shown)?.[1] ?? '';
  await one.on.host.exec('docker', [...docker, 'rm', '-f', id]);
  await one.startAgent();
  await waitUntil('the link is gone', async () => !(await found('/var/log/containers')).includes(id));
  await one.kubectl('delete', 'pod', 'pair', '--wait=true');
  await waitUntil(
    'all links are gone',
    async () => !/pair/.test((await found('/var/log/containers')) + (await found('/var/log/pods'))),
  );
});

test("the host's own logs are read through the API, and nothing else of the host", async () => {
  const { host } = one.on;
  await host.exec('sh', [
    '-c',
    'echo a line >"/var/log/a & b.log"; mkdir -p /var/log/sub; ln -s /etc/hostname /var/log/sub/out',
  ]);
  const get = async (path: string) => one.tryKubectl(['get', '--raw', `/api/v1/nodes/n1/proxy/logs/${path}`]);
  assert.equal((await get('a%20&%20b.log')).stdout, 'a line\n');
  assert.match((await get('')).stdout, /<a href="a%20&%20b.log">a &amp; b.log<\/a>\n[\s\S]*<a href="sub\/">sub\/<\/a>/);
  for (const elsewhere of ['none', 'sub/out', '..%2F..%2Fetc/hostname', 'a%20&%20b.log/more']) {
    const answer = await get(elsewhere);
    assert.match(answer.stderr, /\(NotFound\)|could not find/, elsewhere);
    assert.equal(answer.stdout, '');
  }
});

test('what is uninstalled takes its links with it', async () => {
  await one.applyPod('last', { main: 'sleep 1000' });
  await one.podReady('last');
  const links = async () => (await one.on.host.exec('find', ['/var/log', '-type', 'l', '-name', '*.log'])).stdout;
  await waitUntil('links', async () => /last_default_main/.test(await links()));
  await one.agent?.kill('SIGKILL');
  await one.uninstall();
  assert.equal(await links(), '');
  assert.doesNotMatch((await one.on.host.exec('ls', ['/var/log'])).stdout, /^(pods|containers)$/m);
});

async function logFolder(pod: string): Promise<string> {
  const { status } = await one.get<{ status: { containerStatuses: { containerID: string }[] } }>('pod', pod);
  const id = status.containerStatuses[0]?.containerID.replace('docker://', '');
  return join(one.on.docker.folder, 'data/containers', id ?? '');
}

function firstDifference(got: string[], expected: string[]): string | undefined {
  const at = expected.findIndex((line, index) => got[index] !== line);
  if (at < 0 && got.length === expected.length) return undefined;
  return `line ${at} of ${got.length}: ${got[at]} instead of ${expected[at]}`;
}
