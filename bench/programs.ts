// Wherry's programs on the host where this runs: started as a user starts them, watched until they serve, stopped again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { type Node, nodeReadiness, nodes } from '../src/api/kinds/node.ts';
import { createLog } from '../src/base/log.ts';
import { readAdminKubeconfig } from '../src/cli/admin.ts';
import { createJoinToken } from '../src/cli/token.ts';
import { Client } from '../src/client/client.ts';
import { HttpTransport } from '../src/client/http-transport.ts';
import { runCommand } from '../test/bench/command.ts';
import { waitUntil } from '../test/bench/wait-until.ts';

const launcher = join(import.meta.dirname, '../bin/wherry');
const askEveryMs = 5;
const startWithinMs = 30_000;

export interface ProgramOptions {
  workDir: string;
  dockerSocket: string;
}

export interface Connection {
  client: Client;
  close(): Promise<void>;
}

export class Program {
  readonly name: string;
  readonly begun = performance.now();
  readonly begunAtMs = Date.now();
  readonly log: string;
  readonly #child: ChildProcess;

  constructor(name: string, args: readonly string[], log: string) {
    this.name = name;
    this.log = log;
    const output = openSync(log, 'w');
    this.#child = spawn(launcher, args, { stdio: ['ignore', output, output] });
    closeSync(output);
  }

  /** The launcher becomes the program: they have the same id. */
  get pid(): number {
    if (this.#child.pid === undefined || this.#child.exitCode !== null) throw new Error(`${this.name} has ended`);
    return this.#child.pid;
  }

  sinceStart(): number {
    return performance.now() - this.begun;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'exit');
  }
}

export class Programs {
  readonly options: ProgramOptions;
  readonly #running: Program[] = [];

  constructor(options: ProgramOptions) {
    this.options = options;
  }

  up(flags: readonly string[] = []): Program {
    const { dockerSocket } = this.options;
    return this.#start('up', [...this.#serverFlags(), '--docker-socket', dockerSocket, ...flags]);
  }

  server(): Program {
    return this.#start('server', this.#serverFlags());
  }

  /** With a token when it joins, without when it comes back. */
  async agent(token?: string): Promise<Program> {
    const { dockerSocket } = this.options;
    const { server } = await readAdminKubeconfig(this.#kubeconfig);
    const flags = ['--data-dir', this.#dataDir, '--server', server, '--docker-socket', dockerSocket];
    return this.#start('agent', [...flags, ...(token ? ['--token', token] : [])]);
  }

  async joinToken(): Promise<string> {
    return createJoinToken(await readAdminKubeconfig(this.#kubeconfig), 600_000, 'for the benchmark');
  }

  /** Resolves when the API answers and has written how it is reached. */
  async apiReady(program: Program): Promise<void> {
    const timing = { intervalMs: askEveryMs, timeoutMs: startWithinMs };
    await waitUntil('the kubeconfig', () => program.pid > 0 && this.#isWrittenSince(program), timing);
    const { server } = await readAdminKubeconfig(this.#kubeconfig);
    await waitUntil('the API', () => program.pid > 0 && isServed(`${server}/readyz`), timing);
  }

  /** Resolves when the node has said, since the program was started, that it takes pods. */
  async nodeReady(program: Program): Promise<void> {
    const { client, close } = await this.connect();
    try {
      const signal = AbortSignal.timeout(startWithinMs);
      for await (const { type, object } of client.watch(nodes, { resourceVersion: '0' }, signal))
        if (type !== 'BOOKMARK' && saysReadySince(object, program.begunAtMs)) return;
      throw new Error('the watch of the nodes ended');
    } finally {
      await close();
    }
  }

  async connect(): Promise<Connection> {
    const { server, ca, identity } = await readAdminKubeconfig(this.#kubeconfig);
    const log = createLog({ level: 'warn', part: 'bench' });
    const transport = new HttpTransport({ server, ca, ...(identity && { identity }), log });
    return { client: new Client(transport), close: () => transport.close() };
  }

  /** Stops all, the last started first. */
  async stop(): Promise<void> {
    for (const program of this.#running.splice(0).reverse()) await program.stop();
  }

  /** Takes everything off the host again. */
  async uninstall(): Promise<void> {
    const { dockerSocket } = this.options;
    await runCommand(launcher, ['uninstall', '--yes', ...this.#serverFlags(), '--docker-socket', dockerSocket]);
  }

  get #dataDir(): string {
    return join(this.options.workDir, 'data');
  }

  get #kubeconfig(): string {
    return join(this.options.workDir, 'kubeconfig');
  }

  #serverFlags(): string[] {
    return ['--data-dir', this.#dataDir, '--write-kubeconfig', this.#kubeconfig];
  }

  #start(command: string, flags: readonly string[]): Program {
    const program = new Program(command, [command, ...flags], join(this.options.workDir, `${command}.log`));
    this.#running.push(program);
    return program;
  }

  async #isWrittenSince({ begunAtMs }: Program): Promise<boolean> {
    const found = await stat(this.#kubeconfig).catch(() => undefined);
    return found !== undefined && found.mtimeMs >= begunAtMs;
  }
}

/** The times in a node's conditions are whole seconds: who starts a node again lets a second pass before. */
function saysReadySince(node: Node, sinceMs: number): boolean {
  const readiness = nodeReadiness(node);
  const saidAtMs = Date.parse(readiness?.lastHeartbeatTime ?? '');
  return readiness?.status === 'True' && saidAtMs >= Math.floor(sinceMs / 1000) * 1000;
}

async function isServed(url: string): Promise<boolean> {
  const asked = request(url, { rejectUnauthorized: false, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
  response.resume();
  return response.statusCode === 200;
}

/** How long each component took to start, as a verbose program tells it. */
export async function componentTimes(log: string): Promise<{ component: string; ms: number }[]> {
  const lines = (await readFile(log, 'utf8')).matchAll(/: started component=("[^"]+"|\S+) ms=(\d+)/g);
  return [...lines].map(([, component = '', ms]) => ({ component: component.replaceAll('"', ''), ms: Number(ms) }));
}
