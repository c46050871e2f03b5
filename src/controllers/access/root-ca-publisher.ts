// Every namespace has the authority of the API in the config map kube-root-ca.crt, for what runs in pods to trust.
import { configMaps } from '../../api/kinds/config-map.ts';
import { namespaces } from '../../api/kinds/namespace.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { isAlreadyExists, isNotFound } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';

const configMapName = 'kube-root-ca.crt';
const annotations = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
};

export function rootCaPublisher(context: ControllerContext): Controller {
  const { client, informers, clock, authority } = context;
  const log = context.log.named('root-ca');
  const allNamespaces = informers.for(namespaces);
  const allConfigMaps = informers.for(configMaps);
  const queue = context.workQueue({ name: 'root-ca', log, clock, sync: syncNamespace, workers: 4 });
  const data = { 'ca.crt': authority.certificatePem };

  allNamespaces.onChange(({ key, object }) => {
    if (object) queue.add(key);
  });
  allConfigMaps.onChange(({ object, previous }) => {
    const { metadata } = object ?? previous ?? {};
    if (metadata?.name === configMapName && metadata.namespace) queue.add(metadata.namespace);
  });

  async function syncNamespace(namespace: string): Promise<void> {
    const owner = allNamespaces.get(namespace);
    if (!owner || isBeingDeleted(owner)) return;
    const published = allConfigMaps.get(`${namespace}/${configMapName}`);
    try {
      if (!published) {
        await client.create(configMaps, { metadata: { namespace, name: configMapName, annotations }, data });
      } else if (published.data?.['ca.crt'] !== data['ca.crt'] || Object.keys(published.data).length > 1) {
        await client.update(configMaps, {
          ...published,
          metadata: { ...published.metadata, annotations: { ...published.metadata.annotations, ...annotations } },
          data,
        });
      }
    } catch (error) {
      // It was made, or ended, in this moment: the change that tells so comes.
      if (!isAlreadyExists(error) && !isNotFound(error)) throw error;
    }
  }

  return { name: 'root-ca', start: (signal) => queue.start(signal) };
}
