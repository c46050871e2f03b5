// A cluster on the bench: the master and an agent on host a, an agent on each other host, as programs of their own.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Node, nodeReadiness } from '../../src/api/kinds/node.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { ensureImages } from '../images/images.ts';

const launcher = join(import.meta.dirname, '../../bin/wherry');

export interface ClusterOptions {
  /** Of the hosts; the master is on "a". */
  names?: readonly string[];
  serverFlags?: readonly string[];
  /** Those of the hosts that are on another link, beyond a router. */
  beyondRouter?: readonly string[];
  /** Done when the hosts are there, with their images and nothing of ours. */
  before?(hosts: Hosts): Promise<void>;
}

export class Cluster {
  readonly hosts: Hosts;
  readonly #processes = new Map<string, HostProcess>();

  readonly #serverFlags: readonly string[];

  private constructor(hosts: Hosts, serverFlags: readonly string[]) {
    this.hosts = hosts;
    this.#serverFlags = serverFlags;
  }

  /** All nodes are ready, and Docker on them drops what it does not know. */
  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    const { names = ['a', 'b'], serverFlags = [], beyondRouter = [], before } = options;
    const hosts = await openHosts({ dockerIptables: true, names, beyondRouter });
    const cluster = new Cluster(hosts, serverFlags);
    try {
      await Promise.all(hosts.hosts.map(({ docker }) => ensureImages(docker.socket)));
      await before?.(hosts);
      await cluster.startServer();
      const { stdout: token } = await cluster.master.host.exec(launcher, [
        'token',
        'create',
        '--kubeconfig',
        cluster.kubeconfig,
      ]);
      await Promise.all(hosts.hosts.map((host) => cluster.startAgent(host, token.trim())));
      await cluster.nodesReady();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get master(): DockerHost {
    return this.hosts.host('a');
  }

  get kubeconfig(): string {
    return join(this.master.host.folder, 'kubeconfig');
  }

  /** Resolves when the API answers. */
  async startServer(): Promise<void> {
    const { host, address } = this.master;
    const dataDir = join(host.folder, 'wherry');
    const args = [
      'server',
      '--data-dir',
      dataDir,
      '--advertise-address',
      address,
      '--write-kubeconfig',
      this.kubeconfig,
      ...this.#serverFlags,
    ];
    this.#processes.set('server', await host.spawn(launcher, args, { log: 'server.log' }));
    await waitUntil('the API', async () => (await this.kubectl('get', '--raw', '/readyz')) === 'ok');
  }

  async startAgent({ host, docker }: DockerHost, token?: string): Promise<void> {
    const dataDir = join(host.folder, 'wherry');
    const args = ['agent', '--data-dir', dataDir, '--server', `https://${this.master.address}:6443`];
    args.push('--node-name', host.name, '--docker-socket', docker.socket, ...(token ? ['--token', token] : []));
    this.#processes.set(host.name, await host.spawn(launcher, args, { log: 'agent.log' }));
  }

  /** kill -9 of "server", or of the agent on the host of that name. */
  async kill(name: string): Promise<void> {
    await this.#processes.get(name)?.kill('SIGKILL');
  }

  /** Resolves when it has ended by itself. */
  async ended(name: string): Promise<void> {
    await waitUntil(`the end of ${name}`, () => !this.#processes.get(name)?.running, { timeoutMs: 120_000 });
  }

  /** Resolves when all hosts are nodes that take pods. */
  async nodesReady(): Promise<void> {
    await waitUntil('all nodes ready', async () => {
      const { items } = await this.kubectlJson<{ items: Node[] }>('get', 'nodes');
      const ready = items.filter((node) => nodeReadiness(node)?.status === 'True');
      return ready.length === this.hosts.hosts.length;
    });
  }

  async kubectl(...args: string[]): Promise<string> {
    const { stdout } = await this.master.host.exec('kubectl', ['--kubeconfig', this.kubeconfig, ...args], {
      timeoutMs: 120_000,
    });
    return stdout;
  }

  async kubectlJson<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.kubectl(...args, '-o', 'json')) as T;
  }

  /** Applies a manifest of the examples with the image that the hosts have. */
  async applyExample(name: string, image: string): Promise<void> {
    const manifest = await readFile(join(import.meta.dirname, '../../examples', name), 'utf8');
    const { host } = this.master;
    const input = manifest.replaceAll(/image: .*/g, `image: ${image}`);
    await host.exec('kubectl', ['--kubeconfig', this.kubeconfig, 'apply', '-f', '-'], { input });
  }

  /** What the programs said, for a test that failed. */
  async logs(): Promise<string> {
    const texts = [...this.#processes].map(
      async ([name, process]) => `--- ${name}\n${(await process.readLog()).slice(-4000)}`,
    );
    return (await Promise.all(texts)).join('\n');
  }

  async close(): Promise<void> {
    await this.hosts.close();
  }
}
