// Network namespaces for a test: hosts and an outside client on one LAN, pods on the hosts. All are named wtnet-<pid>-...
//
//   a ── eth0 172.30.7.11 ──┐
//   b ── eth0 172.30.7.12 ──┼── bridge in namespace "lan"
//   client ── 172.30.7.10 ──┘           │ routes
//   c ── eth0 172.30.8.13 ── another bridge in "lan", for hosts that shall be beyond a router
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ClusterSettings, clusterSettings } from '../../src/api/cluster-settings.ts';
import type { RuleKindWish } from '../../src/network/services/rule-kind.ts';
import { type CommandOutcome, runCommand, tryCommand } from '../bench/command.ts';
import { observeTrees, type ProcessEntry, signalProcess } from '../bench/process-table.ts';
import { waitUntil } from '../bench/wait-until.ts';
import type { NodeConfig, Order } from './network-process.ts';
import type { Question } from './survey.ts';

export const settings = clusterSettings({
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/12',
  clusterDomain: 'cluster.local',
});

const networks = { lan0: '172.30.7', far0: '172.30.8' };

/** What runs in the namespaces. */
const programs = {
  ask: import.meta.resolve('./ask.ts'),
  connect: import.meta.resolve('./connect-times.ts'),
  lookups: import.meta.resolve('./lookups.ts'),
  network: import.meta.resolve('./network-process.ts'),
  pod: import.meta.resolve('./pod-server.ts'),
  remove: import.meta.resolve('./remove-process.ts'),
  resolve: import.meta.resolve('./resolve.ts'),
  survey: import.meta.resolve('./survey.ts'),
  upstream: import.meta.resolve('./upstream-dns.ts'),
};
export type Program = keyof typeof programs;

const node = (program: Program, args: string[]) => [process.execPath, fileURLToPath(programs[program]), ...args];

/** A network namespace of the test's. */
export class Machine {
  readonly name: string;
  readonly address: string;
  readonly #namespace: string;
  readonly #lab: Lab;

  constructor(lab: Lab, name: string, address: string) {
    this.#lab = lab;
    this.name = name;
    this.address = address;
    this.#namespace = `wtnet-${process.pid}-${name}`;
  }

  get path(): string {
    return `/run/netns/${this.#namespace}`;
  }

  /** The programs here that answer DNS, as they are called. */
  async dnsPrograms(): Promise<number[]> {
    const commands = (await processesIn(this.#namespace)).map(async (pid) => {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return command.includes('/dns.sock\0') ? [pid] : [];
    });
    return (await Promise.all(commands)).flat();
  }

  async create(): Promise<void> {
    await runCommand('ip', ['netns', 'add', this.#namespace]);
    await this.run('ip', ['link', 'set', 'lo', 'up']);
  }

  async run(program: string, args: string[], input?: string): Promise<string> {
    const outcome = await runCommand('nsenter', [`--net=${this.path}`, program, ...args], input ? { input } : {});
    return outcome.stdout;
  }

  /** The rules that the kernel has of this kind of iptables, and our table of nftables; without counters. */
  async savedRules(flavour: string): Promise<string> {
    const saved = await this.run(`iptables-${flavour}-save`, []);
    const { stdout } = await this.try('nft', ['list', 'table', 'ip', 'wherry']);
    return `${saved}${stdout}`
      .replace(/^#.*\n/gm, '')
      .replace(/\[\d+:\d+\]|expires \S+/g, '')
      .replace(/ \. (\d+)/g, ':$1');
  }

  async try(program: string, args: string[]): Promise<CommandOutcome> {
    return await tryCommand('nsenter', [`--net=${this.path}`, program, ...args]);
  }

  /** Starts a program of this folder that stays until the lab is closed; its id is the one of the program itself. */
  start(program: Program, args: string[]): ChildProcess {
    return this.#lab.adopt(spawn('nsenter', [`--net=${this.path}`, ...node(program, args)]));
  }

  /** The same, with resolvers of the test's choice in /etc/resolv.conf. */
  startResolving(resolvConf: string, program: Program, args: string[]): ChildProcess {
    const bindThenRun = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    const enter = [`--net=${this.path}`, 'unshare', '--mount', 'sh', '-c', bindThenRun, resolvConf];
    return this.#lab.adopt(spawn('nsenter', [...enter, ...node(program, args)]));
  }

  async survey(questions: Question[]): Promise<Record<string, string[]>> {
    return await surveyFrom(this.path, questions);
  }

  /** What became of so many requests. */
  async ask(address: string, port: number, protocol = 'tcp', count = 1): Promise<string[]> {
    return await askFrom(this.path, address, port, protocol, count);
  }
}

async function runIn(path: string, program: Program, args: string[]): Promise<string[]> {
  const { stdout } = await runCommand('nsenter', [`--net=${path}`, ...node(program, args)]);
  return stdout.trim().split('\n');
}

async function askFrom(
  path: string,
  address: string,
  port: number,
  protocol: string,
  count: number,
): Promise<string[]> {
  return await runIn(path, 'ask', [address, String(port), protocol, String(count), '500']);
}

async function surveyFrom(path: string, questions: Question[]): Promise<Record<string, string[]>> {
  const [answer = ''] = await runIn(path, 'survey', [JSON.stringify(questions)]);
  return JSON.parse(answer) as Record<string, string[]>;
}

/** A process with a network namespace of its own in which a server listens: what Docker makes of a pod. */
export class TestPod {
  readonly uid: string;
  readonly process: ChildProcess;

  readonly #lab: Lab;

  constructor(lab: Lab, uid: string, child: ChildProcess) {
    this.#lab = lab;
    this.uid = uid;
    this.process = child;
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async ask(address: string, port: number, protocol = 'tcp', count = 1): Promise<string[]> {
    return await askFrom(`/proc/${this.pid}/ns/net`, address, port, protocol, count);
  }

  async survey(questions: Question[]): Promise<Record<string, string[]>> {
    return await surveyFrom(`/proc/${this.pid}/ns/net`, questions);
  }

  /** Starts a program in the pod's network that stays until the lab is closed. */
  start(program: Program, args: string[]): ChildProcess {
    return this.#lab.adopt(spawn('nsenter', [`--net=/proc/${this.pid}/ns/net`, ...node(program, args)]));
  }

  /** The lines that a program writes which runs in the pod's network. */
  async run(program: Program, args: string[]): Promise<string[]> {
    return await runIn(`/proc/${this.pid}/ns/net`, program, args);
  }
}

export interface NetworkLabOptions {
  secondsInOne?: number;
  serviceRules?: RuleKindWish;
  settings?: Partial<ClusterSettings>;
}

/** The pod network of one host, in a process that can be killed and started again. */
export class NodeNetwork {
  readonly config: NodeConfig;
  readonly #machine: Machine;
  /** That are awaited of the process that runs now. */
  #replies = new Map<number, PromiseWithResolvers<unknown>>();
  #process: ChildProcess | undefined;
  #count = 0;
  log = '';

  constructor(machine: Machine, dataDir: string, options: NetworkLabOptions = {}) {
    this.#machine = machine;
    const { name: nodeName, address: nodeAddress } = machine;
    this.config = { nodeName, nodeAddress, dataDir, ...options, settings: { ...settings, ...options.settings } };
  }

  /** The host's resolver is the client, unless somebody has written another one. */
  launch(): void {
    const { dataDir } = this.config;
    const resolvConf = join(dataDir, 'resolv.conf');
    mkdirSync(dataDir, { recursive: true });
    if (!existsSync(resolvConf)) writeFileSync(resolvConf, 'search lan.example\nnameserver 172.30.7.10\n');
    const child = this.#machine.startResolving(resolvConf, 'network', [JSON.stringify(this.config)]);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    const replies = new Map<number, PromiseWithResolvers<unknown>>();
    if (child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const { id, result, error, ms } = JSON.parse(line) as {
          id: number;
          result: unknown;
          error?: string;
          ms: number;
        };
        if (error) replies.get(id)?.reject(new Error(error));
        else replies.get(id)?.resolve({ result, ms });
      });
    }
    child.once('exit', () => {
      const end = new Error(`the network of ${this.config.nodeName} ended:\n${this.log}`);
      for (const reply of replies.values()) reply.reject(end);
    });
    this.#replies = replies;
    this.#process = child;
  }

  async order(order: Order): Promise<{ result: unknown; ms: number }> {
    const id = ++this.#count;
    const reply = Promise.withResolvers<unknown>();
    this.#replies.set(id, reply);
    this.#process?.stdin?.write(`${JSON.stringify({ id, order })}\n`);
    return (await reply.promise) as { result: unknown; ms: number };
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Does something while it stands still, with no look and no write of its under way: what it finds then is all of it. */
  async whileStill(action: () => Promise<void>): Promise<void> {
    const isAtRest = ({ pid, state, command }: ProcessEntry) =>
      pid === this.pid ? state === 'T' : command.some((word) => word === '-batch' || word.endsWith('/dns.sock'));
    try {
      await waitUntil('nothing under way', async () => {
        signalProcess(this.pid, 'SIGSTOP');
        await waitUntil('a stop', () => observeTrees(({ pid }) => pid === this.pid).some(({ state }) => state === 'T'));
        if (observeTrees(({ pid }) => pid === this.pid).every(isAtRest)) return true;
        // Who is read by nobody does not come to an end.
        signalProcess(this.pid, 'SIGCONT');
        return false;
      });
      await action();
    } finally {
      signalProcess(this.pid, 'SIGCONT');
    }
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (!child) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}

export class Lab {
  readonly client: Machine;
  readonly hosts: Machine[] = [];
  readonly #machines: Machine[] = [];
  readonly #children = new Set<ChildProcess>();
  #folder = '';

  private constructor() {
    this.client = new Machine(this, 'client', '172.30.7.10');
  }

  static async open(hostNames: string[], { beyondRouter = [] }: { beyondRouter?: string[] } = {}): Promise<Lab> {
    await removeStale();
    const lab = new Lab();
    try {
      lab.#folder = await mkdtemp(`/tmp/wtnet-${process.pid}-`);
      const lan = await lab.#add(new Machine(lab, 'lan', ''));
      for (const [link, network] of Object.entries(networks)) {
        await lan.run('ip', ['link', 'add', link, 'type', 'bridge']);
        await lan.run('ip', ['address', 'add', `${network}.1/24`, 'dev', link]);
        await lan.run('ip', ['link', 'set', link, 'up']);
      }
      await lan.run('sh', ['-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
      await lab.#plugIn(lan, lab.client);
      for (const [index, name] of hostNames.entries()) {
        const network = beyondRouter.includes(name) ? networks.far0 : networks.lan0;
        const host = new Machine(lab, name, `${network}.${11 + index}`);
        await lab.#plugIn(lan, host);
        lab.hosts.push(host);
      }
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  host(index: number): Machine {
    const host = this.hosts[index];
    if (!host) throw new Error(`there is no host ${index}`);
    return host;
  }

  networkOf(host: Machine, options: NetworkLabOptions = {}): NodeNetwork {
    return new NodeNetwork(host, join(this.#folder, host.name), options);
  }

  /** A pod that is not attached yet. It listens on more ports than 8080, if told. */
  async pod(name: string, ports: number[] = []): Promise<TestPod> {
    const child = this.adopt(spawn('unshare', ['--net', ...node('pod', [name, ...ports.map(String)])]));
    if (child.stdout) await once(child.stdout, 'data');
    return new TestPod(this, `uid-of-${name}`, child);
  }

  adopt(child: ChildProcess): ChildProcess {
    this.#children.add(child);
    child.stdin?.on('error', () => {});
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  async close(): Promise<void> {
    const ends = [...this.#children].map(async (child) => {
      const end = once(child, 'exit');
      child.kill('SIGKILL');
      await end;
    });
    await Promise.all(ends);
    for (const { path } of this.#machines) await removeNamespace(path.slice('/run/netns/'.length));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #add(machine: Machine): Promise<Machine> {
    await machine.create();
    this.#machines.push(machine);
    return machine;
  }

  async #plugIn(lan: Machine, machine: Machine): Promise<void> {
    await this.#add(machine);
    const port = `to-${machine.name}`;
    await lan.run('ip', ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', machine.path]);
    const isFar = machine.address.startsWith(`${networks.far0}.`);
    const [here, there] = isFar ? [networks.far0, networks.lan0] : [networks.lan0, networks.far0];
    await lan.run('ip', ['link', 'set', port, 'master', isFar ? 'far0' : 'lan0', 'up']);
    await machine.run('ip', ['address', 'add', `${machine.address}/24`, 'dev', 'eth0']);
    await machine.run('ip', ['link', 'set', 'eth0', 'up']);
    await machine.run('ip', ['route', 'add', `${there}.0/24`, 'via', `${here}.1`]);
    // As a machine is when it was installed, whatever the one is that it runs on.
    await machine.run('sh', ['-c', 'echo 0 >/proc/sys/net/ipv4/ip_forward']);
  }
}

async function processesIn(namespace: string): Promise<number[]> {
  const { stdout } = await tryCommand('ip', ['netns', 'pids', namespace]);
  return stdout.split('\n').filter(Boolean).map(Number);
}

/** With what runs in it: DNS programs outlive who started them. Another test may take away what is stale, too. */
async function removeNamespace(namespace: string): Promise<void> {
  for (const pid of await processesIn(namespace)) signalProcess(pid, 'SIGKILL');
  await runCommand('ip', ['netns', 'del', namespace]).catch((error: unknown) => {
    if (existsSync(`/run/netns/${namespace}`)) throw error;
  });
}

/** Namespaces and folders of test processes that are no more. */
async function removeStale(): Promise<void> {
  for (const name of await readdir('/run/netns').catch(() => [])) {
    const owner = /^wtnet-(\d+)-/.exec(name)?.[1];
    if (owner && !existsSync(`/proc/${owner}`)) await removeNamespace(name);
  }
  for (const name of await readdir('/tmp')) {
    const owner = /^wtnet-(\d+)-/.exec(name)?.[1];
    if (owner && !existsSync(`/proc/${owner}`)) await rm(join('/tmp', name), { recursive: true, force: true });
  }
}
