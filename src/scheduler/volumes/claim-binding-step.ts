// Before a pod with claims is bound: its claims are given volumes that are there, or are told the node on which volumes are to
// be made; then it waits until all of them are bound, as the agent of the node would not mount them otherwise.
import { isFullyBound, selectedNode, volumeFor } from '../../api/claim-binding.ts';
import { nodes } from '../../api/kinds/node.ts';
import { persistentVolumes } from '../../api/kinds/persistent-volume.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../api/kinds/persistent-volume-claim.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import { NotFound } from '../../api/status.ts';
import type { Clock } from '../../base/clock.ts';
import type { Client } from '../../client/client.ts';
import type { Informer } from '../../client/informer.ts';
import type { Informers } from '../../client/informers.ts';
import type { BindingStep } from '../binding/binding-step.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import { type ClaimPlan, planClaims } from './claim-plan.ts';
import type { ClaimedStorage } from './claimed-storage.ts';
import { sortClaims } from './claims-of-pod.ts';

export interface ClaimBindingOptions {
  client: Client;
  informers: Informers;
  clock: Clock;
  storage: ClaimedStorage;
  /** How long somebody may take to make a volume. */
  patienceMs?: number;
}

/** For those above a conflict or a missing object would mean the pod itself. */
class ClaimsNotBound extends Error {
  constructor(why: string) {
    super(`running PreBind plugin "VolumeBinding": binding volumes: ${why}`);
  }
}

const usualPatienceMs = 600_000;

export class ClaimBindingStep implements BindingStep {
  readonly name = 'VolumeBinding';
  readonly #options: ClaimBindingOptions;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #pods: Informer<Pod>;
  /** Of pods whose binding is under way, by uid. */
  readonly #plans = new Map<string, ClaimPlan>();
  /** By the uid of the pod, and by the keys of its claims. */
  readonly #looks = new Map<string, Set<() => void>>();

  constructor(options: ClaimBindingOptions) {
    const { informers } = options;
    this.#options = options;
    this.#claims = informers.for(persistentVolumeClaims);
    this.#pods = informers.for(pods);
    this.#claims.onChange(({ key }) => this.#lookAt(key));
    this.#pods.onChange(({ previous }) => this.#lookAt(previous?.metadata.uid ?? ''));
  }

  reserve({ pod, uid }: PodDemand, nodeName: string): void {
    const { storage, informers } = this.#options;
    const claims = sortClaims(pod, storage);
    if (!claims) return;
    if ('hopeless' in claims) throw new ClaimsNotBound(claims.hopeless);
    if (claims.waiting.length === 0) return;
    const node = informers.for(nodes).get(nodeName);
    if (!node) throw new ClaimsNotBound(`node "${nodeName}" not found`);
    const plan = planClaims(claims, node, storage);
    if ('reasons' in plan) throw new ClaimsNotBound(plan.reasons.join(', '));
    this.#plans.set(uid, plan);
    storage.promise(uid, nodeName, plan);
  }

  async prepareBinding(demand: PodDemand, nodeName: string, signal: AbortSignal): Promise<void> {
    const plan = this.#plans.get(demand.uid);
    if (!plan) return;
    try {
      await this.#write(plan, nodeName);
      await this.#untilBound(demand, plan, nodeName, signal);
    } catch (error) {
      const isPodGone = this.#pods.get(demand.key)?.metadata.uid !== demand.uid;
      throw isPodGone || error instanceof ClaimsNotBound ? error : new ClaimsNotBound((error as Error).message);
    }
    this.undo(demand);
  }

  /** What has been written stays: the claims are bound all the same, and the next try finds them so. */
  undo({ uid }: PodDemand): void {
    if (this.#plans.delete(uid)) this.#options.storage.forget(uid);
  }

  async #write({ bindings, provisions }: ClaimPlan, nodeName: string): Promise<void> {
    const { client } = this.#options;
    for (const { claim, volume } of bindings) {
      const wanted = volumeFor(volume, claim);
      if (wanted !== volume) await client.update(persistentVolumes, wanted);
    }
    for (const { metadata } of provisions) {
      const { resourceVersion } = metadata;
      const patch = { metadata: { resourceVersion, annotations: { [selectedNode]: nodeName } } };
      const known = this.#claims.get(keyOf({ metadata }))?.metadata.annotations?.[selectedNode];
      if (known !== nodeName) await client.patch(persistentVolumeClaims, metadata, patch);
    }
  }

  async #untilBound({ key, uid }: PodDemand, plan: ClaimPlan, nodeName: string, signal: AbortSignal): Promise<void> {
    const { clock, patienceMs = usualPatienceMs } = this.#options;
    const toBeMade = new Set(plan.provisions.map(keyOf));
    const all = [...plan.bindings.map(({ claim }) => claim), ...plan.provisions];
    const done = Promise.withResolvers<void>();
    const seen = new Set<string>();
    const look = () => {
      const current = all.map((claim) => this.#claims.get(keyOf(claim)));
      if (current.some((claim, index) => claim?.metadata.uid !== all[index]?.metadata.uid)) {
        return done.reject(new ClaimsNotBound('a claim of the pod is gone'));
      }
      if (this.#pods.get(key)?.metadata.uid !== uid)
        return done.reject(new NotFound({ group: '', resource: 'pods', name: key }));
      const open = current.filter((claim) => claim !== undefined).filter((claim) => !isFullyBound(claim));
      if (open.length === 0) return done.resolve();
      for (const claim of open.filter((each) => toBeMade.has(keyOf(each)))) {
        const chosen = claim.metadata.annotations?.[selectedNode];
        if (chosen === nodeName) seen.add(keyOf(claim));
        // Whoever was to make the volume cannot, there.
        else if (seen.has(keyOf(claim)))
          done.reject(new ClaimsNotBound(`provisioning failed for PVC "${keyOf(claim)}"`));
      }
    };
    const stop = () => done.reject(new ClaimsNotBound('the scheduler is being stopped'));
    const cancel = clock.after(patienceMs, () => done.reject(new ClaimsNotBound('context deadline exceeded')));
    signal.addEventListener('abort', stop, { once: true });
    const watched = [uid, ...all.map(keyOf)];
    for (const each of watched) this.#looks.set(each, (this.#looks.get(each) ?? new Set()).add(look));
    look();
    try {
      await done.promise;
    } finally {
      cancel();
      signal.removeEventListener('abort', stop);
      for (const each of watched) {
        const looks = this.#looks.get(each);
        if (looks?.delete(look) && looks.size === 0) this.#looks.delete(each);
      }
    }
  }

  #lookAt(what: string): void {
    for (const look of this.#looks.get(what) ?? []) look();
  }
}
