// What a path that leads through the API to something in the cluster says: SCHEME:NAME:PORT, and what of it is passed on.

export interface ProxyAddress {
  scheme: 'http' | 'https';
  name: string;
  /** A number, or the name of a service's port; empty where none is named. */
  port: string;
}

/** "web", "web:80", "https:web:443" or ":web:80"; undefined for what is none of them. */
export function parseProxyAddress(text: string): ProxyAddress | undefined {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length < 3 ? ['', ...parts] : parts;
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme)) return undefined;
  return { scheme: scheme === 'https' ? 'https' : 'http', name, port };
}

/** A path of the API, cut behind "/proxy": as it came, for it is the other's business what stands there. */
export function cutProxyPath(pathname: string): { before: string; behind: string } {
  const [before = pathname] =
    /^\/api\/v1\/(?:namespaces\/[^/]+\/(?:pods|services)|nodes)\/[^/]+\/proxy(?=\/|$)/.exec(pathname) ?? [];
  return { before, behind: pathname.slice(before.length) };
}

/**
 * Where a redirection leads when it goes through the API again: what was said of the same host is put behind the path of
 * the API, what leads elsewhere stays.
 */
export function rewriteLocation(location: string, hosts: readonly string[], before: string): string {
  const [, authority, path = ''] = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?(.*)$/i.exec(location) ?? [];
  const isElsewhere = authority !== undefined && !hosts.includes(authority);
  const isRelative = authority === undefined && !path.startsWith('/');
  if (isElsewhere || isRelative || path === before || path.startsWith(`${before}/`))
    return isElsewhere ? location : path;
  return `${before}${path.startsWith('/') ? '' : '/'}${path}`;
}

/** Of the connection from one to the next only. */
const hopByHop = new Set(
  'connection expect keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
);
/** By which the client told the API who he is: nobody else's business. */
const ofTheApi = /^(authorization$|impersonate-)/;

type Headers = Record<string, string | string[]>;

/** What is passed on of a client's request. */
export function passedRequestHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  return filtered(headers, (name) => !name.startsWith(':') && !hopByHop.has(name) && !ofTheApi.test(name));
}

export function passedAnswerHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  return filtered(headers, (name) => !hopByHop.has(name));
}

function filtered(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  passes: (name: string) => boolean,
): Headers {
  const passed = Object.entries(headers).filter(([name, value]) => value !== undefined && passes(name));
  return Object.fromEntries(passed) as Headers;
}
