// What a host sees of a master before it trusts it: whether it answers at all, its time and its version. Nothing is verified here and
// nothing secret is sent: whether it is the right master the pin of the token tells.
import { request } from 'node:https';
import { openPort } from '../api/open-port.ts';
import type { Clock } from '../base/clock.ts';

export interface MasterView {
  /** How far this host's clock is behind the master's; negative where it is ahead. */
  behindMs: number;
  /** Of Kubernetes' API that the master serves, as v1.34.0. */
  version: string;
}

/** Why a master cannot be joined, and the way out. */
export class MasterFault extends Error {
  readonly what: string;
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(`${what}: ${remedy}`);
    this.what = what;
    this.remedy = remedy;
  }
}

export interface MasterProbeOptions {
  server: string;
  clock: Clock;
  timeoutMs: number;
}

/** Throws MasterFault. */
export async function observeMaster(options: MasterProbeOptions, signal: AbortSignal): Promise<MasterView> {
  const { server, clock, timeoutMs } = options;
  const url = URL.parse('/version', server);
  if (url?.protocol !== 'https:')
    throw new MasterFault(`${JSON.stringify(server)} is no address of a master`, 'say it as https://ADDRESS:6443');
  const port = Number(url.port || 443);
  const asked = clock.now();
  const { promise, resolve, reject } = Promise.withResolvers<{ text: string; date: string | undefined }>();
  const asking = request(url, { rejectUnauthorized: false, agent: false, signal }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    response.once('error', reject);
    response.once('end', () => resolve({ text, date: response.headers.date }));
  });
  asking.once('error', reject);
  const late = clock.after(timeoutMs, () => asking.destroy(Object.assign(new Error('late'), { code: 'ETIMEDOUT' })));
  asking.end();
  try {
    const { text, date = '' } = await promise;
    const version = versionIn(text);
    if (!version)
      throw new MasterFault(`what answers at ${server} is no Kubernetes API`, 'see whether the address is right');
    // The date is told in whole seconds: on average half of one is left out.
    const told = Date.parse(date) + 500;
    return { behindMs: Number.isNaN(told) ? 0 : told - (asked + clock.now()) / 2, version };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MasterFault) throw error;
    throw whyUnreachable((error as NodeJS.ErrnoException).code ?? '', url.hostname, port, timeoutMs);
  } finally {
    late();
  }
}

function versionIn(text: string): string | undefined {
  try {
    const { gitVersion } = JSON.parse(text) as { gitVersion?: unknown };
    return typeof gitVersion === 'string' ? gitVersion : undefined;
  } catch {
    return undefined;
  }
}

export function whyUnreachable(code: string, host: string, port: number, timeoutMs: number): MasterFault {
  const place = `${host}:${port}`;
  const allow = `allow TCP port ${port} on the master: ${openPort('tcp', port)}`;
  switch (code) {
    case 'ECONNREFUSED':
      return new MasterFault(
        `nothing listens at ${place}, or a firewall there rejects connections`,
        `see there whether the master runs (\`systemctl status wherry-server\`) and on which port, and ${allow}`,
      );
    case 'ETIMEDOUT':
      return new MasterFault(
        `no answer from ${place} within ${timeoutMs / 1000} s: the address is wrong, or a firewall drops what is sent there (or what leaves here: \`iptables -S OUTPUT\`)`,
        allow,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new MasterFault(
        `there is no way to ${place}: the host is down, no route leads to it, or its firewall forbids it`,
        allow,
      );
    case 'EPERM':
    case 'EACCES':
      return new MasterFault(
        `a firewall of this very host forbids connections to ${place}`,
        'see the OUTPUT chain with `iptables -S OUTPUT` or `nft list ruleset`',
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new MasterFault(
        `the name ${host} cannot be resolved`,
        'name the master by its address, or mend /etc/resolv.conf',
      );
    default:
      return new MasterFault(
        `what listens at ${place} does not speak HTTPS or breaks off (${code || 'no reason told'})`,
        'see whether the port is right',
      );
  }
}

const mostOffMs = 60_000;

/** Clocks further apart than this see certificates and leases that are not valid yet, or no longer. */
export function clockFault({ behindMs }: Pick<MasterView, 'behindMs'>): MasterFault | undefined {
  if (Math.abs(behindMs) <= mostOffMs) return undefined;
  const seconds = Math.round(Math.abs(behindMs) / 1000);
  const direction = behindMs > 0 ? 'behind' : 'ahead of';
  return new MasterFault(
    `this host's clock is ${seconds} s ${direction} the master's`,
    'set the one that is wrong, and keep both right with chrony or systemd-timesyncd',
  );
}

/** Agents one minor version older or newer than their master work, for the time of an upgrade. */
export function versionFault(master: string, own: string): MasterFault | undefined {
  const [theirs, ours] = [minorOf(master), minorOf(own)];
  if (theirs && ours && theirs.major === ours.major && Math.abs(theirs.minor - ours.minor) <= 1) return undefined;
  return new MasterFault(
    `the master is of version ${master} and this program of ${own}, more than one minor version apart`,
    "install the master's version here, or upgrade the master",
  );
}

function minorOf(version: string): { major: number; minor: number } | undefined {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
}
