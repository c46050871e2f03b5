// The two scripts on a machine where nothing is installed, twice in a row: up brings nginx to the outside, up again changes nothing,
// down takes all of it away, also when Wherry was killed.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { observeTrees } from '../bench/process-table.ts';
import { type CleanMachine, openCleanMachine } from './clean-machine.ts';

let machine: CleanMachine;
before(async () => {
  machine = await openCleanMachine();
});
after(async () => {
  await machine.close();
});

/** Runs the command on the machine, which must succeed, and answers the lines that it wrote. */
async function lines(command: string, timeoutMs?: number): Promise<string[]> {
  const { code, stdout, stderr } = await machine.run(command, timeoutMs);
  assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
  return stdout.split('\n').slice(0, -1);
}

const kubectl = 'kubectl --kubeconfig /etc/wherry/kubeconfig';
const containers = async () => (await lines('docker ps --all --no-trunc --quiet')).sort();

/** What Wherry could leave on the machine. Docker's own bridge and chains stay with Docker's packages. */
async function observeTraces(): Promise<string[]> {
  const rules = await lines(
    'iptables-save | grep -v "^#" | sed "s/\\[[0-9:]*\\]//" | grep -v DOCKER | grep -v docker0 | sort -u',
  );
  const links = await lines('ip -oneline link | cut -d: -f2 | cut -d@ -f1 | grep -v docker0 | sort');
  const routes = await lines('ip route | grep -v docker0 | sort');
  const mounts = await lines("awk '{ print $5 }' /proc/self/mountinfo | grep -v ^/sys/fs/cgroup | sort");
  const files = await lines('ls -d /run/wherry /var/log/wherry /var/lib/wherry /etc/wherry 2>/dev/null || true');
  return [...rules, ...links, ...routes, ...mounts, ...files];
}

const running = () =>
  observeTrees((entry) => entry.pid === machine.host.pid)
    .map(({ command }) => command.join(' '))
    .filter((command) => /wherry|dockerd|containerd|nginx/.test(command));

test('nothing that Wherry needs is installed', async () => {
  for (const program of ['npm', 'node', 'dockerd', 'iptables', 'ip', 'kubectl', 'curl']) {
    assert.notEqual((await machine.run(`command -v ${program}`)).code, 0, program);
  }
});

const url = () => `http://${machine.address}:30080/`;

let clean: string[];
for (const round of ['first', 'second']) {
  test(`${round} time: up installs what is missing and ends with the address, where nginx answers`, async () => {
    const said = await lines('scripts/up', 600_000);
    assert.equal(said.at(-1), `Open ${url()}`);
    const page = await fetch(url(), { signal: AbortSignal.timeout(5_000) });
    assert.match(await page.text(), /Welcome to nginx!/);
    assert.deepEqual(await lines(`${kubectl} get deployment nginx -o jsonpath='{.status.readyReplicas}{"\\n"}'`), [
      '2',
    ]);
  });

  test(`${round} time: up again changes nothing and says so`, async () => {
    const before = await containers();
    const said = await lines('scripts/up');
    const expected = [
      /^The packages of the distribution are there$/,
      /^npm packages are up to date$/,
      /^Docker Engine is running$/,
      /^Wherry is running \(pid \d+\)$/,
      /^Node \S+ is ready$/,
      /^Image \S+ is there$/,
      /^nginx is deployed: unchanged$/,
      /^For kubectl: /,
      /^Open http:/,
    ];
    assert.equal(said.length, expected.length, said.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(said[index] ?? '', pattern);
    assert.deepEqual(await containers(), before);
  });

  test(`${round} time: down takes all of it away${round === 'second' ? ' from a Wherry that was killed' : ''}`, async () => {
    if (round === 'second') await lines('kill -KILL "$(cat /run/wherry/wherry.pid)"');
    await lines('scripts/down', 120_000);
    assert.deepEqual(running(), []);
    await assert.rejects(fetch(url(), { signal: AbortSignal.timeout(5_000) }));
    const traces = await observeTraces();
    assert.deepEqual(
      traces.filter((trace) => /wherry|kube|30080/i.test(trace)),
      [],
    );
    clean ??= traces;
    assert.deepEqual(traces, clean);
    assert.deepEqual(await lines('scripts/down'), ['Nothing of Wherry is here']);
  });
}
