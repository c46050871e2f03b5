// What tests of exec, attach and port-forward need of a cluster of one host: any kubectl on it, also within a line of shell.
import { readFile } from 'node:fs/promises';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { CommandOptions, CommandOutcome } from '../bench/command.ts';
import type { DockerHost } from '../bench/hosts.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage } from '../images/images.ts';
import { OneNode } from './one-node.ts';
import { isReady } from './pod-bench.ts';

export class WholeNode {
  readonly #one: OneNode;

  private constructor(one: OneNode) {
    this.#one = one;
  }

  static async open(): Promise<WholeNode> {
    return new WholeNode(await OneNode.open());
  }

  get on(): DockerHost {
    return this.#one.on;
  }

  get kubeconfig(): string {
    return this.#one.kubeconfig;
  }

  async startAgent(): Promise<void> {
    await this.#one.startAgent();
  }

  /** kill -9. */
  async kill(name: 'server' | 'agent'): Promise<void> {
    await this.#one[name]?.kill('SIGKILL');
  }

  /** The most memory that it has had. */
  async peakMegabytes(name: 'server' | 'agent'): Promise<number> {
    const pid = await this.#one[name]?.pid();
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** The command line of a kubectl, to be run on the host. */
  commandOf(program: string, ...args: string[]): string[] {
    return [program, '--kubeconfig', this.kubeconfig, ...args];
  }

  async kubectl(...args: string[]): Promise<string> {
    return this.#one.kubectl(...args);
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

  /** As the administrator; answers the text and the HTTP code. */
  async askAgent(path: string, more: readonly string[] = []): Promise<string> {
    return this.#one.askAgent(path, await this.#one.masterIdentity(), more);
  }

  async pod(name: string): Promise<Pod> {
    return this.#one.get<Pod>('pod', name);
  }

  /** What the programs said, for a test that failed. */
  async logs(): Promise<string> {
    const texts = (['server', 'agent'] as const).map(
      async (name) => `--- ${name}\n${(await this.#one[name]?.readLog())?.slice(-4000)}`,
    );
    return (await Promise.all(texts)).join('\n');
  }

  async close(): Promise<void> {
    await this.#one.close();
  }
}
