// All that DNS knows of the cluster, found by name, by namespace and by address.
import type { ServiceRecords } from './service-records.ts';

export class Zone {
  readonly #services = new Map<string, ServiceRecords>();
  /** Those that have services; and all that are known. */
  readonly #served = new Counts();
  #namespaces = new Set<string>();
  readonly #byClusterIp = new Map<string, ServiceRecords>();
  readonly #byEndpoint = new Map<string, Set<ServiceRecords>>();

  service(namespace: string, name: string): ServiceRecords | undefined {
    return this.#services.get(`${namespace}/${name}`);
  }

  /** Of one that came a moment ago a service may be heard of first. */
  hasNamespace(namespace: string): boolean {
    return this.#namespaces.has(namespace) || this.#served.has(namespace);
  }

  get namespaces(): string[] {
    return [...this.#namespaces];
  }

  setNamespaces(names: readonly string[]): void {
    this.#namespaces = new Set(names);
  }

  serviceAt(clusterIp: string): ServiceRecords | undefined {
    return this.#byClusterIp.get(clusterIp);
  }

  servicesWithEndpoint(address: string): ServiceRecords[] {
    return [...(this.#byEndpoint.get(address) ?? [])];
  }

  all(): ServiceRecords[] {
    return [...this.#services.values()];
  }

  put(service: ServiceRecords): void {
    this.drop(service.key);
    this.#services.set(service.key, service);
    this.#served.add(namespaceOf(service.key));
    if (service.clusterIp) this.#byClusterIp.set(service.clusterIp, service);
    for (const { address } of service.endpoints) {
      const sharing = this.#byEndpoint.get(address) ?? new Set();
      this.#byEndpoint.set(address, sharing.add(service));
    }
  }

  drop(key: string): void {
    const service = this.#services.get(key);
    if (!service) return;
    this.#services.delete(key);
    this.#served.remove(namespaceOf(key));
    // Another service may have been given the address meanwhile.
    if (service.clusterIp && this.#byClusterIp.get(service.clusterIp) === service)
      this.#byClusterIp.delete(service.clusterIp);
    for (const { address } of service.endpoints) {
      const sharing = this.#byEndpoint.get(address);
      sharing?.delete(service);
      if (sharing?.size === 0) this.#byEndpoint.delete(address);
    }
  }
}

const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'));

class Counts {
  readonly #counts = new Map<string, number>();

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(key: string): void {
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
