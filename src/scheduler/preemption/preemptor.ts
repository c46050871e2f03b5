// Makes room for a pod: tells its victims why they have to go, and deletes them with the grace that is theirs.
import { pods } from '../../api/kinds/pod.ts';
import { isNotFound } from '../../api/status.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import type { PodNotes } from '../pods/pod-notes.ts';
import type { Victims } from './preemption-plan.ts';

export interface PreemptorOptions {
  client: Client;
  log: Log;
  events: EventRecorder;
  notes: PodNotes;
  schedulerName: string;
}

export class Preemptor {
  readonly #options: PreemptorOptions;

  constructor(options: PreemptorOptions) {
    this.#options = options;
  }

  /** False where some of them could not be told to go. From the call on they count as doomed. */
  async makeRoom(demand: PodDemand, { nodeName, pods: victims }: Victims): Promise<boolean> {
    const told = victims.map((victim) => this.#end(victim, demand, nodeName));
    return (await Promise.all(told)).every(Boolean);
  }

  async #end(victim: PodDemand, { uid: preemptor }: PodDemand, nodeName: string): Promise<boolean> {
    if (victim.isLeaving) return true;
    victim.isDoomed = true;
    const { client, notes, events, log, schedulerName } = this.#options;
    try {
      await notes.noteVictim(victim.pod, schedulerName);
      await client.delete(pods, victim.pod.metadata, { uid: victim.uid });
      const message = `Preempted by pod ${preemptor} on node ${nodeName}`;
      events.record(victim.pod, { type: 'Normal', reason: 'Preempted', message });
      return true;
    } catch (error) {
      if (isNotFound(error)) return true;
      log.warn('could not preempt a pod', { pod: victim.key, error });
      victim.isDoomed = false;
      return false;
    }
  }
}
