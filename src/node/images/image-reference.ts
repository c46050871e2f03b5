// The names of images as Docker reads them: HOST/REPOSITORY:TAG@DIGEST, of which all but the repository may be missing.

export interface ImageReference {
  /** The registry's host, with a port where one is named. */
  host: string;
  /** As the registry knows it: `nginx` is `library/nginx` of Docker's own registry. */
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
}

export const dockerHub = 'docker.io';

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const hostName =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::\d+)?$/;
const tagText = /^\w[\w.-]{0,127}$/;
const digestText = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;
const longestName = 255;

/** Undefined for what is no image's name. Without tag and digest the tag is `latest`. */
export function parseImageReference(text: string): ImageReference | undefined {
  const [named = '', digest, ...more] = text.split('@');
  if (more.length > 0 || (digest !== undefined && !digestText.test(digest))) return undefined;
  const colon = named.lastIndexOf(':');
  const isTagged = colon > named.lastIndexOf('/');
  const name = isTagged ? named.slice(0, colon) : named;
  const tag = isTagged ? named.slice(colon + 1) : undefined;
  if ((tag !== undefined && !tagText.test(tag)) || name.length > longestName) return undefined;
  const place = placeOf(name);
  if (!hostName.test(place.host) || !place.repository.split('/').every((part) => component.test(part)))
    return undefined;
  return { ...place, tag: tag ?? (digest ? undefined : 'latest'), digest };
}

function placeOf(name: string): { host: string; repository: string } {
  const [first = '', ...rest] = name.split('/');
  // What has a dot, a port or is localhost is a host; anything else is a folder of Docker's own registry.
  const isHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const host = !isHost || first === 'index.docker.io' ? dockerHub : first;
  const repository = isHost ? rest.join('/') : name;
  return { host, repository: host === dockerHub && !repository.includes('/') ? `library/${repository}` : repository };
}

/** What Docker is asked for: a digest says all, and a tag beside it nothing. */
export function pullName({ host, repository, tag, digest }: ImageReference): string {
  return `${host}/${repository}${digest ? `@${digest}` : `:${tag}`}`;
}
