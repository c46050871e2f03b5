// How we speak with iproute2: one long-lived `ip -batch` for the host's own network, one run each for what is seldom or elsewhere.
import type { ChildProcess } from 'node:child_process';
import { ExecError, execute, startFed } from '../base/exec.ts';

interface Request {
  end: string;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Feeds lines to one running `ip`, so that a change costs no process start. The end of a request is marked by a command
 * that cannot be: the complaint about it follows all complaints of the request on the same stream, in order.
 */
export class IpBatch {
  #child: ChildProcess | undefined;
  #requests: Request[] = [];
  #complaints: string[] = [];
  #rest = '';
  #count = 0;
  #isClosed = false;

  /** Runs all lines, also after one failed; rejects with what was complained about. */
  run(lines: string[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    if (this.#isClosed) return Promise.reject(new Error('the network is being stopped'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const child = this.#running();
    const end = `end-of-request-${++this.#count}`;
    this.#requests.push({ end, resolve, reject });
    child.stdin?.write(`${lines.join('\n')}\n${end}\n`);
    return promise;
  }

  /** For good: an `ip` that was started anew would keep the process alive. */
  close(): void {
    this.#isClosed = true;
    this.#child?.stdin?.end();
    this.#child = undefined;
  }

  #running(): ChildProcess {
    if (this.#child) return this.#child;
    const child = startFed('ip', ['-force', '-batch', '-']);
    const ended = (error: Error) => {
      if (this.#child === child) this.#child = undefined;
      for (const request of this.#requests.splice(0)) request.reject(error);
      this.#complaints = [];
      this.#rest = '';
    };
    child.once('error', (error) => ended(new ExecError('ip -batch', null, error.message)));
    child.once('close', (code) => ended(new ExecError('ip -batch', code, this.#complaints.join('\n'))));
    child.stdin?.on('error', () => {}); // its end is told by "close"
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    this.#child = child;
    return child;
  }

  #hear(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [request] = this.#requests;
      if (!request || /^Command failed -:\d+$/.test(line)) continue;
      if (!line.includes(`"${request.end}"`)) {
        this.#complaints.push(line);
        continue;
      }
      this.#requests.shift();
      const complaints = this.#complaints.splice(0);
      if (complaints.length === 0) request.resolve();
      else request.reject(new ExecError('ip -batch', 1, complaints.join('\n')));
    }
  }
}

/** What `ip -json` answers; an empty list where it says nothing. */
export async function ipJson<T>(args: string[]): Promise<T[]> {
  return parse<T>(await execute('ip', ['-json', ...args]));
}

/** The same of a process's network namespace. */
export async function ipJsonOf<T>(pid: number, args: string[]): Promise<T[]> {
  return parse<T>(await execute('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-json', ...args]));
}

/** Runs lines in a process's network namespace, and stops at the first that fails. */
export async function ipBatchOf(pid: number, lines: string[]): Promise<void> {
  const input = `${lines.join('\n')}\n`;
  await execute('nsenter', [`--net=/proc/${pid}/ns/net`, 'ip', '-batch', '-'], { input });
}

function parse<T>(output: string): T[] {
  // Where nothing matches, some versions write empty objects, others nothing at all.
  const parsed = output.trim() === '' ? [] : (JSON.parse(output) as T[]);
  return parsed.filter((entry) => Object.keys(entry as object).length > 0);
}

interface LinkAddress {
  family: string;
  local: string;
  prefixlen: number;
  label?: string;
  metric?: number;
}

/** A link as `ip -json address show` tells it. */
export interface Link {
  ifindex: number;
  ifname: string;
  link_index?: number;
  mtu: number;
  operstate: string;
  flags: string[];
  master?: string;
  ifalias?: string;
  addr_info?: LinkAddress[];
}

/** All links of the host with their aliases and IPv4 addresses, which `ip` does not tell in one. */
export async function observeLinks(): Promise<Link[]> {
  const [links, addresses] = await Promise.all([
    ipJson<Link>(['link', 'show']),
    ipJson<Link>(['-4', 'address', 'show']),
  ]);
  const byIndex = new Map(addresses.map(({ ifindex, addr_info }) => [ifindex, addr_info ?? []]));
  return links.map((link) => ({ ...link, addr_info: byIndex.get(link.ifindex) ?? [] }));
}

/** The link that has this address. */
export function linkOf(address: string, links: Link[]): Link | undefined {
  return links.find(({ addr_info }) => addr_info?.some(({ local }) => local === address));
}
