// Nothing in a namespace that is absent, nothing new in one that ends.
import { namespaces } from '../../api/kinds/namespace.ts';
import { NotFound } from '../../api/status.ts';
import { type AdmissionStep, refusal } from './admission.ts';

export const namespaceLifecycle: AdmissionStep = {
  name: 'NamespaceLifecycle',
  admit: (admission, { cache }) => {
    const { request, kind, operation } = admission;
    const { namespace } = request;
    if (operation === 'delete' || !kind.namespaced || !namespace) return;
    const found = cache.get(namespaces, undefined, namespace)?.object;
    if (!found) throw new NotFound({ group: '', resource: 'namespaces', name: namespace });
    if (operation !== 'create' || !found.metadata.deletionTimestamp) return;
    throw refusal(admission, `unable to create new content in namespace ${namespace} because it is being terminated`, [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ]);
  },
};
