// The pods of each node, kept from the cache's changes.
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { keyOf } from '../../api/meta.ts';
import type { ObjectCache } from '../object-cache.ts';

export class PodsByNode {
  readonly #nodes = new Map<string, Map<string, Pod>>();

  constructor(cache: ObjectCache) {
    for (const { object } of cache.list(pods)) this.#put(object as Pod);
    cache.subscribe(pods, cache.revision, ({ type, current, previous }) => {
      if (previous) this.#drop(previous.object as Pod);
      if (type !== 'DELETED') this.#put(current.object as Pod);
    });
  }

  of(node: string): Iterable<Pod> {
    return this.#nodes.get(node)?.values() ?? [];
  }

  #put(pod: Pod): void {
    const { nodeName } = pod.spec;
    if (!nodeName) return;
    const ofNode = this.#nodes.get(nodeName) ?? new Map<string, Pod>();
    ofNode.set(keyOf(pod), pod);
    this.#nodes.set(nodeName, ofNode);
  }

  #drop(pod: Pod): void {
    const ofNode = this.#nodes.get(pod.spec.nodeName ?? '');
    ofNode?.delete(keyOf(pod));
    if (ofNode?.size === 0) this.#nodes.delete(pod.spec.nodeName ?? '');
  }
}
