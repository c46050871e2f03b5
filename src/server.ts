// The ordered table of what a server starts: state, API, and the loops that live on it.
import type { AddressRange } from './api/address-range.ts';
import { addressInRange, clusterSettings, type NetworkBackend, tunnelPort } from './api/cluster-settings.ts';
import { allKinds } from './api/kinds/all.ts';
import { componentStatuses } from './api/kinds/component-status.ts';
import { issuerOf } from './api/service-account-claims.ts';
import { admissionSteps } from './apiserver/admission/all.ts';
import { certificateSigners } from './apiserver/admission/certificate-signers.ts';
import { privilegeEscalation } from './apiserver/admission/privilege-escalation.ts';
import { apiServer } from './apiserver/api-server.ts';
import { Authenticator } from './apiserver/authn/authenticator.ts';
import { openIdDocuments } from './apiserver/authn/openid.ts';
import { ServiceAccountTokens, type TokenOptions } from './apiserver/authn/service-account-tokens.ts';
import { Authorizer, attributesOf } from './apiserver/authz/authorizer.ts';
import { componentStatusHandler } from './apiserver/component-statuses.ts';
import type { HealthChecks } from './apiserver/health.ts';
import type { Front } from './apiserver/http/front.ts';
import { InProcessTransport } from './apiserver/in-process.ts';
import { ObjectCache } from './apiserver/object-cache.ts';
import { ObjectStorage } from './apiserver/object-storage.ts';
import { Rest } from './apiserver/rest/rest.ts';
import { reviewHandlers } from './apiserver/reviews/all.ts';
import { subresourceHandlers } from './apiserver/subresources/all.ts';
import { mastersGroup } from './apiserver/user.ts';
import { openState } from './backup/open-state.ts';
import { type RollingBackupOptions, runRollingBackups } from './backup/rolling-backups.ts';
import { keysDirectory } from './backup/take-backup.ts';
import { UpgradeHold } from './backup/upgrade-hold.ts';
import { systemClock } from './base/clock.ts';
import { type Component, runBeside } from './base/component.ts';
import { writeFileWhole } from './base/files.ts';
import type { Log } from './base/log.ts';
import { Metrics } from './base/metrics.ts';
import { Client } from './client/client.ts';
import { EventRecorder } from './client/event-recorder.ts';
import { Informers } from './client/informers.ts';
import { WorkQueue, type WorkQueueOptions } from './client/work-queue.ts';
import { WorkQueueMetrics } from './client/work-queue-metrics.ts';
import { ensureDefaultRoles } from './controllers/access/default-roles.ts';
import { allControllers } from './controllers/all.ts';
import { ensureSystemObjects, systemObjectsController } from './controllers/system-objects.ts';
import { ensureLocalPathClass } from './controllers/volumes/local-path-class.ts';
import { ensureServerCredentials, renewServerCredentials, type ServerCredentials } from './pki/credentials.ts';
import { formatKubeconfig } from './pki/kubeconfig.ts';
import { runRenewal } from './pki/renewal.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { runCompaction } from './store/compaction.ts';
import type { EmbeddedStore } from './store/embedded/embedded-store.ts';

export interface ServerOptions {
  dataDir: string;
  bindAddress: string;
  httpsPort: number;
  /** Where agents and clients reach this server. */
  advertiseAddress: string;
  clusterCidr: string;
  serviceCidr: string;
  clusterDomain: string;
  networkBackend?: NetworkBackend;
  tlsSans: string[];
  writeKubeconfig: string;
  nodeGraceMs: number;
  /** Addresses for services of type LoadBalancer; without any they get the nodes' own. */
  loadBalancerAddresses: readonly AddressRange[];
  /** The folder of manifests that are kept applied, and whether the objects of a file go with it. */
  manifests: { folder: string; prunes: boolean };
  /** Controllers, or the scheduler, that somebody else stands in for. */
  withoutLoops: readonly string[];
  backups: RollingBackupOptions;
  /** Called when the server cannot go on: it must be started anew. */
  onFatal(error: Error): void;
  log: Log;
}

export function serverComponents(options: ServerOptions): Component[] {
  const { log } = options;
  const settings = clusterSettings(options);
  const clock = systemClock;
  const apiUrl = `https://${options.advertiseAddress}:${options.httpsPort}`;
  const cache = new ObjectCache();
  const hold = new UpgradeHold({ serverDirectory: options.dataDir, clock, log: log.named('upgrade') });
  let credentials: ServerCredentials;
  let store: EmbeddedStore;
  let authorizer: Authorizer;
  let authenticator: Authenticator;
  let tokens: TokenOptions;
  let rest: Rest;
  let front: Front;
  const loopMetrics = new Metrics();
  const queueMetrics = new WorkQueueMetrics(loopMetrics, clock);

  const healthChecks: HealthChecks = {
    live: { ping: () => {} },
    ready: { store: async () => void (await store.get('/health')) },
  };

  const clientOf = (name: string) =>
    new Client(new InProcessTransport(rest, allKinds, { name, groups: [mastersGroup] }));

  const systemOptions = () => ({
    settings,
    apiAddress: options.advertiseAddress,
    apiPort: options.httpsPort,
    publicKubeconfig: formatKubeconfig({ server: apiUrl, ca: credentials.authority.certificatePem }),
    clientCa: credentials.authority.certificatePem,
  });

  async function writeKubeconfig(): Promise<void> {
    const { authority, admin } = credentials;
    const kubeconfig = formatKubeconfig({ server: apiUrl, ca: authority.certificatePem, identity: admin });
    await writeFileWhole(options.writeKubeconfig, kubeconfig, 0o600);
    log.info('wrote the admin kubeconfig', { file: options.writeKubeconfig });
  }

  return [
    {
      // The first, because its lock is what keeps a second server away.
      name: 'store',
      start: async () => {
        store = await openState({ ...options, onLost: options.onFatal });
      },
      stop: () => store?.close() ?? Promise.resolve(),
    },
    {
      name: 'upgrade hold',
      start: async (signal) => runBeside(hold.run(signal), signal, log, 'upgrade hold'),
    },
    {
      name: 'credentials',
      start: async () => {
        credentials = await ensureServerCredentials(keysDirectory(options.dataDir), serverNames(options));
      },
    },
    {
      name: 'object cache',
      start: async (signal) => {
        await cache.follow(store, signal);
        authorizer = new Authorizer(cache);
        tokens = { key: credentials.tokenKey, issuer: issuerOf(settings.clusterDomain), cache, clock };
        authenticator = new Authenticator({ cache, clock, accountTokens: new ServiceAccountTokens(tokens) });
        rest = new Rest({
          storage: new ObjectStorage(store, cache),
          authorize: (request) => authorizer.authorize(request.user, attributesOf(request)),
          admission: [...admissionSteps, certificateSigners(authorizer), privilegeEscalation(authorizer)],
          subresources: {
            ...subresourceHandlers,
            ...reviewHandlers({ authenticator, authorizer, tokens }),
            [componentStatuses.plural]: componentStatusHandler(healthChecks),
          },
          serviceCidr: settings.serviceCidr,
          clock,
        });
      },
    },
    {
      name: 'system objects',
      start: async () => {
        const client = clientOf('system:wherry:server');
        await ensureSystemObjects(client, systemOptions());
        await ensureDefaultRoles(client);
        if (chosenLoops(options.withoutLoops)('local-path')) await ensureLocalPathClass(client);
      },
    },
    {
      name: 'controllers and scheduler',
      start: async (signal) => {
        const runs = chosenLoops(options.withoutLoops);
        const client = clientOf('system:wherry:controllers');
        const informers = new Informers(client, log.named('controllers'), clock);
        const context = {
          client,
          informers,
          log: log.named('controllers'),
          clock,
          settings,
          authority: credentials.authority,
          agentAuthority: credentials.agentAuthority,
          tokenKey: credentials.tokenKey,
          nodeGraceMs: options.nodeGraceMs,
          loadBalancers: {
            pool: options.loadBalancerAddresses,
            // Who takes one of these away from the nodes cannot give it back.
            reservedPorts: new Set([
              ...['22/TCP', '10250/TCP', `${options.httpsPort}/TCP`],
              ...(settings.networkBackend === 'routes' ? [] : [`${tunnelPort}/UDP`]),
            ]),
          },
          manifests: options.manifests,
          metrics: loopMetrics,
          workQueue: (queue: WorkQueueOptions) => new WorkQueue({ ...queue, metrics: queueMetrics }),
          recorder: (component: string) => new EventRecorder({ client, log, component, clock, room: 10_000 }),
        };
        const loops = [
          ...Object.entries(allControllers).flatMap(([name, create]) => (runs(name) ? [create(context)] : [])),
          systemObjectsController(context, systemOptions()),
          ...(runs('scheduler') ? [new Scheduler(context)] : []),
        ];
        await informers.start(signal);
        const begin = () => {
          for (const loop of loops) loop.start(signal);
        };
        if (hold.isHeld) runBeside(hold.released.then(begin), signal, log, 'controllers');
        else begin();
      },
    },
    {
      name: 'API',
      start: async () => {
        front = apiServer({
          rest,
          kinds: allKinds,
          store,
          cache,
          loopMetrics,
          authenticator,
          authorizer,
          healthChecks,
          isHeld: () => hold.isHeld,
          openId: openIdDocuments({ ...tokens, apiUrl }),
          credentials,
          advertised: `${options.advertiseAddress}:${options.httpsPort}`,
          clock,
          log: log.named('api'),
        });
        await front.listen(options.httpsPort, options.bindAddress);
        log.info('the API is served', { url: apiUrl });
      },
      stop: () => front?.close() ?? Promise.resolve(),
    },
    {
      name: 'backups and compaction',
      start: async (signal) => {
        const { dataDir: serverDirectory, backups } = options;
        const backing = runRollingBackups(
          { ...backups, serverDirectory, store, clock, log: log.named('backup') },
          signal,
        );
        runBeside(backing, signal, log, 'backups');
        runBeside(runCompaction(store, clock, log.named('store'), signal), signal, log, 'compaction');
      },
    },
    {
      name: 'kubeconfig',
      start: writeKubeconfig,
    },
    {
      name: 'certificates',
      start: async (signal) => {
        const directory = keysDirectory(options.dataDir);
        const renew = async () => {
          const renewed = await renewServerCredentials(directory, serverNames(options), credentials);
          if (renewed.includes('serving')) front.renewServing();
          if (renewed.includes('admin')) await writeKubeconfig();
          if (renewed.length > 0) log.info('renewed certificates', { names: renewed.join(' ') });
        };
        runBeside(
          runRenewal({ directory, renew, clock, log: log.named('certificates') }, signal),
          signal,
          log,
          'renewal',
        );
      },
    },
  ];
}

/** Which loops run. Who names one that there is not has made a mistake that would go unseen. */
function chosenLoops(without: readonly string[]): (name: string) => boolean {
  const known = [...Object.keys(allControllers), 'scheduler'];
  const unknown = without.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new Error(`--without ${unknown.join(',')}: there is no such loop; there are ${known.join(', ')}`);
  }
  return (name) => !without.includes(name);
}

function serverNames({ advertiseAddress, serviceCidr, clusterDomain, tlsSans }: ServerOptions) {
  const isAddress = (name: string) => /^[\d.]+$/.test(name);
  const service = [
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${clusterDomain}`,
  ];
  return {
    dnsNames: ['localhost', ...service, ...tlsSans.filter((name) => !isAddress(name))],
    ipAddresses: ['127.0.0.1', advertiseAddress, addressInRange(serviceCidr, 1), ...tlsSans.filter(isAddress)],
  };
}
