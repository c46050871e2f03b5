// Tells load balancers whether this node serves a service of which each node serves its own clients only: a small HTTP server
// on the port that the service has for it, on every node, with the answers of Kubernetes' proxy.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { EndpointSlice } from '../../api/kinds/endpoint-slice.ts';
import type { Service } from '../../api/kinds/service.ts';
import { isForOtherProxy, needsHealthCheck } from '../../api/kinds/service-types.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { countLocalReady } from './frontends.ts';

export interface HealthChecksOptions {
  nodeName: string;
  services: Informer<Service>;
  slicesOf: (serviceKey: string) => EndpointSlice[];
  /** Whether the rules are as they have to be. */
  isProxyHealthy: () => boolean;
  log: Log;
}

interface Check {
  port: number;
  server: Server;
}

export class HealthChecks {
  readonly #options: HealthChecksOptions;
  readonly #checks = new Map<string, Check>();
  readonly #queue: WorkQueue;

  constructor(options: HealthChecksOptions) {
    this.#options = options;
    this.#queue = new WorkQueue({ name: 'health checks', log: options.log, sync: (key) => this.#sync(key) });
  }

  start(signal: AbortSignal): void {
    const { services } = this.#options;
    services.onChange(({ key }) => {
      if (this.#checks.has(key) || healthPortOf(services.get(key))) this.#queue.add(key);
    });
    this.#queue.start(signal);
    signal.addEventListener('abort', () => {
      for (const { server } of this.#checks.values()) server.close();
    });
  }

  async #sync(key: string): Promise<void> {
    const port = healthPortOf(this.#options.services.get(key));
    const running = this.#checks.get(key);
    if (running && running.port !== port) {
      this.#checks.delete(key);
      running.server.closeAllConnections();
      running.server.close();
      await once(running.server, 'close');
    }
    if (!port || this.#checks.has(key)) return;
    const { createServer } = await import('node:http');
    const server = createServer((_, response) => {
      const { status, headers, body } = answerOf(key, this.#count(key), this.#options.isProxyHealthy());
      response.writeHead(status, headers).end(body);
    });
    server.listen(port, '0.0.0.0');
    await once(server, 'listening');
    this.#checks.set(key, { port, server });
  }

  #count(key: string): number {
    return countLocalReady(this.#options.slicesOf(key), this.#options.nodeName);
  }
}

/** The port at which the service's health is told, if it is. */
export function healthPortOf(service: Service | undefined): number | undefined {
  if (!service || !needsHealthCheck(service.spec) || isForOtherProxy(service)) return undefined;
  return service.spec.healthCheckNodePort;
}

function answerOf(serviceKey: string, localEndpoints: number, isProxyHealthy: boolean) {
  const [namespace = '', name = ''] = serviceKey.split('/');
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: isProxyHealthy };
  return {
    status: localEndpoints > 0 && isProxyHealthy ? 200 : 503,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
    },
    body: `${JSON.stringify(body, null, '\t')}\n`,
  };
}
