// The agent's side of the cluster's DNS: finds the DNS program of this node or starts it, has an old one replaced, and tells it
// what changes. Holds: the program outlives the agent, and what it knew goes on being told until this agent knows all of it.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { Backoff } from '../../base/backoff.ts';
import { Breath } from '../../base/breath.ts';
import type { Clock } from '../../base/clock.ts';
import { runBeside } from '../../base/component.ts';
import { startLasting } from '../../base/exec.ts';
import type { Log } from '../../base/log.ts';
import { type FromProgram, hear, tell } from './dns-link.ts';
import { inOwnScope } from './own-scope.ts';
import type { RecordSource } from './record-source.ts';

type Greeting = Extract<FromProgram, { is: 'here' }>;

export interface DnsKeeperOptions {
  /** The file by which the program is found. */
  socketPath: string;
  settings: ClusterSettings;
  source: RecordSource;
  clock: Clock;
  log: Log;
  /** Another program than that which ships. */
  program?: string;
}

/** Where the program is found that belongs to an agent's data. */
export const dnsSocketPath = (dataDir: string): string => join(dataDir, 'network', 'dns.sock');

const shipped = new URL(`./dns-program.${import.meta.url.endsWith('.ts') ? 'ts' : 'mjs'}`, import.meta.url);
/** A small program has small needs. */
const nodeFlags = ['--max-semi-space-size=2', '--v8-pool-size=1'];
/** What the kernel takes. */
const longestSocketPath = 107;
const startWithinMs = 10_000;

export class DnsKeeper {
  readonly #options: DnsKeeperOptions;
  readonly #program: string;
  #build = '';

  constructor(options: DnsKeeperOptions) {
    this.#options = options;
    this.#program = options.program ?? fileURLToPath(shipped);
  }

  /** Resolves when names are answered. */
  async start(signal: AbortSignal): Promise<void> {
    const content = await readFile(this.#program);
    this.#build = createHash('sha256').update(content).update(process.version).digest('hex').slice(0, 16);
    const listening = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => listening.reject(signal.reason));
    runBeside(this.#run(listening, signal), signal, this.#options.log, 'DNS');
    await listening.promise;
  }

  async #run(listening: PromiseWithResolvers<void>, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const backoff = new Backoff({ firstMs: 20, ceilingMs: 5_000 });
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        await this.#attend(() => {
          backoff.forget('dns');
          listening.resolve();
        }, signal);
        if (!isFirst && !signal.aborted) log.warn('the DNS program is gone, starting it again');
      } catch (error) {
        if (signal.aborted) return;
        // At the start it is an answer to whoever waits for it; later one tries again.
        if (isFirst) return listening.reject(error);
        log.warn('the DNS program does not serve, trying again', { error });
      }
      await clock.sleep(backoff.nextMs('dns'), signal).catch(() => {});
    }
  }

  /** Goes on while there is a connection to the program. */
  async #attend(onListening: () => void, signal: AbortSignal): Promise<void> {
    const { settings, log } = this.#options;
    const socket = (await this.#find(signal)) ?? (await this.#startProgram(signal));
    const give = () => socket.destroy();
    signal.addEventListener('abort', give);
    const trouble = Promise.withResolvers<never>();
    trouble.promise.catch(() => {}); // heard of below, or of no interest
    const closed = once(socket, 'close');
    const greeting = Promise.withResolvers<Greeting>();
    hear<FromProgram>(socket, (message) => {
      if (message.is === 'here') greeting.resolve(message);
      if (message.is === 'listening') onListening();
      if (message.is === 'failed') trouble.reject(new Error(message.reason));
      if (message.is === 'log') log[message.level](message.message, message.fields);
    });
    try {
      const program = await Promise.race([greeting.promise, closed]);
      if (!('build' in program)) return;
      if (program.build === this.#build) {
        tell(socket, { do: 'settings', settings });
        await Promise.race([this.#feed(socket), closed, trouble.promise]);
      } else {
        log.info('the DNS program of another version hands over', { from: program.build, to: this.#build });
        tell(socket, { do: 'replace', command: process.execPath, args: this.#args() });
      }
      await Promise.race([closed, trouble.promise]);
    } finally {
      this.#options.source.listen(undefined);
      signal.removeEventListener('abort', give);
      socket.destroy();
    }
  }

  /** All that is known, when all is known; then what changes. */
  async #feed(socket: Socket): Promise<void> {
    const { source } = this.#options;
    await source.complete();
    const put = (key: string) => {
      const service = source.records(key);
      tell(socket, service ? { do: 'put', service } : { do: 'drop', key });
    };
    const putNamespaces = () => tell(socket, { do: 'namespaces', names: source.namespaces() });
    tell(socket, { do: 'begin' });
    source.listen({ changed: put, namespacesChanged: putNamespaces });
    putNamespaces();
    const breath = new Breath();
    for (const key of source.keys()) {
      put(key);
      await breath.pause();
    }
    tell(socket, { do: 'complete' });
  }

  async #find(signal: AbortSignal): Promise<Socket | undefined> {
    const socket = connect(this.#options.socketPath);
    try {
      await once(socket, 'connect', { signal });
      socket.on('error', () => socket.destroy());
      return socket;
    } catch (error) {
      socket.destroy();
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
      throw error;
    }
  }

  async #startProgram(signal: AbortSignal): Promise<Socket> {
    const { socketPath, log } = this.#options;
    if (Buffer.byteLength(socketPath) > longestSocketPath)
      throw new Error(`${socketPath} is too long for a socket: choose a --data-dir whose path is shorter`);
    await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
    const limit = AbortSignal.any([signal, AbortSignal.timeout(startWithinMs)]);
    const onWord = (text: string) => log.warn('the DNS program says', { text });
    const { command, args } = await inOwnScope(process.execPath, this.#args());
    try {
      await startLasting(command, args, { signal: limit, onWord });
    } catch (error) {
      if (signal.aborted || command === process.execPath) throw error;
      log.warn('systemd gives the DNS program no scope of its own: it will end with the agent', { error });
      await startLasting(process.execPath, this.#args(), { signal: limit, onWord });
    }
    const socket = await this.#find(signal);
    if (!socket) throw new Error('the DNS program has ended as soon as it was started');
    return socket;
  }

  #args(): string[] {
    return [...nodeFlags, this.#program, this.#options.socketPath, this.#build];
  }
}

/** Ends the program that is found by that file, if there is one. */
export async function endDnsProgram(socketPath: string): Promise<boolean> {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
  } catch {
    return false;
  }
  const closed = once(socket, 'close');
  socket.resume();
  tell(socket, { do: 'end' });
  await closed;
  return true;
}
