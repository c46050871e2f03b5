// What a path of the API names.

export interface ResourcePath {
  group: string;
  version: string;
  namespace?: string;
  plural: string;
  name?: string;
  subresource?: string;
}

/** Reads /api/v1/... and /apis/GROUP/VERSION/...; undefined for a path that is none of a resource. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const parts = decodeParts(path);
  if (!parts) return undefined;
  const [root, ...tail] = parts;
  const [group, version, ...resource] = root === 'api' ? ['', ...tail] : root === 'apis' ? tail : [];
  if (group === undefined || !version || resource.length === 0 || resource.length > 5) return undefined;
  // /namespaces/NS/PLURAL... is inside a namespace; /namespaces/NS and its own subresources are the namespace itself.
  const [first, namespace, inside] = resource;
  if (first === 'namespaces' && namespace && inside && !['status', 'finalize'].includes(inside)) {
    return { group, version, namespace, ...named(resource.slice(2)) };
  }
  return { group, version, ...named(resource) };
}

function named([plural = '', name, subresource]: string[]): Omit<ResourcePath, 'group' | 'version' | 'namespace'> {
  return {
    plural,
    ...(name && { name }),
    ...(subresource && { subresource }),
  };
}

function decodeParts(path: string): string[] | undefined {
  try {
    return path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent);
  } catch {
    return undefined;
  }
}
