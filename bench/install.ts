// From the bundle on disk to nginx answering on a NodePort, asked from another machine: node bench/install.ts [--rounds 3]
// The host is made of namespaces, with a Docker Engine that runs and systemd played; the bundle has nginx's image in it.
import { parseArgs } from 'node:util';
import { openHosts } from '../test/bench/hosts.ts';
import { waitUntil } from '../test/bench/wait-until.ts';
import { makeArchive, settle } from '../test/cluster/bundle-hosts.ts';
import { type Machine, observeLoad, observeMachine } from './machine.ts';
import { textTable } from './text-table.ts';

const image = 'nginx:stable';
const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const manifest = `kubectl --kubeconfig /etc/wherry/kubeconfig create deployment nginx --image=${image} &&
  kubectl --kubeconfig /etc/wherry/kubeconfig create service nodeport nginx --tcp=80 --node-port=30080`;

/** Seconds by what was done, in order. */
type Times = [step: string, seconds: number][];

async function measureOnce(): Promise<{ times: Times; machine: Machine }> {
  const hosts = await openHosts({ names: ['first'], dockerIptables: true });
  try {
    const on = hosts.host('first');
    const archive = await makeArchive(image, on);
    await settle(on);
    const times: Times = [];
    const timed = async (step: string, work: () => Promise<unknown>) => {
      const begun = performance.now();
      await work();
      times.push([step, (performance.now() - begun) / 1000]);
    };
    const shell = async (command: string) =>
      (await on.host.exec('sh', ['-c', `export PATH=${path} HOME=/root; cd /root; ${command}`], { timeoutMs: 300_000 }))
        .stdout;
    let token = '';
    const url = `http://${on.address}:30080/`;
    await timed('unpack the archive', () => shell(`tar -xzf ${archive}`));
    await timed('install.sh server, to ready', () => shell('wherry-*/install.sh server'));
    await timed('wherry token create', async () => (token = (await shell('wherry token create')).trim()));
    const agent = `wherry-*/install.sh agent --server https://${on.address}:6443 --token`;
    await timed('install.sh agent, to ready', () => shell(`${agent} ${token}`));
    await timed('kubectl create, twice', () => shell(manifest));
    await timed('nginx answers from outside', () =>
      waitUntil('nginx', async () => {
        const { stdout } = await hosts.client.host.tryExec('curl', ['-s', '--max-time', '1', url]);
        return stdout.includes('Welcome to nginx!');
      }),
    );
    times.push(['all of it', times.reduce((sum, [, seconds]) => sum + seconds, 0)]);
    return { times, machine: await observeMachine(on.docker.socket) };
  } finally {
    await hosts.close();
  }
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const loads: number[] = [];
const rounds: Times[] = [];
let about: string[] = [];
for (let round = 0; round < Number(values.rounds); round++) {
  loads.push(observeLoad());
  const { times, machine } = await measureOnce();
  rounds.push(times);
  about = Object.entries(machine).map(([key, value]) => `${key} ${value}`);
}
console.log(`${about.join('; ')}; load as each round began: ${loads.map((load) => load.toFixed(1)).join(', ')}\n`);
const steps = rounds[0]?.map(([step]) => step) ?? [];
const rows = steps.map((step, index) => [step, ...rounds.map((times) => (times[index]?.[1] ?? 0).toFixed(2))]);
console.log(textTable(['s', ...rounds.map((_, round) => `round ${round + 1}`)], rows));
