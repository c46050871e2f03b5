// What the cluster knows of the manifests: a parent for each file, learned at the start and written before anything changes. What is
// new about a file is said in the log, as an event of its parent, and in the parent itself, where `wherry status` finds it.
import { configMaps } from '../../api/kinds/config-map.ts';
import { type ManifestSet, parentOf, setLabel, setNamespace, setOf } from '../../api/manifest-set.ts';
import type { KubeObject } from '../../api/meta.ts';
import { unlessGone } from '../../api/status.ts';
import type { Log } from '../../base/log.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';

/** As whom manifests are applied. */
export const fieldManager = 'wherry-manifests';

export class ManifestLedger {
  readonly #client: Client;
  readonly #events: EventRecorder;
  readonly #log: Log;
  readonly #sets = new Map<string, ManifestSet>();

  constructor({ client, events, log }: { client: Client; events: EventRecorder; log: Log }) {
    this.#client = client;
    this.#events = events;
    this.#log = log;
  }

  async learn(): Promise<void> {
    const options = { namespace: setNamespace, labelSelector: setLabel };
    for (const parent of (await this.#client.list(configMaps, options)).items) {
      const set = setOf(parent);
      if (set) this.#sets.set(set.file, set);
    }
  }

  get(file: string): ManifestSet | undefined {
    return this.#sets.get(file);
  }

  all(): ManifestSet[] {
    return [...this.#sets.values()];
  }

  async note(set: ManifestSet): Promise<KubeObject> {
    const parent = await this.#client.apply(configMaps, parentOf(set), { fieldManager, force: true });
    this.#sets.set(set.file, set);
    return parent;
  }

  /** Notes it and says what is new about it: another fault or none, or that the file is another. */
  async tell(set: ManifestSet, isNewFile: boolean): Promise<void> {
    const { file, objects, fault } = set;
    const isNew = isNewFile || this.get(file)?.fault !== fault;
    const parent = await this.note(set);
    if (!isNew) return;
    if (fault === undefined) {
      this.#log.info('a manifest is applied', { file, objects });
      const message = `Applied ${objects} objects of ${file}`;
      this.#events.record(parent, { type: 'Normal', reason: 'AppliedManifest', message });
    } else {
      this.#log.warn('a manifest is not applied as it is', { file, fault });
      this.#events.record(parent, { type: 'Warning', reason: 'ApplyManifestFailed', message: `${file}: ${fault}` });
    }
  }

  async forget(set: ManifestSet): Promise<void> {
    const { name = '' } = parentOf(set).metadata;
    await this.#client.delete(configMaps, { namespace: setNamespace, name }).catch(unlessGone);
    this.#sets.delete(set.file);
  }
}
