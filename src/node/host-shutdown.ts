// When the host goes down its pods are ended in good order before Docker goes: first those of users, then critical ones, each
// group in its time. They have failed then, as Kubernetes has it, and what made them makes others elsewhere.
import { isCriticalPod } from '../api/critical-pod.ts';
import type { Pod } from '../api/kinds/pod.ts';
import type { Clock } from '../base/clock.ts';
import { ExecError, execute } from '../base/exec.ts';
import type { Log } from '../base/log.ts';
import type { Verdict } from './pods/pod-view.ts';

export interface ShutdownSettings {
  /** For all pods together; 0 leaves them alone. */
  graceMs: number;
  /** The part of it that is for critical ones. */
  criticalGraceMs: number;
}

export interface HostShutdownOptions {
  settings: ShutdownSettings;
  /** All pods of this node, as they are told to the API. */
  pods(): readonly Pod[];
  /** Whether there is nothing to wait for any more. */
  hasEnded(pod: Pod): boolean;
  end(pod: Pod, verdict: Verdict): void;
  /** Told before the first pod is ended. */
  onBegin(): void;
  clock: Clock;
  log: Log;
}

const message = 'Pod was terminated in response to imminent node shutdown.';
const lookMs = 100;

export class HostShutdown {
  readonly #options: HostShutdownOptions;

  constructor(options: HostShutdownOptions) {
    this.#options = options;
  }

  async endPods(): Promise<void> {
    const { settings, log, onBegin } = this.#options;
    const { graceMs, criticalGraceMs } = settings;
    onBegin();
    log.info('the host goes down: ending its pods', { graceMs });
    await this.#end((pod) => !isCriticalPod(pod), graceMs - criticalGraceMs);
    await this.#end(isCriticalPod, criticalGraceMs);
  }

  async #end(isMeant: (pod: Pod) => boolean, mostMs: number): Promise<void> {
    const { pods, hasEnded, end, clock, log } = this.#options;
    const left = () => pods().filter((pod) => isMeant(pod) && !hasEnded(pod));
    for (const pod of left()) {
      const ownMs = (pod.spec.terminationGracePeriodSeconds ?? 30) * 1000;
      end(pod, { reason: 'Terminated', message, graceMs: Math.min(ownMs, mostMs), disruption: message });
    }
    // A little longer than they have, so that what is killed in the end is told, too.
    for (const untilMs = clock.monotonicMs() + mostMs + 1_000; left().length > 0; await clock.sleep(lookMs)) {
      if (clock.monotonicMs() < untilMs) continue;
      log.warn('pods did not end in time', { pods: left().map(({ metadata }) => metadata.name) });
      return;
    }
  }
}

/** Whether it is the host that ends, and not the agent alone. Only systemd tells. */
export async function isHostGoingDown(): Promise<boolean> {
  try {
    return (await execute('systemctl', ['show', '--property=SystemState', '--value'])).trim() === 'stopping';
  } catch (error) {
    if (error instanceof ExecError) return false;
    throw error;
  }
}
