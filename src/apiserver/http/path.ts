// What a path of the API names.

export interface ResourcePath {
  group: string;
  version: string;
  namespace?: string;
  plural: string;
  name?: string;
  subresource?: string;
  /** What follows a subresource that leads further: /api/v1/namespaces/a/services/b/proxy/THIS */
  rest?: string;
  /** Asked for by the old form of a watch: /api/v1/watch/pods */
  isWatch?: true;
}

/**
 * Reads /api/v1/... and /apis/GROUP/VERSION/...; undefined for a path that is none of a resource, "malformed" for one that
 * begins like one and names none.
 */
export function parseResourcePath(path: string): ResourcePath | 'malformed' | undefined {
  const [, root, ...tail] = path.replace(/\/$/, '').split('/');
  const [group, version, ...resource] = root === 'api' ? ['', ...tail] : root === 'apis' ? tail : [];
  if (group === undefined || version === undefined || resource.length === 0) return undefined;
  const named = decodeParts(resource);
  if (!named) return 'malformed';
  const isWatch = named[0] === 'watch';
  const read = readResource(isWatch ? named.slice(1) : named);
  return read ? { group, version, ...read, ...(isWatch && { isWatch }) } : 'malformed';
}

/** Subresources of the kinds in which namespaces are: the namespace itself is meant. */
const ofNamespace = ['status', 'finalize'];
const leadFurther = ['proxy'];

function readResource(parts: string[]): Omit<ResourcePath, 'group' | 'version'> | undefined {
  // /namespaces/NS/PLURAL... is inside a namespace; /namespaces/NS and its own subresources are the namespace itself.
  const [first, namespace, inside] = parts;
  if (first === 'namespaces' && namespace && inside && !ofNamespace.includes(inside)) {
    const read = readNamed(parts.slice(2));
    return read && { namespace, ...read };
  }
  return readNamed(parts);
}

function readNamed([plural, name, subresource, ...rest]: string[]):
  | Omit<ResourcePath, 'group' | 'version'>
  | undefined {
  if (!plural || (rest.length > 0 && !leadFurther.includes(subresource ?? ''))) return undefined;
  return {
    plural,
    ...(name && { name }),
    ...(subresource && { subresource }),
    ...(rest.length > 0 && { rest: rest.join('/') }),
  };
}

/** Undefined where a part is empty or cannot be decoded. What a proxy passes on may look as it likes. */
function decodeParts(parts: string[]): string[] | undefined {
  const proxy = parts.findIndex((part) => leadFurther.includes(part));
  const own = proxy < 0 ? parts : parts.slice(0, proxy + 1);
  try {
    if (own.some((part) => part === '')) return undefined;
    return [...own.map(decodeURIComponent), ...parts.slice(own.length)];
  } catch {
    return undefined;
  }
}
