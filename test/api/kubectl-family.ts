// A family of kubectl's commands, tried with the oldest and the newest version on one real server, each in a namespace of its own.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import { stringify } from 'yaml';
import { execute } from '../../src/base/exec.ts';
import { TestServer } from '../controllers/test-server.ts';
import { oldestAndNewest } from './kubectls.ts';

export class Shell {
  readonly program: string;
  readonly minor: number;
  readonly namespace: string;
  readonly #server: () => TestServer;
  #directory = '';
  #files = 0;

  constructor(program: string, minor: number, server: () => TestServer) {
    this.program = program;
    this.minor = minor;
    this.namespace = `kubectl-1-${minor}`;
    this.#server = server;
  }

  get server(): TestServer {
    return this.#server();
  }

  async open(): Promise<void> {
    this.#directory = await mkdtemp(join(tmpdir(), 'wherry-kubectl-'));
    await this.run('create', 'namespace', this.namespace);
  }

  async close(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** How the program is called for this server and namespace. */
  get flags(): string[] {
    return ['--kubeconfig', this.server.kubeconfigFile, '--namespace', this.namespace];
  }

  /** What the command prints. */
  run(...args: string[]): Promise<string> {
    return execute(this.program, [...this.flags, ...args]);
  }

  runWith(env: Record<string, string>, ...args: string[]): Promise<string> {
    return execute('env', [...Object.entries(env).map((pair) => pair.join('=')), this.program, ...this.flags, ...args]);
  }

  /** What `diff` shows: it ends with 1 where there is a difference, and with more where it failed. */
  diff(file: string, ...args: string[]): Promise<string> {
    const script = '"$@" || [ $? = 1 ]';
    return execute('sh', ['-c', script, 'sh', this.program, ...this.flags, 'diff', '-f', file, ...args]);
  }

  async json<T = Record<string, never>>(...args: string[]): Promise<T> {
    return JSON.parse(await this.run(...args, '-o', 'json')) as T;
  }

  /** What the command says when it fails, as it must. */
  refused(...args: string[]): Promise<string> {
    return this.run(...args).then(
      () => assert.fail(`kubectl ${args.join(' ')} was not refused`),
      (error: Error) => error.message,
    );
  }

  /** A manifest of these objects. */
  file(...objects: object[]): Promise<string> {
    return this.textFile(`manifest-${this.#files++}.yaml`, objects.map((object) => stringify(object)).join('---\n'));
  }

  async textFile(name: string, text: string): Promise<string> {
    const file = join(this.#directory, name);
    await writeFile(file, text);
    return file;
  }
}

/** Declares the tests of a family once for each version. */
export async function withEachKubectl(family: string, declare: (shell: Shell) => void): Promise<void> {
  let server: TestServer;
  before(async () => {
    server = await TestServer.open();
  });
  after(async () => {
    await server?.close();
  });
  for (const { program, minor } of await oldestAndNewest()) {
    describe(`${family}, kubectl 1.${minor}`, () => {
      const shell = new Shell(program, minor, () => server);
      before(() => shell.open());
      after(() => shell.close());
      declare(shell);
    });
  }
}

export const deployment = (name: string, image = 'nginx:1', replicas = 1) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image, ports: [{ containerPort: 80 }] }] },
    },
  },
});

export const configMap = (name: string, data: Record<string, string>, labels?: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(labels && { labels }) },
  data,
});
