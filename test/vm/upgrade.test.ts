// `wherry upgrade FILE` under the real systemd: a version that does not start gives way to the former one by itself, on the master and on a
// node; one that is well takes its place; and nginx runs and answers to a client outside all the time.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { changedBundle, programChanges } from '../bench/changed-bundle.ts';
import type { CommandOutcome } from '../bench/command.ts';
import type { LanVm } from './vm-lan.ts';
import { openWebCluster, type WebCluster, webIsReady, webUrl } from './web.ts';

/** To unpack, check and start a program takes its time where everything is emulated. */
const timeoutMs = 600_000;
let cluster: WebCluster;
let asking: { end(): Promise<string[]> };
let containersBefore: string[];

before(async () => {
  cluster = await openWebCluster({ leavesAfterSeconds: 3600 });
  containersBefore = await containers();
  asking = await askAllTheTime();
});
after(async () => {
  await cluster?.close();
});

/** Each with its process, so that one that was started anew is another. */
const containers = () =>
  Promise.all(
    cluster.nodes.map((node) =>
      node.exec(
        "docker ps --quiet | sort | xargs docker inspect --format '{{.Id}} {{.State.Pid}} {{.State.StartedAt}}'",
      ),
    ),
  );

/** The client asks both nodes in turn, each time on a new connection; what it got is told at the end. */
async function askAllTheTime(): Promise<{ end(): Promise<string[]> }> {
  const { client } = cluster.lan;
  const end = `${client.folder}/asked-enough`;
  const ask = cluster.nodes.map(
    (node) => `curl --silent --fail --max-time 60 ${webUrl(node)} >/dev/null && echo good || echo failed`,
  );
  const asked = client.exec('sh', ['-c', `while [ ! -e ${end} ]; do ${ask.join('; ')}; sleep 0.5; done`], {
    timeoutMs: 4 * timeoutMs,
  });
  asked.catch(() => {});
  return {
    async end() {
      await client.exec('touch', [end]);
      return (await asked).stdout.trim().split('\n');
    },
  };
}

const programOf = async (vm: LanVm, role: 'server' | 'agent') =>
  (await vm.exec(`readlink /proc/$(systemctl show --property=MainPID --value wherry-${role})/exe`)).trim();

/** As an administrator does it with the file of a release. */
async function upgrade(vm: LanVm, name: string, change: string): Promise<CommandOutcome> {
  const bundle = (await vm.exec('echo /root/wherry-*')).trim();
  const folder = `/root/${name}`;
  await vm.exec(changedBundle({ bundle, folder, file: 'wherry.mjs', change }), { timeoutMs });
  const outcome = await vm.tryExec(`wherry upgrade ${folder}.tar`, { timeoutMs });
  await vm.exec(`rm -rf ${folder} ${folder}.tar`);
  return outcome;
}

const wordOf = (name: string) => cluster.kubectl(['get', 'configmap', name, '-o', 'jsonpath={.data.word}']);

test('a master that does not start with another version goes on with the former, and has all that it acknowledged', async () => {
  await cluster.kubectl(['create', 'configmap', 'kept', '--from-literal=word=acknowledged']);
  const before = await programOf(cluster.master, 'server');
  const { code, stderr } = await upgrade(cluster.master, 'broken', programChanges.brokenFor('server'));
  assert.equal(code, 1, stderr);
  assert.match(stderr, /the upgrade of the server was taken back, and the former program and state run again/);
  assert.equal(await programOf(cluster.master, 'server'), before);
  assert.equal(await wordOf('kept'), 'acknowledged');
  await cluster.nodesAre('True');
});

test('an agent that does not start with another version goes on with the former', async () => {
  const before = await programOf(cluster.b, 'agent');
  const { code, stderr } = await upgrade(cluster.b, 'broken', programChanges.brokenFor('agent'));
  assert.equal(code, 1, stderr);
  assert.match(stderr, /the upgrade of the agent was taken back, and the former one runs again/);
  assert.equal(await programOf(cluster.b, 'agent'), before);
  await cluster.nodesAre('True');
});

test('the master is upgraded, then a node, and the other node works with them as it is', async () => {
  for (const [vm, role] of [
    [cluster.master, 'server'],
    [cluster.b, 'agent'],
  ] as const) {
    const before = await programOf(vm, role);
    const { code, stderr } = await upgrade(vm, 'next', programChanges.nextVersion('next'));
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`the ${role} is upgraded`));
    assert.notEqual(await programOf(vm, role), before);
    await cluster.nodesAre('True');
  }
  assert.equal(await wordOf('kept'), 'acknowledged');
  await cluster.kubectl(['create', 'configmap', 'later', '--from-literal=word=also']);
  await webIsReady(cluster);
});

test('meanwhile no pod was started anew, and every request was answered', async () => {
  assert.deepEqual(await containers(), containersBefore);
  const told = await asking.end();
  assert.ok(told.length > 20, `${told.length} requests`);
  assert.deepEqual(
    told.filter((each) => each !== 'good'),
    [],
  );
});
