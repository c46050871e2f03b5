// Whether a namespace is on its way out: nothing can be made in it any more, and nothing need be.
import { namespaces } from '../api/kinds/namespace.ts';
import { isBeingDeleted } from '../api/meta.ts';
import type { Informers } from '../client/informers.ts';

export function endingNamespaces(informers: Informers): (name: string | undefined) => boolean {
  const allNamespaces = informers.for(namespaces);
  return (name = '') => {
    const namespace = allNamespaces.get(name);
    return namespace !== undefined && isBeingDeleted(namespace);
  };
}
