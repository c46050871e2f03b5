// What policies are about: themselves, all pods of the cluster, the labels of namespaces. To watch all pods costs each node, so
// that is done only while there is a policy anywhere.
// Holds: what is told is complete.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Namespace, namespaces } from '../../api/kinds/namespace.ts';
import { type NetworkPolicy, networkPolicies } from '../../api/kinds/network-policy.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import type { Clock } from '../../base/clock.ts';
import { runBeside } from '../../base/component.ts';
import type { Log } from '../../base/log.ts';
import type { Change, Informer } from '../../client/informer.ts';
import { rememberInformer } from '../../client/informer-memory.ts';
import type { Informers } from '../../client/informers.ts';
import { known } from '../known.ts';
import { essentialsOf } from './policy-pod.ts';

export interface PolicySourcesOptions {
  informers: Informers;
  /** Where what was known is remembered. */
  folder: string;
  clock: Clock;
  log: Log;
  /** Something is other than it was, or has become known. */
  onChange: () => void;
}

/** All that policies are about; pods and namespaces are not known while there is no policy. */
export interface PolicyWorld {
  policies: readonly NetworkPolicy[];
  pods: readonly Pod[];
  namespaces: readonly Namespace[];
}

interface Peers {
  pods: Informer<Pod>;
  namespaces: Informer<Namespace>;
  isKnown: boolean;
  stop: AbortController;
}

/** Whether anything that a policy may ask for has changed. */
function isOther<T extends KubeObject & { spec?: unknown; status?: unknown }>({
  object,
  previous,
}: Change<T>): boolean {
  const askedFor = (of: T | undefined) => of && [of.metadata.labels, of.spec, of.status];
  return !isDeepStrictEqual(askedFor(object), askedFor(previous));
}

/** To weigh all pods anew takes a moment in a large cluster: of many that come and go in this time all but the first are told at once. */
const restMs = 100;

export class PolicySources {
  readonly #options: PolicySourcesOptions;
  readonly #policies: Informer<NetworkPolicy>;
  #arePoliciesKnown = false;
  #peers: Peers | undefined;
  /** What is remembered of former peers goes before that of new ones is asked for. */
  #forgotten: Promise<unknown> = Promise.resolve();
  #hasRules = false;
  #isResting = false;
  #hasMore = false;

  constructor(options: PolicySourcesOptions) {
    this.#options = options;
    this.#policies = options.informers.for(networkPolicies);
  }

  /** Undefined until all of it is known. */
  world(): PolicyWorld | undefined {
    if (!this.#arePoliciesKnown) return undefined;
    const policies = this.#policies.list();
    if (policies.length === 0) return { policies, pods: [], namespaces: [] };
    if (!this.#peers?.isKnown) return undefined;
    return { policies, pods: this.#peers.pods.list(), namespaces: this.#peers.namespaces.list() };
  }

  /** Follows the policies, and what they are about, until the signal is aborted. */
  async run({ hasRules }: { hasRules: boolean }, signal: AbortSignal): Promise<void> {
    const { onChange } = this.#options;
    this.#hasRules = hasRules;
    await this.#remember(this.#policies, 'network-policies', signal);
    await known([this.#policies], { hasRules, clock: this.#options.clock }, signal);
    this.#arePoliciesKnown = true;
    this.#policies.onChange(() => {
      this.#follow(signal);
      onChange();
    });
    onChange();
  }

  /** Begins to watch pods and namespaces with the first policy, and ends with the last one. */
  #follow(signal: AbortSignal): void {
    const { log } = this.#options;
    const isNeeded = this.#policies.list().length > 0;
    if (isNeeded === (this.#peers !== undefined)) return;
    if (isNeeded) {
      const stop = new AbortController();
      const whileNeeded = AbortSignal.any([signal, stop.signal]);
      runBeside(this.#watchPeers(stop, whileNeeded), whileNeeded, log, 'peers of policies');
      return;
    }
    this.#peers?.stop.abort();
    this.#peers = undefined;
    const forget = (name: string) =>
      rm(this.#path(name), { force: true }).catch((error: unknown) => log.warn('a memory stays', { name, error }));
    this.#forgotten = Promise.all([forget('pods'), forget('namespaces')]);
  }

  async #watchPeers(stop: AbortController, signal: AbortSignal): Promise<void> {
    const { informers, clock, log, onChange } = this.#options;
    const peers: Peers = {
      pods: informers.separate(pods, { keep: essentialsOf }),
      namespaces: informers.separate(namespaces),
      isKnown: false,
      stop,
    };
    this.#peers = peers;
    log.info('network policies are in force: the pods of the whole cluster are watched');
    const begin = async <T extends KubeObject>(informer: Informer<T>, name: string): Promise<void> => {
      await this.#forgotten;
      await this.#remember(informer, name, signal);
      runBeside(informer.run(signal), signal, log, `peers of policies: ${name}`);
      await known([informer], { hasRules: this.#hasRules, clock }, signal);
      informer.onChange((change) => {
        if (isOther(change)) this.#tellInTurn();
      });
    };
    await Promise.all([begin(peers.pods, 'pods'), begin(peers.namespaces, 'namespaces')]);
    peers.isKnown = true;
    onChange();
  }

  #tellInTurn(): void {
    if (this.#isResting) {
      this.#hasMore = true;
      return;
    }
    this.#isResting = true;
    this.#options.clock.after(restMs, () => {
      this.#isResting = false;
      if (!this.#hasMore) return;
      this.#hasMore = false;
      this.#tellInTurn();
    });
    this.#options.onChange();
  }

  async #remember<T extends KubeObject>(informer: Informer<T>, name: string, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await rememberInformer({ informer, path: this.#path(name), clock, log }, signal);
  }

  #path(name: string): string {
    return join(this.#options.folder, name === 'network-policies' ? `${name}.jsonl` : `policy-${name}.jsonl`);
  }
}
