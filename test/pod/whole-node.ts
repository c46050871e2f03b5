// A host with a master and an agent, as programs, for what clients of a cluster see of its pods.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { CommandOptions, CommandOutcome } from '../bench/command.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';
import { isReady } from './pod-bench.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');

export class WholeNode {
  readonly #hosts: Hosts;
  readonly #processes = new Map<string, HostProcess>();

  private constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  static async open(): Promise<WholeNode> {
    const node = new WholeNode(await openHosts({ names: ['a'] }));
    try {
      await ensureImages(node.on.docker.socket);
      await node.startServer();
      const { stdout: token } = await node.on.host.exec(wherry, ['token', 'create', '--kubeconfig', node.kubeconfig]);
      await node.startAgent(token.trim());
      return node;
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  get on(): DockerHost {
    return this.#hosts.host('a');
  }

  get kubeconfig(): string {
    return join(this.on.host.folder, 'kubeconfig');
  }

  get server(): string {
    return `https://${this.on.address}:6443`;
  }

  async startServer(): Promise<void> {
    const { host, address } = this.on;
    const args = ['server', '--data-dir', join(host.folder, 'wherry'), '--advertise-address', address];
    args.push('--write-kubeconfig', this.kubeconfig);
    this.#processes.set('server', await host.spawn(wherry, args, { log: 'server.log' }));
    await waitUntil('the API', async () => (await this.kubectl('get', '--raw', '/readyz')) === 'ok');
  }

  async startAgent(token?: string): Promise<void> {
    const { host, docker } = this.on;
    const args = ['agent', '--server', this.server, '--node-name', 'n1', '--data-dir', join(host.folder, 'agent')];
    args.push('--docker-socket', docker.socket, ...(token ? ['--token', token] : []));
    this.#processes.set('agent', await host.spawn(wherry, args, { log: 'agent.log' }));
  }

  /** kill -9 of "server" or "agent". */
  async kill(name: string): Promise<void> {
    await this.#processes.get(name)?.kill('SIGKILL');
  }

  /** The most memory that "server" or "agent" has had. */
  async peakMegabytes(name: string): Promise<number> {
    const pid = await this.#processes.get(name)?.pid();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** The command line of a kubectl, to be run on the host. */
  commandOf(program: string, ...args: string[]): string[] {
    return [program, '--kubeconfig', this.kubeconfig, ...args];
  }

  async kubectl(...args: string[]): Promise<string> {
    const [program = '', ...rest] = this.commandOf('kubectl', ...args);
    return (await this.on.host.exec(program, rest)).stdout;
  }

  async tryKubectl(program: string, args: string[], options: CommandOptions = {}): Promise<CommandOutcome> {
    const [, ...rest] = this.commandOf(program, ...args);
    return this.on.host.tryExec(program, rest, { timeoutMs: 60_000, ...options });
  }

  /** Runs a line of shell on the host in which $kubectl is that program with its configuration. */
  async shell(program: string, script: string, timeoutMs = 120_000): Promise<CommandOutcome> {
    const line = `kubectl='${this.commandOf(program).join(' ')}'; ${script}`;
    return this.on.host.tryExec('sh', ['-c', line], { timeoutMs });
  }

  /** Resolves with the pod when it is ready. */
  async createPod(name: string, spec: Partial<Pod['spec']>): Promise<Pod> {
    const containers = spec.containers ?? [{ name: 'main', image: busyboxImage, command: ['sleep', '10000'] }];
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...spec, containers } };
    const input = JSON.stringify({ ...pod, spec: { terminationGracePeriodSeconds: 1, ...pod.spec } });
    const [program = '', ...rest] = this.commandOf('kubectl', 'create', '-f', '-');
    await waitUntil('the pod is taken', async () => (await this.on.host.tryExec(program, rest, { input })).code === 0);
    return waitUntil(`pod ${name} is ready`, async () => {
      const found = await this.pod(name);
      return isReady(found) && found;
    });
  }

  async pod(name: string): Promise<Pod> {
    return JSON.parse(await this.kubectl('get', 'pod', name, '-o', 'json')) as Pod;
  }

  /** What the programs said, for a test that failed. */
  async logs(): Promise<string> {
    const texts = [...this.#processes].map(
      async ([name, process]) => `--- ${name}\n${(await process.readLog()).slice(-4000)}`,
    );
    return (await Promise.all(texts)).join('\n');
  }

  async close(): Promise<void> {
    await this.#hosts.close();
  }
}
