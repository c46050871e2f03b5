// A node whose master is on another host: either can be killed, and stay away, without the other.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { type Node, type NodeCondition, nodeReadiness } from '../../src/api/kinds/node.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { CommandOutcome } from '../bench/command.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { ensureImages } from '../images/images.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');

export interface NodeApartOptions {
  /** A disk for all that Docker and the agent keep; without it that is in the host's folder. */
  diskMebibytes?: number;
  /** More flags of the agent, at each of its starts. */
  agentArgs?: readonly string[];
}

export class NodeApart {
  readonly hosts: Hosts;
  readonly on: DockerHost;
  /** Where Docker and the agent keep what they keep. */
  readonly disk: string;
  #server: HostProcess | undefined;
  #agent: HostProcess | undefined;
  readonly #agentArgs: readonly string[];

  private constructor(hosts: Hosts, disk: string, agentArgs: readonly string[]) {
    this.#agentArgs = agentArgs;
    this.hosts = hosts;
    this.on = hosts.host('a');
    this.disk = disk;
  }

  /** The node is ready. */
  static async open({ diskMebibytes, agentArgs = [] }: NodeApartOptions = {}): Promise<NodeApart> {
    const hosts = await openHosts({ names: ['a'], ...(diskMebibytes !== undefined && { diskMebibytes }) });
    const { host, docker } = hosts.host('a');
    const apart = new NodeApart(
      hosts,
      diskMebibytes === undefined ? host.folder : join(host.folder, 'disk'),
      agentArgs,
    );
    try {
      await mkdir(apart.traces, { recursive: true });
      await ensureImages(docker.socket);
      await apart.startServer();
      const create = ['token', 'create', '--kubeconfig', apart.#kubeconfig];
      const { stdout: token } = await apart.#master.exec(wherry, create);
      await apart.startAgent(['--token', token.trim()]);
      await apart.nodeReady();
      return apart;
    } catch (error) {
      await hosts.close();
      throw error;
    }
  }

  /** Anew after each boot. */
  get docker(): Docker {
    return new Docker({ socketPath: this.on.docker.socket });
  }

  /** A folder of the host that pods may write to. */
  get traces(): string {
    return join(this.on.host.folder, 'traces');
  }

  get agentFolder(): string {
    return join(this.disk, 'agent');
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
    args.push('--data-dir', this.disk, '--docker-socket', docker.socket, ...this.#agentArgs, ...more);
    this.#agent = await host.spawn(wherry, args, { log: 'agent.log' });
  }

  /** SIGTERM as an upgrade does it, or SIGKILL as a crash. */
  async endAgent(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const agent = this.#agent;
    this.#agent = undefined;
    await agent?.kill(signal);
  }

  /** Whether it has ended though nobody ended it: a service manager would start it anew. */
  get hasAgentGivenUp(): boolean {
    return this.#agent !== undefined && !this.#agent.running;
  }

  async nodeReady(): Promise<void> {
    await this.nodeWhen('is ready', (readiness) => readiness?.status === 'True');
  }

  async nodeWhen(what: string, holds: (readiness: NodeCondition | undefined) => boolean, timeoutMs = 60_000) {
    const look = async () => {
      const found = JSON.parse(await this.kubectl('get', 'node', 'a', '-o', 'json')) as Node;
      return holds(nodeReadiness(found));
    };
    await waitUntil(`the node ${what}`, look, { timeoutMs, intervalMs: 250 });
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
    return readFile(join(this.on.host.folder, 'agent.log'), 'utf8');
  }

  async close(): Promise<void> {
    await this.hosts.close();
  }
}
