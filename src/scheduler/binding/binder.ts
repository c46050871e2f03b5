// Binds pods to the nodes that were chosen for them, many at a time: what is to be settled first, then the binding itself.
import { pods } from '../../api/kinds/pod.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { PodDemand } from '../pods/pod-demand.ts';
import type { PodNotes } from '../pods/pod-notes.ts';
import type { BindingStep } from './binding-step.ts';

export interface BinderOptions {
  client: Client;
  log: Log;
  events: EventRecorder;
  notes: PodNotes;
  steps: readonly BindingStep[];
}

/** `lost`: the pod is not ours any more, as it has gone or somebody else has bound it. */
export type Outcome = 'bound' | 'lost' | 'failed';

export class Binder {
  readonly #options: BinderOptions;

  constructor(options: BinderOptions) {
    this.#options = options;
  }

  async bind(demand: PodDemand, nodeName: string, signal: AbortSignal): Promise<Outcome> {
    const { steps, events, log, notes } = this.#options;
    const { namespace, name } = demand.pod.metadata;
    try {
      for (const step of steps) step.reserve(demand, nodeName);
      for (const step of steps) await step.prepareBinding(demand, nodeName, signal);
      await notes.settled(demand.uid);
      await this.#writeBinding(demand, nodeName);
      const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
      events.record(demand.pod, { type: 'Normal', reason: 'Scheduled', message });
      return 'bound';
    } catch (error) {
      for (const step of steps.toReversed()) step.undo(demand, nodeName);
      if (isNotFound(error) || isConflict(error) || signal.aborted) return 'lost';
      log.warn('binding failed, trying again', { pod: demand.key, error });
      const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`;
      events.record(demand.pod, { type: 'Warning', reason: 'FailedScheduling', message });
      return 'failed';
    }
  }

  async #writeBinding({ pod }: PodDemand, nodeName: string): Promise<void> {
    const { namespace, name, uid } = pod.metadata;
    await this.#options.client.createThrough(pods, pod.metadata, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { namespace, name, uid },
      target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
    });
  }
}
