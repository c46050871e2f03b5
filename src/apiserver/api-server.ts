// The parts of the API server, put together.
import type { Kind } from '../api/kinds/kind.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Metrics } from '../base/metrics.ts';
import type { ServerCredentials } from '../pki/credentials.ts';
import type { Store } from '../store/store.ts';
import { canReachAgent } from './agents.ts';
import type { Authenticator } from './authn/authenticator.ts';
import type { OpenIdDocuments } from './authn/openid.ts';
import type { Authorizer } from './authz/authorizer.ts';
import { Discovery } from './discovery.ts';
import { Health, type HealthChecks } from './health.ts';
import { Documents } from './http/documents.ts';
import { Front } from './http/front.ts';
import { InFlight } from './http/in-flight.ts';
import { Resources } from './http/resources.ts';
import { NodeProxy } from './node-proxy.ts';
import { NodeStreams } from './node-streams.ts';
import type { ObjectCache } from './object-cache.ts';
import { OpenApi } from './openapi/open-api.ts';
import { ObjectProxy } from './proxy/object-proxy.ts';
import type { Rest } from './rest/rest.ts';
import { ServerMetrics } from './server-metrics.ts';
import { Tunnels } from './tunnels.ts';

export interface ApiServerOptions {
  rest: Rest;
  kinds: readonly Kind[];
  store: Store;
  cache: ObjectCache;
  /** What the loops in the same process tell of themselves. */
  loopMetrics: Metrics;
  authenticator: Authenticator;
  authorizer: Authorizer;
  healthChecks: HealthChecks;
  openId: OpenIdDocuments;
  credentials: ServerCredentials;
  /** "host:port" by which clients are told to come. */
  advertised: string;
  /** Whether nothing may be written from outside for now. */
  isHeld(): boolean;
  clock: Clock;
  log: Log;
}

/** As many as Kubernetes lets in. */
const requestsAtOnce = { reading: 400, writing: 200 };

export function apiServer(options: ApiServerOptions): Front {
  const { rest, kinds, store, cache, authenticator, authorizer, credentials, clock, log } = options;
  const inFlight = new InFlight(requestsAtOnce, () => options.isHeld());
  const direct = { ca: credentials.agentAuthority.certificatePem, identity: credentials.agentClient };
  const canReach = (nodeName: string) => canReachAgent(cache, nodeName, direct, clock);
  const tunnels = new Tunnels({ canReach, clock, log });
  const access = { ...direct, tunnels };
  const metrics = new ServerMetrics({
    inFlight,
    objectCounts: () => cache.counts(),
    store: () => store.stats(),
    tunnels: () => tunnels.count,
    loops: options.loopMetrics,
  });
  const nodeProxy = new NodeProxy(access);
  const nodeStreams = new NodeStreams(access, clock);
  const objectProxy = new ObjectProxy(access, clock);
  const { healthChecks, openId, advertised } = options;
  const health = new Health(healthChecks);
  const discovery = new Discovery(kinds);
  const openApi = new OpenApi(() => kinds);
  return new Front({
    resources: new Resources({
      rest,
      kinds,
      authorizer,
      nodeProxy,
      nodeStreams,
      objectProxy,
      inFlight,
      metrics,
      clock,
      log,
    }),
    documents: new Documents({ openId, discovery, openApi, health, advertised, metrics, clock }),
    tunnels,
    authenticator,
    authorizer,
    serving: credentials.serving,
    clientCa: credentials.authority.certificatePem,
    clock,
    log,
  });
}
