// A real server process of its own, in a directory of its own, for tests of what lives in it; and an administrator's
// client with live copies, so that tests wait for changes and not for time.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configMaps } from '../../src/api/kinds/config-map.ts';
import type { Kind } from '../../src/api/kinds/kind.ts';
import { type KubeObject, keyOf } from '../../src/api/meta.ts';
import { execute } from '../../src/base/exec.ts';
import { createLog } from '../../src/base/log.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { Informer } from '../../src/client/informer.ts';
import type { ObjectList } from '../../src/client/transport.ts';
import { type Kubeconfig, parseKubeconfig } from '../../src/pki/kubeconfig.ts';
import { waitUntil } from '../bench/wait-until.ts';

const root = join(import.meta.dirname, '../..');
const log = createLog({ level: 'warn', part: 'test' });

/** In what a server runs, where that is not just this machine. */
export interface Surroundings {
  /** A program that runs the server in itself, as `nsenter --net=FILE`. */
  within?: string[];
  env?: Record<string, string>;
  /** Node's arguments and the program, where that is not the source. */
  program?: string[];
}

export class TestServer {
  readonly directory: string;
  readonly port: number;
  readonly #flags: string[];
  readonly #surroundings: Surroundings;
  readonly #informers = new Map<string, { kind: Kind; informer: Informer<KubeObject> }>();
  /** Ends the live copies' watches. */
  #watching = new AbortController();
  #process: ChildProcess | undefined;
  #output = '';
  #transport: HttpTransport | undefined;
  #kubeconfig: Kubeconfig | undefined;

  private constructor(directory: string, port: number, flags: string[], surroundings: Surroundings) {
    this.directory = directory;
    this.port = port;
    this.#flags = flags;
    this.#surroundings = surroundings;
  }

  static async open(flags: string[] = [], surroundings: Surroundings = {}): Promise<TestServer> {
    const directory = await mkdtemp(join(tmpdir(), 'wherry-server-'));
    const server = new TestServer(directory, await freePort(), flags, surroundings);
    await server.start();
    server.#kubeconfig = parseKubeconfig(await readFile(server.kubeconfigFile, 'utf8'));
    server.#transport = new HttpTransport({ ...server.kubeconfig, log });
    return server;
  }

  get kubeconfigFile(): string {
    return join(this.directory, 'kubeconfig');
  }

  get dataDir(): string {
    return join(this.directory, 'data');
  }

  get pid(): number {
    if (!this.#process?.pid) throw new Error('the server has not been started');
    return this.#process.pid;
  }

  /** What the server has logged since it was ready. */
  get output(): string {
    return this.#output;
  }

  get kubeconfig(): Kubeconfig {
    if (!this.#kubeconfig) throw new Error('the server has not been started');
    return this.#kubeconfig;
  }

  get client(): Client {
    if (!this.#transport) throw new Error('the server has not been started');
    return new Client(this.#transport);
  }

  /** A client with another identity than the administrator's. */
  clientAs(identity: NonNullable<ConstructorParameters<typeof HttpTransport>[0]['identity']>): Client {
    const { server, ca } = this.kubeconfig;
    return new Client(new HttpTransport({ server, ca, identity, log }));
  }

  async start(): Promise<void> {
    // The server ends with the test, however that ends.
    const child = spawn(
      'setpriv',
      [
        ...['--pdeathsig', 'KILL', ...(this.#surroundings.within ?? []), process.execPath],
        ...(this.#surroundings.program ?? [join(root, 'src/main.ts')]),
        'server',
        ...['--data-dir', this.dataDir, '--write-kubeconfig', this.kubeconfigFile],
        ...['--bind-address', '127.0.0.1', '--advertise-address', '127.0.0.1', '--https-port', String(this.port)],
        ...this.#flags,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...this.#surroundings.env } },
    );
    this.#process = child;
    const ready = Promise.withResolvers<void>();
    // When it has closed all it said is here.
    child.once('close', (code) => ready.reject(new Error(`the server ended with ${code}:\n${this.#output}`)));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#output += chunk;
      if (/server: ready/.test(this.#output)) ready.resolve();
    });
    await ready.promise;
    this.#output = '';
    await this.#watchAnew();
  }

  /** No copy is left in the state of a former server: who waits for a state after a start is not answered by one from before. */
  async #watchAnew(): Promise<void> {
    this.#watching.abort(new Error('the server was started anew'));
    this.#watching = new AbortController();
    await Promise.all(
      [...this.#informers.values()].map(async ({ kind, informer }) => {
        void informer.run(this.#watching.signal);
        await caughtUp(informer, () => this.client.list(kind));
      }),
    );
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Resolves when the process has ended, with its exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  async close(): Promise<void> {
    this.#watching.abort(new Error('the test is over'));
    await this.kill();
    await this.#transport?.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  kubectl(...args: string[]): Promise<string> {
    return execute('kubectl', ['--kubeconfig', this.kubeconfigFile, ...args]);
  }

  async informer<T extends KubeObject>(kind: Kind<T>): Promise<Informer<T>> {
    const known = this.#informers.get(kind.plural)?.informer as Informer<T> | undefined;
    const informer = known ?? new Informer<T>({ client: this.client, kind, log });
    if (!known) {
      const entry = { kind, informer } as unknown as { kind: Kind; informer: Informer<KubeObject> };
      this.#informers.set(kind.plural, entry);
      void informer.run(this.#watching.signal);
    }
    await informer.synced;
    return informer;
  }

  /** All objects of a kind as the server has them now: a live copy may be behind that of another kind. */
  async list<T extends KubeObject>(kind: Kind<T>): Promise<T[]> {
    return (await this.client.list(kind)).items;
  }

  /** From a write to its event, the middle one of seven: the yardstick, on a busy machine, for what should happen at once. */
  async writeMs(): Promise<number> {
    const took: number[] = [];
    for (let turn = 0; turn < 7; turn++) {
      const name = `yardstick-${turn}`;
      const begun = performance.now();
      await this.client.create(configMaps, { metadata: { name, namespace: 'default' } });
      await this.when('yardstick', configMaps, (all) => all.some(({ metadata }) => metadata.name === name));
      took.push(performance.now() - begun);
      await this.client.delete(configMaps, { namespace: 'default', name });
      await this.when('yardstick gone', configMaps, (all) => all.every(({ metadata }) => metadata.name !== name));
    }
    return took.sort((a, b) => a - b)[3] as number;
  }

  /** Resolves with the first answer that is neither undefined nor false, asked at every change of a kind. */
  async when<T extends KubeObject, A>(
    what: string,
    kind: Kind<T>,
    ask: (objects: T[]) => A | undefined | false,
    timeoutMs = 20_000,
  ): Promise<A> {
    const informer = await this.informer(kind);
    const found = Promise.withResolvers<A>();
    const look = () => {
      const answer = ask(informer.list());
      if (answer !== undefined && answer !== false) found.resolve(answer);
    };
    informer.onChange(look);
    look();
    const timer = setTimeout(() => {
      const seen = JSON.stringify(informer.list(), null, 1).slice(0, 6000);
      found.reject(
        new Error(`${what}: not within ${timeoutMs} ms; there is ${seen}\nThe server says:\n${this.#output}`),
      );
    }, timeoutMs);
    return found.promise.finally(() => clearTimeout(timer));
  }
}

/** Resolves when a copy knows all that was there when it was listed, and nothing that had gone by then. */
async function caughtUp(informer: Informer<KubeObject>, list: () => Promise<ObjectList<KubeObject>>): Promise<void> {
  const gone = new Set<string | undefined>();
  informer.onChange(({ object, previous }) => {
    if (!object) gone.add(previous?.metadata.uid);
  });
  // What came and went while the copy itself was listed it never knew: that is not asked of it for ever.
  const triesMs = 1_000;
  await waitUntil('the copy has caught up', async () => {
    const { items, metadata } = await list();
    const there = new Set(items.map(keyOf));
    const isMissed = (item: KubeObject) =>
      !gone.has(item.metadata.uid) && revisionOf(informer.get(keyOf(item))) < revisionOf(item);
    const isLeft = (object: KubeObject) =>
      !there.has(keyOf(object)) && revisionOf(object) <= Number(metadata.resourceVersion);
    const hasCaughtUp = () => !items.some(isMissed) && !informer.list().some(isLeft);
    return waitUntil('it has', hasCaughtUp, { timeoutMs: triesMs }).catch(() => false);
  });
}

const revisionOf = (object: KubeObject | undefined) => Number(object?.metadata.resourceVersion ?? 0);

/** One that the system gives to nobody who connects or listens just anywhere, and that no other test takes while this one runs. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000);
    const claim = await listenAt({ path: `\0wherry-test-port-${port}` });
    const probe = claim && (await listenAt({ port, host: '127.0.0.1' }));
    probe?.close();
    if (probe) return port;
    claim?.close();
  }
}

/** Undefined when somebody else listens there. It keeps no process alive. */
async function listenAt(options: ListenOptions): Promise<Server | undefined> {
  const listener = createServer().unref();
  const outcome = Promise.withResolvers<Server | undefined>();
  listener.once('error', () => outcome.resolve(undefined));
  listener.listen(options, () => outcome.resolve(listener));
  return outcome.promise;
}
