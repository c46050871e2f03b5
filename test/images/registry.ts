// A real image registry on loopback, out of Debian's package, behind a door of ours that asks for a login where it is told
// to, counts what is asked for, and can let everybody wait.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { unpackedPackage } from '../bench/debian-package.ts';
import { waitUntil } from '../bench/wait-until.ts';

export const login = { username: 'anna', password: 'se:cret' };
const expected = `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;

export class Registry {
  readonly #folder: string;
  readonly #program: ChildProcess;
  readonly #door: Server;
  /** As "GET /v2/team/tool/manifests/1". */
  readonly asked: string[] = [];
  /** Repositories that only who is logged in may read. */
  readonly closed = new Set<string>();

  private constructor(folder: string, program: ChildProcess, socket: string) {
    this.#folder = folder;
    this.#program = program;
    this.#door = createServer((incoming, outgoing) => this.#pass(incoming, outgoing, socket));
  }

  static async open(): Promise<Registry> {
    const folder = await mkdtemp(join(tmpdir(), 'wherry-registry-'));
    const socket = join(folder, 'registry.sock');
    await mkdir(join(folder, 'data'));
    const settings = {
      version: '0.1',
      log: { level: 'warn' },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { net: 'unix', addr: socket },
    };
    await writeFile(join(folder, 'registry.yml'), JSON.stringify(settings));
    const program = join(await unpackedPackage('docker-registry'), 'usr/bin/docker-registry');
    const child = spawn(program, ['serve', join(folder, 'registry.yml')], { stdio: 'ignore' });
    const registry = new Registry(folder, child, socket);
    await waitUntil('the registry answers', () => answers(socket));
    registry.#door.listen(0, '127.0.0.1');
    await once(registry.#door, 'listening');
    return registry;
  }

  /** HOST:PORT */
  get host(): string {
    return `127.0.0.1:${(this.#door.address() as AddressInfo).port}`;
  }

  /** Puts an image of the engine under a name of this registry; answers its digest. */
  async take(docker: Docker, image: string, repository: string, tag: string): Promise<string> {
    const repo = `${this.host}/${repository}`;
    await docker.getImage(image).tag({ repo, tag });
    const pushed = await docker
      .getImage(`${repo}:${tag}`)
      .push({ tag, authconfig: { ...login, serveraddress: this.host } });
    let digest = '';
    let failure = '';
    pushed.on('data', (text: Buffer) => {
      digest = /sha256:[0-9a-f]{64}(?=[^{]*size)/.exec(text.toString())?.[0] ?? digest;
      failure = /"error":"([^"]*)"/.exec(text.toString())?.[1] ?? failure;
    });
    await once(pushed, 'end');
    if (failure) throw new Error(`the registry does not take ${image}: ${failure}`);
    await docker.getImage(`${repo}:${tag}`).remove();
    return digest;
  }

  async close(): Promise<void> {
    this.#door.closeAllConnections();
    this.#door.close();
    this.#program.kill('SIGKILL');
    if (this.#program.exitCode === null && this.#program.signalCode === null) await once(this.#program, 'exit');
    await rm(this.#folder, { recursive: true, force: true });
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse, socketPath: string): void {
    const { method = '', url = '', headers } = incoming;
    this.asked.push(`${method} ${url}`);
    const isClosed = [...this.closed].some((repository) => url.startsWith(`/v2/${repository}/`));
    // Docker asks the root first, and takes from its answer whether it has to say who it is.
    const asksForLogin = isClosed || (url === '/v2/' && this.closed.size > 0);
    if (asksForLogin && headers.authorization !== expected) {
      outgoing.writeHead(401, { 'www-authenticate': 'Basic realm="test"', 'content-type': 'application/json' });
      outgoing.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return;
    }
    const inner = request({ socketPath, path: url, method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    inner.on('error', () => outgoing.destroy());
    incoming.pipe(inner);
  }
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/v2/' }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
