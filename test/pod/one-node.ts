// A cluster of one node: a real master and an agent as programs, on one host or on two, and kubectl in front of them.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Node, nodeReadiness } from '../../src/api/kinds/node.ts';
import { isPodReady, type Pod } from '../../src/api/kinds/pod.ts';
import type { CertificateAndKey } from '../../src/pki/certificate.ts';
import { parseKubeconfig } from '../../src/pki/kubeconfig.ts';
import type { CommandOutcome } from '../bench/command.ts';
import { type DockerHost, type Hosts, openHosts } from '../bench/hosts.ts';
import type { HostProcess } from '../bench/test-host.ts';
import { waitUntil } from '../bench/wait-until.ts';
import { busyboxImage, ensureImages } from '../images/images.ts';

const wherry = join(import.meta.dirname, '../../bin/wherry');
const nodeName = 'n1';

export class OneNode {
  readonly hosts: Hosts;
  /** The host of the master and of kubectl. */
  readonly on: DockerHost;
  /** The host of the agent. */
  readonly node: DockerHost;
  server: HostProcess | undefined;
  agent: HostProcess | undefined;

  private constructor(hosts: Hosts) {
    this.hosts = hosts;
    this.on = hosts.host('a');
    this.node = hosts.hosts.at(-1) ?? this.on;
  }

  /** The node is ready; `agentArgs` are more flags of its agent. Behind NAT nobody connects to its host, but it to everybody. */
  static async open(agentArgs: readonly string[] = [], { isBehindNat = false } = {}): Promise<OneNode> {
    const hosts = await openHosts({ names: isBehindNat ? ['a', 'b'] : ['a'] });
    const one = new OneNode(hosts);
    try {
      await ensureImages(one.node.docker.socket);
      if (isBehindNat) await one.node.host.exec('iptables', [...'-A INPUT -i eth0 -p tcp --syn -j DROP'.split(' ')]);
      await one.startServer();
      const create = ['token', 'create', '--kubeconfig', one.kubeconfig];
      const { stdout: token } = await one.on.host.exec(wherry, create);
      await one.startAgent(['--token', token.trim(), ...agentArgs]);
      await one.nodeReady();
      // It takes pods a moment before its own API is there.
      const health = ['get', '--raw', `/api/v1/nodes/${nodeName}/proxy/healthz`];
      if (!isBehindNat) await waitUntil("the agent's API", async () => (await one.kubectl(...health)) === 'ok');
      return one;
    } catch (error) {
      await hosts.close();
      throw error;
    }
  }

  get kubeconfig(): string {
    return join(this.on.host.folder, 'kubeconfig');
  }

  get url(): string {
    return `https://${this.on.address}:6443`;
  }

  /** Resolves when the API answers. */
  async startServer(): Promise<void> {
    const { host, address } = this.on;
    const args = ['server', '--data-dir', join(host.folder, 'wherry'), '--advertise-address', address];
    this.server = await host.spawn(wherry, [...args, '--write-kubeconfig', this.kubeconfig], { log: 'server.log' });
    await waitUntil('the API', async () => (await this.kubectl('get', '--raw', '/readyz')) === 'ok');
  }

  async startAgent(more: readonly string[] = []): Promise<void> {
    const { host, docker } = this.node;
    const places = ['--data-dir', join(host.folder, 'agent'), '--docker-socket', docker.socket];
    const args = ['agent', '--server', this.url, '--node-name', nodeName, ...places, ...more];
    this.agent = await host.spawn(wherry, args, { log: 'agent.log' });
  }

  /** Takes the agent's traces back; it must have ended. */
  async uninstall(): Promise<void> {
    const { host, docker } = this.node;
    const places = ['--data-dir', join(host.folder, 'agent'), '--docker-socket', docker.socket];
    await host.exec(wherry, ['uninstall', '--yes', ...places, '--write-kubeconfig', join(host.folder, 'none')]);
  }

  async nodeReady(): Promise<Node> {
    return waitUntil('the node is ready', async () => {
      const node = await this.get<Node>('node', nodeName);
      return nodeReadiness(node)?.status === 'True' && node;
    });
  }

  /** What a kubectl says that has to succeed; another one than that on the path where its program is named. */
  async kubectl(...args: string[]): Promise<string> {
    return (await this.on.host.exec('kubectl', ['--kubeconfig', this.kubeconfig, ...args])).stdout;
  }

  async tryKubectl(args: readonly string[], program = 'kubectl'): Promise<CommandOutcome> {
    return this.on.host.tryExec(program, ['--kubeconfig', this.kubeconfig, ...args]);
  }

  async get<T>(kind: string, name: string): Promise<T> {
    return JSON.parse(await this.kubectl('get', kind, name, '-o', 'json')) as T;
  }

  async apply(...objects: object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.on.host.exec('kubectl', ['--kubeconfig', this.kubeconfig, 'apply', '-f', '-'], { input });
  }

  /** A pod of busybox containers, each with its shell script. */
  async applyPod(name: string, scripts: Record<string, string>, spec: Partial<Pod['spec']> = {}): Promise<void> {
    const containers = Object.entries(scripts).map(([container, script]) => ({
      name: container,
      image: busyboxImage,
      command: ['sh', '-c', script],
    }));
    const labels = { app: name };
    const whole = { terminationGracePeriodSeconds: 1, containers, ...spec };
    await this.apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: whole });
  }

  async podWhen(name: string, what: string, holds: (pod: Pod) => boolean): Promise<Pod> {
    return waitUntil(`pod ${name} ${what}`, async () => {
      const pod = await this.get<Pod>('pod', name);
      return holds(pod) && pod;
    });
  }

  async podReady(name: string): Promise<Pod> {
    return this.podWhen(name, 'is ready', isPodReady);
  }

  /** Resolves when this is all that kubectl has of a pod's log: what has been started may not have spoken yet. */
  async logsBecome(pod: string, text: string, ...args: string[]): Promise<void> {
    let last: CommandOutcome | undefined;
    const look = async () => {
      last = await this.tryKubectl(['logs', pod, ...args]);
      return last.stdout === text;
    };
    await waitUntil(`the log of ${pod}`, look).catch((cause: unknown) => {
      throw new Error(`the log of ${pod}: ${last?.stdout}${last?.stderr}`, { cause });
    });
  }

  /** The administrator's. */
  async masterIdentity(): Promise<CertificateAndKey> {
    const { identity } = parseKubeconfig(await readFile(this.kubeconfig, 'utf8'));
    if (!identity) throw new Error('the kubeconfig has no certificate');
    return identity;
  }

  /** The node's own. */
  async nodeIdentity(): Promise<CertificateAndKey> {
    const pem = await readFile(join(this.node.host.folder, 'agent/agent/pki/client.pem'), 'utf8');
    const [certificate = '', key = ''] = pem.split(/(?=-----BEGIN PRIVATE)/);
    return { certificate, key };
  }

  /** Asks the agent's own API and answers the text and the HTTP code. */
  async askAgent(
    path: string,
    as: CertificateAndKey | { token: string } | undefined,
    more: readonly string[] = [],
  ): Promise<string> {
    const { folder } = this.on.host;
    const identity: string[] = [];
    if (as && 'token' in as) identity.push('-H', `Authorization: Bearer ${as.token}`);
    else if (as) {
      await this.on.host.exec('tee', [join(folder, 'c.crt')], { input: as.certificate });
      await this.on.host.exec('tee', [join(folder, 'c.key')], { input: as.key });
      identity.push('--cert', join(folder, 'c.crt'), '--key', join(folder, 'c.key'));
    }
    const url = `https://${this.node.address}:10250${path}`;
    const args = ['-sSk', '--max-time', '10', '-w', ' %{http_code}', ...identity, ...more, url];
    return (await this.on.host.exec('curl', args)).stdout;
  }

  async close(): Promise<void> {
    await this.hosts.close();
  }
}
