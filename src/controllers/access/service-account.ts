// Every namespace has a service account `default`, from its first moment and again when somebody deletes it.
import { namespaces } from '../../api/kinds/namespace.ts';
import { serviceAccounts } from '../../api/kinds/service-account.ts';
import { isBeingDeleted } from '../../api/meta.ts';
import { isAlreadyExists } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';

const defaultAccount = 'default';

export function serviceAccountController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('service-account');
  const allNamespaces = informers.for(namespaces);
  const allAccounts = informers.for(serviceAccounts);
  const queue = context.workQueue({ name: 'service-account', log, clock, sync: syncNamespace, workers: 4 });

  allNamespaces.onChange(({ key, object }) => {
    if (object) queue.add(key);
  });
  allAccounts.onChange(({ object, previous }) => {
    if (!object && previous?.metadata.name === defaultAccount) queue.add(previous.metadata.namespace ?? '');
  });

  async function syncNamespace(name: string): Promise<void> {
    const namespace = allNamespaces.get(name);
    if (!namespace || isBeingDeleted(namespace) || allAccounts.get(`${name}/${defaultAccount}`)) return;
    try {
      await client.create(serviceAccounts, { metadata: { namespace: name, name: defaultAccount } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  return { name: 'service-account', start: (signal) => queue.start(signal) };
}
