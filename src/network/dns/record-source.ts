// The records of all services as the informers know them: all at once, and then each that changes.
import { type EndpointSlice, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { Service } from '../../api/kinds/service.ts';
import { keyOf } from '../../api/meta.ts';
import type { Informer } from '../../client/informer.ts';
import { type ServiceRecords, serviceRecords } from './service-records.ts';

export interface RecordListener {
  /** The records of the service may be other ones: told once for the changes of a moment. */
  changed(serviceKey: string): void;
  /** A namespace has come or gone. */
  namespacesChanged(): void;
}

export interface RecordSourceOptions {
  services: Informer<Service>;
  slices: Informer<EndpointSlice>;
  slicesOf: (serviceKey: string) => EndpointSlice[];
  namespaces: Informer<Namespace>;
}

export class RecordSource {
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #slicesOf: (serviceKey: string) => EndpointSlice[];
  readonly #changed = new Set<string>();
  readonly #namespaces: Informer<Namespace>;
  #listener: RecordListener | undefined;

  constructor(options: RecordSourceOptions) {
    this.#services = options.services;
    this.#slices = options.slices;
    this.#slicesOf = options.slicesOf;
    this.#namespaces = options.namespaces;
    this.#services.onChange(({ key }) => this.#change(key));
    this.#slices.onChange(({ object, previous }) => {
      for (const slice of [object, previous]) {
        const name = slice?.metadata.labels?.[serviceNameLabel];
        if (name) this.#change(`${slice?.metadata.namespace}/${name}`);
      }
    });
    this.#namespaces.onChange(({ object, previous }) => {
      if (!object || !previous) this.#listener?.namespacesChanged();
    });
  }

  /** Resolves when all is known, of the cluster or from the last time. */
  async complete(): Promise<void> {
    await Promise.all([this.#services.synced, this.#slices.synced, this.#namespaces.synced]);
  }

  keys(): string[] {
    return this.#services.list().map(keyOf);
  }

  namespaces(): string[] {
    return this.#namespaces.list().map(({ metadata }) => metadata.name);
  }

  records(key: string): ServiceRecords | undefined {
    const service = this.#services.get(key);
    return service && serviceRecords(service, this.#slicesOf(key));
  }

  /** One listener at a time. */
  listen(listener: RecordListener | undefined): void {
    this.#listener = listener;
  }

  #change(key: string): void {
    if (!this.#listener) return;
    if (this.#changed.size === 0) setImmediate(() => this.#tell());
    this.#changed.add(key);
  }

  #tell(): void {
    const keys = [...this.#changed];
    this.#changed.clear();
    for (const key of keys) this.#listener?.changed(key);
  }
}
