// Makes and deletes the pods of an owner, tells of it in events of the owner, and keeps what it did expected until the cache
// shows it. Who calls has expected it before: its event may come before its answer.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import type { KubeObject } from '../../api/meta.ts';
import { isConflict, isNotFound } from '../../api/status.ts';
import { errorText } from '../../base/error-text.ts';
import type { Client, Draft } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Expectations } from './expectations.ts';

export class PodMaker {
  readonly #client: Client;
  readonly #events: EventRecorder;
  readonly #expectations: Expectations;

  constructor(options: { client: Client; events: EventRecorder; expectations: Expectations }) {
    this.#client = options.client;
    this.#events = options.events;
    this.#expectations = options.expectations;
  }

  async create(key: string, owner: KubeObject, draft: Draft<Pod>): Promise<void> {
    try {
      const pod = await this.#client.create(pods, draft);
      const message = `Created pod: ${pod.metadata.name}`;
      this.#events.record(owner, { type: 'Normal', reason: 'SuccessfulCreate', message });
    } catch (error) {
      this.#expectations.creationObserved(key);
      const message = `Error creating: ${errorText(error)}`;
      this.#events.record(owner, { type: 'Warning', reason: 'FailedCreate', message });
      throw error;
    }
  }

  async delete(key: string, owner: KubeObject, { metadata }: Pod): Promise<void> {
    try {
      await this.#client.delete(pods, metadata, { uid: metadata.uid });
      const message = `Deleted pod: ${metadata.name}`;
      this.#events.record(owner, { type: 'Normal', reason: 'SuccessfulDelete', message });
    } catch (error) {
      this.#expectations.deletionObserved(key, metadata.uid ?? '');
      // Gone, or another pod took the name: either way this one is no more.
      if (isNotFound(error) || isConflict(error)) return;
      const message = `Error deleting: ${errorText(error)}`;
      this.#events.record(owner, { type: 'Warning', reason: 'FailedDelete', message });
      throw error;
    }
  }
}
