// The node to which everything is done: a master on a host of its own, an agent with its Docker on a small disk on another,
// a registry beside it. Each part can be killed, stopped and started again.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type Node, nodeReadiness } from '../../src/api/kinds/node.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { CommandOutcome } from '../bench/command.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxTar, ensureImages } from '../images/images.ts';

const root = join(import.meta.dirname, '../..');
const wherry = join(root, 'bin/wherry');
const node = join(root, 'node_modules/.bin/node');

export const registryImage = '127.0.0.1:5000/busybox:1';
const diskMebibytes = 512;

export class FaultCluster {
  readonly hosts: Hosts;
  readonly on: DockerHost;
  readonly docker: Docker;
  #server: HostProcess | undefined;
  #agent: HostProcess | undefined;
  #registry: HostProcess | undefined;

  private constructor(hosts: Hosts) {
    this.hosts = hosts;
    this.on = hosts.host('a');
    this.docker = new Docker({ socketPath: this.on.docker.socket });
  }

  static async open(): Promise<FaultCluster> {
    const cluster = new FaultCluster(await openHosts({ names: ['a'], diskMebibytes }));
    try {
      await mkdir(cluster.traces, { recursive: true });
      await ensureImages(cluster.on.docker.socket);
      await cluster.#startRegistry();
      await cluster.startServer();
      const create = ['token', 'create', '--kubeconfig', cluster.#kubeconfig];
      const { stdout: token } = await cluster.#master.exec(wherry, create);
      await cluster.startAgent(['--token', token.trim()]);
      await cluster.nodeReady();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** A folder of the host that pods may write to. */
  get traces(): string {
    return join(this.on.host.folder, 'traces');
  }

  /** The small disk, with all that Docker and the agent keep. */
  get disk(): string {
    return join(this.on.host.folder, 'disk');
  }

  get #master() {
    return this.hosts.client.host;
  }

  get #kubeconfig(): string {
    return join(this.#master.folder, 'kubeconfig');
  }

  async startServer(): Promise<void> {
    const args = ['server', '--data-dir', join(this.#master.folder, 'wherry')];
    args.push('--advertise-address', this.hosts.client.address, '--write-kubeconfig', this.#kubeconfig);
    this.#server = await this.#master.spawn(wherry, args, { log: 'server.log' });
    await waitUntil('the API', async () => (await this.kubectl('get', '--raw', '/readyz')) === 'ok');
  }

  async killServer(): Promise<void> {
    await this.#server?.kill('SIGKILL');
  }

  async startAgent(more: readonly string[] = []): Promise<void> {
    const { host, docker } = this.on;
    const args = ['agent', '--server', `https://${this.hosts.client.address}:6443`, '--node-name', 'a'];
    args.push('--data-dir', this.disk, '--docker-socket', docker.socket, '--verbose', ...more);
    this.#agent = await host.spawn(wherry, args, { log: 'agent.log' });
  }

  /** SIGTERM as an upgrade does it, or SIGKILL as a crash. */
  async endAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.#agent?.kill(signal);
  }

  get isAgentRunning(): boolean {
    return this.#agent?.running ?? false;
  }

  async signalRegistry(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await this.#registry?.signal(signal);
  }

  async #startRegistry(): Promise<void> {
    const program = join(root, 'test/bench/image-registry.ts');
    const args = [program, '5000', await busyboxTar(), 'busybox'];
    const registry = await this.on.host.spawn(node, args, { log: 'registry.log' });
    this.#registry = registry;
    await waitUntil('the registry', async () => (await registry.readLog()).includes('listening'));
  }

  async nodeReady(): Promise<void> {
    await waitUntil('the node is ready', async () => {
      const found = JSON.parse(await this.kubectl('get', 'node', 'a', '-o', 'json')) as Node;
      return nodeReadiness(found)?.status === 'True';
    });
  }

  async kubectl(...args: string[]): Promise<string> {
    return (await this.#master.exec('kubectl', ['--kubeconfig', this.#kubeconfig, ...args])).stdout;
  }

  async tryKubectl(...args: string[]): Promise<CommandOutcome> {
    return this.#master.tryExec('kubectl', ['--kubeconfig', this.#kubeconfig, ...args]);
  }

  async apply(objects: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.#master.exec('kubectl', ['--kubeconfig', this.#kubeconfig, 'apply', '-f', '-'], { input });
  }

  async pods(): Promise<Pod[]> {
    const list = JSON.parse(await this.kubectl('get', 'pods', '-o', 'json')) as { items: Pod[] };
    return list.items;
  }

  async readAgentLog(): Promise<string> {
    return (await this.#agent?.readLog()) ?? '';
  }

  async close(): Promise<void> {
    await this.hosts.close();
  }
}
