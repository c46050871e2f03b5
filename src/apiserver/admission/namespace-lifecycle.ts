// Nothing new in a namespace that is absent or ends; the namespaces that every cluster has stay.
import { namespaces } from '../../api/kinds/namespace.ts';
import { Forbidden, NotFound } from '../../api/status.ts';
import { subjectOf } from '../rest/request.ts';
import type { AdmissionStep } from './admission.ts';

export const namespaceLifecycle: AdmissionStep = {
  name: 'NamespaceLifecycle',
  admit: ({ request, object, previous }, { cache }) => {
    if (previous || !request.kind.namespaced || !request.namespace) return;
    const namespace = cache.get(namespaces, undefined, request.namespace);
    if (!namespace) throw new NotFound({ group: '', resource: 'namespaces', name: request.namespace });
    if (namespace.object.metadata.deletionTimestamp) {
      const why = `unable to create new content in namespace ${request.namespace} because it is being terminated`;
      throw new Forbidden(subjectOf(request, object.metadata.name), why);
    }
  },
};
