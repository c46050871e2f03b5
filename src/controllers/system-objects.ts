// What every cluster has from its first second: the system namespaces, the settings that all parts share, the Service of
// the API itself and that of DNS. Made at every start of a server, and kept so; only what differs is written.
import ipaddr from 'ipaddr.js';
import {
  addressInRange,
  type ClusterSettings,
  clusterSettingsRef,
  dataOfClusterSettings,
} from '../api/cluster-settings.ts';
import { configMaps } from '../api/kinds/config-map.ts';
import { endpointSlices, managedByLabel, serviceNameLabel } from '../api/kinds/endpoint-slice.ts';
import { endpoints } from '../api/kinds/endpoints.ts';
import type { Kind } from '../api/kinds/kind.ts';
import { namespaces, systemNamespaces } from '../api/kinds/namespace.ts';
import { priorityClasses, systemPriorityClasses } from '../api/kinds/priority-class.ts';
import { services } from '../api/kinds/service.ts';
import { type KubeObject, keyOf } from '../api/meta.ts';
import { isNotFound } from '../api/status.ts';
import type { Client, Draft } from '../client/client.ts';
import type { Controller, ControllerContext } from './controller.ts';

export interface SystemObjectsOptions {
  settings: ClusterSettings;
  /** Where agents and pods reach the API. */
  apiAddress: string;
  apiPort: number;
  /** A kubeconfig with the server and its authority and nobody's credentials, for hosts that join. */
  publicKubeconfig: string;
  /** Certifies the clients of the API. */
  clientCa: string;
}

/** An object with what must be in it; what others add to it stays. */
interface SystemObject {
  kind: Kind;
  draft: Draft<KubeObject> & { metadata: { name: string } };
}

/** Makes them all: the namespaces first, for others live in them. */
export async function ensureSystemObjects(client: Client, options: SystemObjectsOptions): Promise<void> {
  const { namespace: first = [], rest = [] } = Object.groupBy(systemObjects(options), ({ kind }) =>
    (kind as unknown) === namespaces ? 'namespace' : 'rest',
  );
  for (const objects of [first, rest]) {
    await Promise.all(objects.map(({ kind, draft }) => ensure(client, kind, draft)));
  }
}

/** Restores what somebody deletes or changes. */
export function systemObjectsController(context: ControllerContext, options: SystemObjectsOptions): Controller {
  const { client, informers, log, clock } = context;
  const wanted = new Map(
    systemObjects(options).map((object) => [`${object.kind.plural}|${keyOf(object.draft)}`, object]),
  );
  const queue = context.workQueue({ name: 'system-objects', log: log.named('system-objects'), clock, sync });
  for (const kind of new Set([...wanted.values()].map((object) => object.kind))) {
    informers.for(kind).onChange(({ key, previous }) => {
      const identity = `${kind.plural}|${key}`;
      if (previous && wanted.has(identity)) queue.add(identity);
    });
  }

  async function sync(identity: string): Promise<void> {
    const object = wanted.get(identity);
    if (object) await ensure(client, object.kind, object.draft);
  }

  return { name: 'system-objects', start: (signal) => queue.start(signal) };
}

function systemObjects(options: SystemObjectsOptions): SystemObject[] {
  const { settings, apiAddress, apiPort, publicKubeconfig, clientCa } = options;
  const wanted: SystemObject[] = [];
  const want = <T extends KubeObject>(kind: Kind<T>, draft: Draft<T> & { metadata: { name: string } }) =>
    wanted.push({ kind: kind as unknown as Kind, draft });
  for (const name of systemNamespaces) want(namespaces, { metadata: { name } });
  for (const { name, ...importance } of systemPriorityClasses) {
    want(priorityClasses, { metadata: { name }, ...importance });
  }
  want(configMaps, { metadata: clusterSettingsRef, data: dataOfClusterSettings(settings) });
  want(configMaps, {
    metadata: { namespace: 'kube-public', name: 'cluster-info' },
    data: { kubeconfig: publicKubeconfig },
  });
  // By which servers of more APIs know the clients that come to them directly.
  want(configMaps, {
    metadata: { namespace: 'kube-system', name: 'extension-apiserver-authentication' },
    data: { 'client-ca-file': clientCa },
  });
  want(services, {
    metadata: { namespace: 'default', name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: addressInRange(settings.serviceCidr, 1),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: apiPort }],
    },
  });
  if (!isLoopback(apiAddress)) {
    want(endpointSlices, {
      metadata: {
        namespace: 'default',
        name: 'kubernetes',
        labels: { [serviceNameLabel]: 'kubernetes', [managedByLabel]: 'wherry-server' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [apiAddress], conditions: { ready: true } }],
      ports: [{ name: 'https', port: apiPort, protocol: 'TCP' }],
    });
    want(endpoints, {
      // Its slice is made here, too.
      metadata: {
        namespace: 'default',
        name: 'kubernetes',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip: apiAddress }], ports: [{ name: 'https', port: apiPort, protocol: 'TCP' }] }],
    });
  }
  // Every node answers DNS itself on this address; the Service is for those who look it up.
  want(services, {
    metadata: { namespace: 'kube-system', name: 'kube-dns', labels: { 'k8s-app': 'kube-dns' } },
    spec: {
      clusterIP: settings.dnsAddress,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    },
  });
  return wanted;
}

/** Creates the object, or patches it to what is wanted. A patch without a difference writes nothing. */
async function ensure<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  draft: Draft<T> & { metadata: { name: string } },
): Promise<void> {
  try {
    await client.patch(kind, draft.metadata, draft);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await client.create(kind, draft);
  }
}

/** A server that is for its own host alone is no endpoint for anybody else. */
function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === 'loopback';
}
