// The policies' part of the rules: what they mean for the pods of this node, worked out anew when something has changed.
// Holds: a pod is guarded before anything runs in it; what a former life of the agent left in the kernel stays in force until all
// is known that policies are about.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Clock } from '../../base/clock.ts';
import type { ChainChange, RulePart } from '../iptables/rule-keeper.ts';
import { isSame, type Lines } from '../iptables/rules.ts';
import { planPolicies, selects } from './policy-plan.ts';
import { type PolicyPod, policyPodOf } from './policy-pod.ts';
import { policyChains } from './policy-rules.ts';
import type { PolicyWorld } from './policy-sources.ts';

export interface PolicyGuardOptions {
  nodeName: string;
  world: () => PolicyWorld | undefined;
  clock: Clock;
}

/** How long a pod that starts waits for what it cannot start without. */
const knownWithinMs = 30_000;

export class PolicyGuard implements RulePart {
  readonly #options: PolicyGuardOptions;
  /** The pods that were attached in this life, by uid: the API may not know their addresses yet. */
  readonly #attached = new Map<string, PolicyPod>();
  #told: ReadonlyMap<string, Lines> = new Map();
  readonly #waiting = new Set<() => void>();
  #isComplete = false;
  #isDirty = true;

  constructor(options: PolicyGuardOptions) {
    this.#options = options;
  }

  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Something that policies are about is other than it was. */
  change(): void {
    this.#isDirty = true;
    if (!this.#options.world()) return;
    this.#isComplete = true;
    for (const resolve of this.#waiting) resolve();
  }

  /** Answers whether a policy selects the pod, so that it must wait for the rules of now; rejects while that cannot be known. */
  async attach(pod: Pod, uid: string, address: string): Promise<boolean> {
    const attached = policyPodOf(pod, address);
    if (!attached) return false;
    this.#attached.set(uid, { ...attached, uid });
    this.#isDirty = true;
    const { policies } = await this.#whenKnown();
    return policies.some((policy) => selects(policy, attached));
  }

  detach(uid: string): void {
    if (this.#attached.delete(uid)) this.#isDirty = true;
  }

  detachAllBut(uids: ReadonlySet<string>): void {
    for (const uid of this.#attached.keys()) if (!uids.has(uid)) this.detach(uid);
  }

  *takeChanges(): Iterable<ChainChange> {
    const world = this.#options.world();
    if (!this.#isDirty || !world) return;
    this.#isDirty = false;
    const chains = policyChains(this.#plan(world));
    const before = this.#told;
    this.#told = chains;
    for (const chain of before.keys()) if (!chains.has(chain)) yield { table: 'filter', chain, lines: undefined };
    for (const [chain, lines] of chains) if (!isSame(lines, before.get(chain))) yield { table: 'filter', chain, lines };
  }

  #plan({ policies, pods: objects, namespaces }: PolicyWorld) {
    if (policies.length === 0) return { sets: new Map(), verdicts: [] };
    const local = new Map<string, PolicyPod>();
    const pods: PolicyPod[] = [];
    for (const object of objects) {
      const pod = policyPodOf(object, this.#attached.get(object.metadata.uid ?? '')?.address);
      if (!pod) continue;
      pods.push(pod);
      if (object.spec.nodeName === this.#options.nodeName) local.set(pod.address, pod);
    }
    for (const pod of this.#attached.values()) {
      // The API's labels are newer than those that the pod began with.
      if (local.get(pod.address)?.uid === pod.uid) continue;
      local.set(pod.address, pod);
      pods.push(pod);
    }
    const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
    return planPolicies({ local: [...local.values()], pods, namespaces: labels, policies });
  }

  async #whenKnown(): Promise<PolicyWorld> {
    const { world, clock } = this.#options;
    const now = world();
    if (now) return now;
    const becomesKnown = Promise.withResolvers<void>();
    this.#waiting.add(becomesKnown.resolve);
    const cancel = clock.after(knownWithinMs, becomesKnown.resolve);
    await becomesKnown.promise;
    cancel();
    this.#waiting.delete(becomesKnown.resolve);
    const known = world();
    if (!known) throw new Error('what network policies say of the pod cannot be known: the API does not answer');
    return known;
  }
}
