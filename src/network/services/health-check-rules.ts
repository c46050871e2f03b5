// The rules by which load balancers may ask whether this node serves a service, whatever a firewall says.
import type { Service } from '../../api/kinds/service.ts';
import { keyOf } from '../../api/meta.ts';
import type { Informer } from '../../client/informer.ts';
import type { ChainChange, RulePart } from '../iptables/rule-keeper.ts';
import { checksChain } from './base-rules.ts';
import { healthPortOf } from './health-checks.ts';

export interface HealthCheckRulesOptions {
  services: Informer<Service>;
  /** Whether all services are known. */
  isComplete: () => boolean;
}

export class HealthCheckRules implements RulePart {
  readonly #options: HealthCheckRulesOptions;
  /** By service. */
  readonly #lines = new Map<string, string>();

  constructor(options: HealthCheckRulesOptions) {
    this.#options = options;
    options.services.onChange(({ key, object }) => {
      const line = object && lineFor(object);
      if (line) this.#lines.set(key, line);
      else this.#lines.delete(key);
    });
  }

  get isComplete(): boolean {
    return this.#options.isComplete();
  }

  *takeChanges(): Iterable<ChainChange> {
    if (!this.isComplete) return;
    const services = [...this.#lines].sort(([one], [other]) => (one < other ? -1 : 1));
    yield { table: 'filter', chain: checksChain, lines: services.map(([, line]) => line) };
  }
}

function lineFor(service: Service): string | undefined {
  const port = healthPortOf(service);
  if (!port) return undefined;
  const comment = `-m comment --comment "${keyOf(service)} health"`;
  return `-p tcp -m tcp --dport ${port} ${comment} -j ACCEPT`;
}
