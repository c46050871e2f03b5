// What every cluster has from its first second: the system namespaces, the settings that all parts share, the Service of
// the API itself and that of DNS. Run at every start of a server; it writes only what differs.
import { addressInRange, type ClusterSettings, clusterSettingsRef } from '../api/cluster-settings.ts';
import { configMaps } from '../api/kinds/config-map.ts';
import { endpointSlices, managedByLabel, serviceNameLabel } from '../api/kinds/endpoint-slice.ts';
import { endpoints } from '../api/kinds/endpoints.ts';
import type { Kind } from '../api/kinds/kind.ts';
import { namespaces, systemNamespaces } from '../api/kinds/namespace.ts';
import { priorityClasses, systemPriorityClasses } from '../api/kinds/priority-class.ts';
import { services } from '../api/kinds/service.ts';
import type { KubeObject } from '../api/meta.ts';
import { isNotFound } from '../api/status.ts';
import type { Client, Draft } from '../client/client.ts';

export interface SystemObjectsOptions {
  settings: ClusterSettings;
  /** Where agents and pods reach the API. */
  apiAddress: string;
  apiPort: number;
  /** A kubeconfig with the server and its authority and nobody's credentials, for hosts that join. */
  publicKubeconfig: string;
}

export async function ensureSystemObjects(client: Client, options: SystemObjectsOptions): Promise<void> {
  const { settings, apiAddress, apiPort, publicKubeconfig } = options;
  for (const name of systemNamespaces) await ensure(client, namespaces, { metadata: { name } });
  for (const { name, ...importance } of systemPriorityClasses) {
    await ensure(client, priorityClasses, { metadata: { name }, ...importance });
  }
  await ensure(client, configMaps, { metadata: clusterSettingsRef, data: { ...settings } });
  await ensure(client, configMaps, {
    metadata: { namespace: 'kube-public', name: 'cluster-info' },
    data: { kubeconfig: publicKubeconfig },
  });
  await ensure(client, services, {
    metadata: { namespace: 'default', name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: addressInRange(settings.serviceCidr, 1),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: apiPort }],
    },
  });
  await ensure(client, endpointSlices, {
    metadata: {
      namespace: 'default',
      name: 'kubernetes',
      labels: { [serviceNameLabel]: 'kubernetes', [managedByLabel]: 'wherry-server' },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [apiAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port: apiPort, protocol: 'TCP' }],
  });
  await ensure(client, endpoints, {
    metadata: { namespace: 'default', name: 'kubernetes' },
    subsets: [{ addresses: [{ ip: apiAddress }], ports: [{ name: 'https', port: apiPort, protocol: 'TCP' }] }],
  });
  // Every node answers DNS itself on this address; the Service is for those who look it up.
  await ensure(client, services, {
    metadata: { namespace: 'kube-system', name: 'kube-dns', labels: { 'k8s-app': 'kube-dns' } },
    spec: {
      clusterIP: settings.dnsAddress,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    },
  });
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
