// The agent's own API, and the way to it for a master that cannot connect to this node.
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Component, runBeside } from '../base/component.ts';
import { endAbandonedCommands } from '../node/abandoned-commands.ts';
import { Callers } from '../node/api/callers.ts';
import { NodeApi } from '../node/api/node-api.ts';
import { nodeRoutes } from '../node/api/routes.ts';
import { ensureServingCertificate, renewIdentity } from '../node/identity.ts';
import { PodConnector } from '../node/pod-connector.ts';
import { untilDone } from '../node/retry.ts';
import { runTunnel } from '../node/tunnel.ts';
import type { CertificateAndKey } from '../pki/certificate.ts';
import { runRenewal } from '../pki/renewal.ts';
import type { AgentParts } from './agent-parts.ts';

export function ownApi(parts: AgentParts): Component {
  const { options, clock, log } = parts;
  const { nodeName, dataDir, agentPort, server, tunnel: mode } = options;
  const apiLog = log.named('api');
  let api: NodeApi | undefined;
  let shown: CertificateAndKey | undefined;

  /** Both certificates of this node, as they are or have to be now. */
  async function renew(signal: AbortSignal): Promise<void> {
    const { client, membership, identity, renewTransport } = parts;
    const renewed = await renewIdentity(client, { dataDir, nodeName, clock }, signal);
    if (renewed && renewed.certificate !== identity.certificate) {
      parts.identity = renewed;
      renewTransport(renewed);
      log.info('the certificate of this node has been renewed');
    }
    if (!shown) return;
    const host = { nodeName, nodeAddress: membership.address, dataDir, clock, apiCa: identity.ca };
    const serving = await ensureServingCertificate(client, host, signal);
    if (serving.certificate === shown.certificate) return;
    shown = serving;
    api?.renewServing(serving);
    log.info("the certificate of the agent's API has been renewed");
  }

  async function listen(signal: AbortSignal): Promise<void> {
    const { client, membership, identity, runtime, podAgent } = parts;
    const { ca } = identity;
    const host = { nodeName, nodeAddress: membership.address, dataDir, clock, apiCa: ca };
    const serving = await ensureServingCertificate(client, host, signal);
    const callers = new Callers({ client, nodeName, clock, log: apiLog });
    shown = serving;
    api = new NodeApi({ ca, serving, callers, routes: routes(), log: apiLog });
    await endAbandonedCommands(runtime, podAgent.containers(), apiLog);
    await api.listen(agentPort);
  }

  function routes() {
    const { membership, runtime, podAgent, metrics, observer, disks, volumeRooms } = parts;
    return nodeRoutes({
      nodeName,
      nodeAddress: membership.address,
      dataDir,
      runtime,
      containers: podAgent.containers(),
      pods: () => podAgent.pods(),
      metrics,
      probeCounts: () => podAgent.probeCounts(),
      observer,
      disks,
      volumeRooms: async (pod) => volumeRooms.of(await podAgent.measuredVolumes(pod)),
      connector: new PodConnector(dataDir),
      settings: () => ({
        port: agentPort,
        clusterDomain: membership.settings.clusterDomain,
        containerLogMaxSize: String(options.logLimits.maxBytes),
        containerLogMaxFiles: options.logLimits.maxFiles,
      }),
      clock,
      log: apiLog,
    });
  }

  return {
    name: 'API',
    start: async (signal) => {
      const failure = "the agent's API cannot be served yet, trying again";
      const listening = untilDone(() => listen(signal), { clock, log, failure }, signal);
      const take = (stream: Duplex) => api?.take(stream);
      const tunnel = { mode, server, identity: () => parts.identity, take, clock, log: log.named('tunnel') };
      const tunnelled = listening.then(() => runTunnel(tunnel, signal));
      runBeside(tunnelled, signal, log, 'tunnel');
      const renewal = {
        directory: join(dataDir, 'pki'),
        renew: () => renew(signal),
        clock,
        log: log.named('certificates'),
      };
      runBeside(runRenewal(renewal, signal), signal, log, 'renewal');
      if (parts.membership.isFresh) await listening;
      else runBeside(listening, signal, log, 'API');
    },
    stop: async () => api?.close(),
  };
}
