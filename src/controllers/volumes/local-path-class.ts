// The class of storage that every cluster begins with: the default one, on the nodes' own disks. Made once: who deletes or
// changes it wants that.
import { clusterSettingsRef } from '../../api/cluster-settings.ts';
import { configMaps } from '../../api/kinds/config-map.ts';
import { newestDefaultClass, storageClasses } from '../../api/kinds/storage-class.ts';
import { localPathClass, localPathProvisioner } from '../../api/local-path.ts';
import { isAlreadyExists } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';

const madeAnnotation = 'wherry.io/local-path-class';

export async function ensureLocalPathClass(client: Client): Promise<void> {
  const settings = await client.get(configMaps, clusterSettingsRef);
  if (settings.metadata.annotations?.[madeAnnotation]) return;
  try {
    const { items } = await client.list(storageClasses);
    const isDefault = !newestDefaultClass(items);
    await client.create(storageClasses, {
      metadata: {
        name: localPathClass,
        annotations: { 'storageclass.kubernetes.io/is-default-class': String(isDefault) },
      },
      provisioner: localPathProvisioner,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  await client.patch(configMaps, clusterSettingsRef, { metadata: { annotations: { [madeAnnotation]: 'made' } } });
}
