// Looks every few seconds whether the node runs out of something; frees what nobody needs, and if that is not enough ends
// one pod after the other until there is room again. Also ends pods that take more disk than their own limits allow.
import { isCriticalPod } from '../../api/critical-pod.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Verdict } from '../pods/pod-view.ts';
import { evictionMessage, rankForEviction } from './eviction-rank.ts';
import { hasStorageLimits, storageOveruse } from './local-storage.ts';
import type { PodUsages } from './pod-usages.ts';
import { judge, lackOf, noPressure, type Pressure, type PressureMemory } from './pressure.ts';
import type { Level, Levels, Signal } from './signals.ts';
import type { Threshold } from './thresholds.ts';

const lookMs = 10_000;
/** What a hard threshold leaves a pod to end, as there is no time. */
const hardGraceMs = 1_000;

export interface EvictionSettings {
  thresholds: readonly Threshold[];
  /** How long a pressure is told on after it was felt. */
  transitionMs: number;
  /** What a soft threshold leaves a pod at most. */
  softGraceMs: number;
}

export interface EvictionsOptions {
  settings: EvictionSettings;
  levels(): Promise<Levels>;
  usages: PodUsages;
  /** The pods of this node that have not ended. */
  pods(): readonly Pod[];
  evict(pod: Pod, verdict: Verdict): void;
  /** Whether anything of the pod still runs. */
  isRunning(podUid: string): boolean;
  /** Whether the signal is about the disk of images and containers. */
  isOfEngineDisk(signal: Signal): Promise<boolean>;
  /** Removes the containers of pods that are over. */
  freeContainers(): Promise<void>;
  /** Removes images that nobody uses until so much is free that was not before. */
  freeImages(bytes: number): Promise<unknown>;
  tellPressures(pressures: ReadonlySet<Pressure>): void;
  clock: Clock;
  log: Log;
}

export class Evictions {
  readonly #options: EvictionsOptions;
  #memory: PressureMemory = noPressure;
  /** The pod that was ended last: until it is gone nobody knows whether that was enough. */
  #last: string | undefined;

  constructor(options: EvictionsOptions) {
    this.#options = options;
  }

  /** Both at once: whoever takes long to be measured by its own limits must not hide what the node runs out of. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const repeat = async (what: () => Promise<void>) => {
      while (!signal.aborted) {
        await what().catch((error: unknown) => log.warn('cannot tell what the node runs out of', { error }));
        await clock.sleep(lookMs, signal).catch(() => {});
      }
    };
    await Promise.all([repeat(() => this.look()), repeat(() => this.keepToLimits())]);
  }

  /** Tells what the node runs out of, and acts upon it. */
  async look(): Promise<void> {
    const { settings, levels: read, clock, tellPressures } = this.#options;
    const levels = await read();
    const { thresholds, transitionMs } = settings;
    const { memory, told, due } = judge(thresholds, levels, this.#memory, { nowMs: clock.monotonicMs(), transitionMs });
    this.#memory = memory;
    tellPressures(told);
    const [first] = due;
    const level = first && levels.get(first.signal);
    if (level) await this.#act(first, level);
  }

  /** Ends pods that take more disk than their own limits allow. One that cannot be measured is no excuse for the others. */
  async keepToLimits(): Promise<void> {
    const { pods, usages, log } = this.#options;
    for (const pod of pods()) {
      if (isCriticalPod(pod) || !hasStorageLimits(pod)) continue;
      try {
        const message = storageOveruse(pod, await usages.storageOf(pod));
        if (message) this.#evict(pod, message, true);
      } catch (error) {
        log.warn('cannot tell how much disk a pod takes', { pod: keyOf(pod), error });
      }
    }
  }

  async #act(threshold: Threshold, level: Level): Promise<void> {
    const { usages, isRunning, log } = this.#options;
    if (this.#last !== undefined && isRunning(this.#last)) return;
    this.#last = undefined;
    const { signal, text } = threshold;
    log.warn('the node runs out of something', { signal, threshold: text, available: level.available });
    if (await this.#freed(threshold, level)) return;
    const active = new Set(this.#options.pods().map(({ metadata }) => metadata.uid));
    const candidates = (await usages.all(signal)).filter(({ pod }) => active.has(pod.metadata.uid));
    const [first] = rankForEviction(signal, candidates);
    if (!first) {
      log.warn('there is no pod that could be evicted', { signal });
      return;
    }
    this.#last = first.pod.metadata.uid ?? '';
    this.#evict(first.pod, evictionMessage(threshold, level.available, first), threshold.graceMs === 0);
  }

  /** Whether removing what nobody needs was enough: what pods that are over have left, and if need be images. */
  async #freed(threshold: Threshold, level: Level): Promise<boolean> {
    const { levels: read, isOfEngineDisk, freeContainers, freeImages, log } = this.#options;
    const { signal } = threshold;
    let lack = lackOf(threshold, level);
    try {
      if (!(await isOfEngineDisk(signal))) return false;
      for (const free of [freeContainers, freeImages]) {
        await free(signal.endsWith('.available') ? lack : Number.POSITIVE_INFINITY);
        const now = (await read()).get(signal);
        if (now) lack = lackOf(threshold, now);
        if (lack <= 0) return true;
      }
    } catch (error) {
      log.warn('what nobody needs cannot be removed', { error });
    }
    return false;
  }

  #evict(pod: Pod, message: string, isHard: boolean): void {
    const { settings, evict, log } = this.#options;
    const ownMs = (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
    log.warn('a pod is evicted', { pod: keyOf(pod), message });
    const graceMs = isHard ? hardGraceMs : Math.min(settings.softGraceMs, ownMs);
    evict(pod, { reason: 'Evicted', message, graceMs, disruption: message });
  }
}
