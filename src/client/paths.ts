// Kubernetes' URL layout for requests.
import type { Resource } from './transport.ts';

export interface Address {
  resource: Resource;
  namespace?: string;
  name?: string;
  subresource?: string;
  query?: Record<string, string>;
}

export function pathOf({ resource: { group, version, plural }, namespace, name, subresource, query }: Address): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  const parts = [...(namespace ? ['namespaces', namespace] : []), plural, name, subresource];
  const path = parts.filter((part) => part !== undefined).map((part) => `/${encodeURIComponent(part)}`);
  const search = new URLSearchParams(query).toString();
  return `${root}${path.join('')}${search && `?${search}`}`;
}
