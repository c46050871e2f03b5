// namespaces/finalize: who empties a namespace says that it is done. It is the one way to change `spec.finalizers`.
import { type KubeObject, mutableCopy } from '../../api/meta.ts';
import { MethodNotAllowed } from '../../api/status.ts';
import { objectIn } from '../rest/decoding.ts';
import { object, type SubresourceHandler } from '../rest/rest.ts';

export const finalize: SubresourceHandler = async (request, rest) => {
  if (request.verb !== 'update') throw new MethodNotAllowed();
  const sent = objectIn(request);
  const edit = (current: KubeObject): KubeObject => {
    const { status } = mutableCopy(current) as KubeObject & { status?: unknown };
    return { ...mutableCopy(sent), status } as KubeObject;
  };
  return object(200, await rest.writes.change(request, edit, { door: 'both' }));
};
