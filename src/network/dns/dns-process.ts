// The DNS program from inside: answers by what an agent told it last, whether an agent is there or not. Holds: there is one at
// a time for a socket file; it ends when told to, when another takes over, and when its socket file is taken away.

import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import type { ClusterSettings } from '../../api/cluster-settings.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { untilFolderChanges } from '../../base/folder-changes.ts';
import type { Level, Log } from '../../base/log.ts';
import { type FromProgram, hear, type ToProgram, tell } from './dns-link.ts';
import { DnsServer, type DnsSockets, openSockets } from './dns-server.ts';
import { Forwarder } from './forwarder.ts';
import { handOver, type Inheritance } from './handover.ts';
import { HostResolvers } from './host-resolvers.ts';
import { Responder } from './responder.ts';
import { askResolver } from './upstream.ts';
import { Zone } from './zone.ts';

/** How long a question waits for the records of the cluster after a start. */
const recordsWithinMs = 2_000;
const mostLogLines = 100;
/** How often it looks, besides, whether its socket file is there. */
const lookEveryMs = 30_000;

export class DnsProcess {
  readonly #path: string;
  readonly #build: string;
  readonly #zone = new Zone();
  readonly #clock: Clock;
  readonly #resolvers: HostResolvers;
  readonly #complete = Promise.withResolvers<boolean>();
  readonly #over = new AbortController();
  readonly #logLines: FromProgram[] = [];
  /** Those that were not named again since "begin". */
  #unnamed = new Set<string>();
  #isComplete = false;
  #settings: ClusterSettings | undefined;
  #server: DnsServer | undefined;
  #responder: Responder | undefined;
  #forwarder: Forwarder | undefined;
  #link: Server | undefined;
  #agent: Socket | undefined;

  constructor(path: string, build: string, clock = systemClock) {
    this.#path = path;
    this.#build = build;
    this.#clock = clock;
    this.#resolvers = new HostResolvers(clock);
  }

  /** Takes over what another program had. */
  inherit({ settings, services, namespaces, isComplete, sockets }: Inheritance): DnsServer {
    this.#zone.setNamespaces(namespaces);
    for (const service of services) this.#zone.put(service);
    if (isComplete) this.#setComplete();
    return this.#serve(settings, sockets);
  }

  /** Hears what agents say. Resolves when they can find it. */
  async listen(): Promise<void> {
    if (await isAnswered(this.#path)) throw new Error(`another program listens at ${this.#path}`);
    await rm(this.#path, { force: true });
    const link = createServer((agent) => this.#serveAgent(agent));
    this.#link = link;
    link.listen(this.#path);
    await once(link, 'listening');
    void this.#watchFile();
  }

  /** Who cannot be found any more is of no use. Also where the kernel has no watch left to give. */
  async #watchFile(): Promise<void> {
    const { signal } = this.#over;
    const wait = { clock: this.#clock, mostMs: lookEveryMs, settleMs: 50 };
    while (!signal.aborted) {
      await untilFolderChanges(dirname(this.#path), wait, signal);
      const isFound = await isAnswered(this.#path);
      if (!isFound && !signal.aborted) this.#end();
    }
  }

  /** One agent at a time: a new one takes the place of one that is gone and does not know it yet. */
  #serveAgent(agent: Socket): void {
    agent.on('error', () => agent.destroy());
    hear<ToProgram>(agent, (message) => {
      // To look whether somebody is here is not to be an agent.
      if (this.#agent !== agent) this.#agent?.destroy();
      this.#agent = agent;
      for (const line of this.#logLines.splice(0)) tell(agent, line);
      void this.#obey(message, agent).catch((error: unknown) => tell(agent, { is: 'failed', reason: reasonOf(error) }));
    });
    tell(agent, { is: 'here', build: this.#build, ...(this.#settings && { address: this.#settings.dnsAddress }) });
  }

  async #obey(message: ToProgram, agent: Socket): Promise<void> {
    switch (message.do) {
      case 'settings':
        await this.#setSettings(message.settings);
        tell(agent, { is: 'listening' });
        break;
      case 'begin':
        this.#unnamed = new Set(this.#zone.all().map(({ key }) => key));
        break;
      case 'put':
        this.#unnamed.delete(message.service.key);
        this.#zone.put(message.service);
        this.#responder?.forget();
        break;
      case 'drop':
        this.#zone.drop(message.key);
        this.#responder?.forget();
        break;
      case 'namespaces':
        this.#zone.setNamespaces(message.names);
        this.#responder?.forget();
        break;
      case 'complete':
        for (const key of this.#unnamed) this.#zone.drop(key);
        this.#responder?.forget();
        this.#setComplete();
        break;
      case 'replace':
        await this.#giveWay(message.command, message.args);
        break;
      case 'end':
        this.#end();
    }
  }

  async #setSettings(settings: ClusterSettings): Promise<void> {
    const former = this.#settings;
    if (former && JSON.stringify(former) === JSON.stringify(settings)) return;
    if (this.#server && former?.dnsAddress === settings.dnsAddress) {
      Object.assign(former, settings);
      this.#responder?.forget();
      return;
    }
    const sockets = await openSockets(settings.dnsAddress);
    this.#server?.close();
    this.#serve(settings, sockets);
  }

  #serve(settings: ClusterSettings, sockets: DnsSockets): DnsServer {
    this.#settings = settings;
    this.#forwarder ??= new Forwarder({
      resolvers: async () => await this.#resolvers.list(this.#settings?.dnsAddress ?? ''),
      ask: askResolver,
      clock: this.#clock,
      log: this.#log,
    });
    const areComplete = () => this.#isComplete || this.#completeSoon();
    this.#responder = new Responder({ settings, zone: this.#zone, forwarder: this.#forwarder, areComplete });
    const onFault = (error: unknown) => this.#log.warn('DNS', { error });
    this.#server = new DnsServer({ sockets, responder: this.#responder, onFault });
    return this.#server;
  }

  #setComplete(): void {
    this.#isComplete = true;
    this.#complete.resolve(true);
  }

  async #completeSoon(): Promise<boolean> {
    const late = Promise.withResolvers<boolean>();
    const cancel = this.#clock.after(recordsWithinMs, () => late.resolve(false));
    return await Promise.race([this.#complete.promise, late.promise]).finally(cancel);
  }

  /** Nothing that anybody asks meanwhile is lost: the sockets stay the same. */
  async #giveWay(command: string, args: string[]): Promise<void> {
    const [settings, server] = [this.#settings, this.#server];
    if (!settings || !server) return this.#end();
    const { namespaces } = this.#zone;
    const known = { settings, services: this.#zone.all(), namespaces, isComplete: this.#isComplete };
    const successor = await handOver(command, args, { ...known, sockets: server.sockets });
    this.#over.abort();
    this.#link?.close();
    try {
      await successor.takeOffice();
    } catch (error) {
      // Nobody finds this one any more, and who is started now needs the port.
      this.#log.warn('the DNS program of another version has not taken over', { error });
      return this.#end();
    }
    // Now it finds the other one.
    this.#agent?.destroy();
    await server.leave((datagram) => successor.send(datagram));
    successor.farewell();
  }

  /** Gives up all that it has. */
  #end(): void {
    this.#over.abort();
    this.#link?.close();
    this.#agent?.destroy();
    this.#server?.close();
  }

  /** Told to the agent, now or when there is one. */
  readonly #log: Log = this.#logAs();

  #logAs(): Log {
    const at =
      (level: Level) =>
      (message: string, fields: Record<string, unknown> = {}) => {
        const texts = Object.entries(fields).map(([key, value]) => [key, reasonOf(value)]);
        const line: FromProgram = { is: 'log', level, message, fields: Object.fromEntries(texts) };
        if (this.#agent?.writable) tell(this.#agent, line);
        else if (this.#logLines.push(line) > mostLogLines) this.#logLines.shift();
      };
    return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), named: () => this.#log };
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether a program listens there. */
async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
