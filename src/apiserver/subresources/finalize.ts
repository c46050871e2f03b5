// namespaces/finalize: who empties a namespace says that it is done. Only `spec.finalizers` is taken.
import type { Namespace } from '../../api/kinds/namespace.ts';
import { mutableCopy } from '../../api/meta.ts';
import { MethodNotAllowed } from '../../api/status.ts';
import { object, type SubresourceHandler } from '../rest/rest.ts';

export const finalize: SubresourceHandler = async (request, rest) => {
  if (request.verb !== 'update') throw new MethodNotAllowed();
  const { spec } = (request.body ?? {}) as Partial<Namespace>;
  const cached = await rest.writes.change(request, (current) => {
    const namespace = mutableCopy(current) as Namespace;
    namespace.spec.finalizers = spec?.finalizers ?? [];
    return namespace;
  });
  return object(200, cached);
};
