// Who is asked what the cluster cannot know: the resolvers of this host. They change with the networks it joins, so the files
// are looked at again, but not for every question.
import { isLocalStub, parseResolvConf } from '../../api/pod-resolv-conf.ts';
import type { Clock } from '../../base/clock.ts';
import { readFileIfThere } from '../../base/files.ts';

const hostFile = '/etc/resolv.conf';
/** Where systemd-resolved keeps the servers that it asks itself. */
const upstreamFile = '/run/systemd/resolve/resolv.conf';
const lookAgainAfterMs = 1_000;

export class HostResolvers {
  readonly #clock: Clock;
  readonly #files: { host: string; upstream: string };
  #known: Promise<string[]> = Promise.resolve([]);
  #readAtMs = -Infinity;

  constructor(clock: Clock, files = { host: hostFile, upstream: upstreamFile }) {
    this.#clock = clock;
    this.#files = files;
  }

  /** All but ourselves. */
  async list(ownAddress: string): Promise<string[]> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#readAtMs >= lookAgainAfterMs) {
      this.#readAtMs = nowMs;
      this.#known = this.#read();
    }
    return (await this.#known).filter((address) => address !== ownAddress);
  }

  async #read(): Promise<string[]> {
    const { host, upstream } = this.#files;
    const ofHost = await nameserversIn(host);
    if (!isLocalStub(ofHost)) return ofHost;
    const real = await nameserversIn(upstream);
    // A stub without a list of those behind it is asked itself: it is on this very host.
    return real.length > 0 && !isLocalStub(real) ? real : ofHost;
  }
}

async function nameserversIn(path: string): Promise<string[]> {
  const text = await readFileIfThere(path).catch(() => undefined);
  return [...new Set(parseResolvConf(text ?? '').nameservers)];
}
