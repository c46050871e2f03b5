// Who a registry is told to be asked by: the logins of image pull secrets, and which of them are for an image.
import { isFields } from '../../api/meta.ts';
import { dockerHub, type ImageReference } from './image-reference.ts';
import type { Credentials } from './image-store.ts';

/** A login, and the registry or the part of it that it is for: `*.example.com`, `registry:5000/team`. */
export interface Login {
  place: string;
  credentials: Credentials;
}

const fields = ['username', 'password', 'auth', 'identitytoken', 'registrytoken'] as const;
type AuthEntry = { [Field in (typeof fields)[number]]?: string };

const keysOfSecret = { '.dockerconfigjson': 'auths', '.dockercfg': undefined } as const;
const namesOfHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** The logins of a secret of type kubernetes.io/dockerconfigjson or the older kubernetes.io/dockercfg; none where it holds no such. */
export function loginsOfSecret(data: Readonly<Record<string, string>>): Login[] {
  for (const [key, inside] of Object.entries(keysOfSecret)) {
    const text = data[key];
    if (text === undefined) continue;
    const entries = entriesOf(text, inside);
    return Object.entries(entries).flatMap(([place, entry]) => {
      const credentials = isAuthEntry(entry) ? credentialsOf(entry) : undefined;
      return credentials ? [{ place: placeOf(place), credentials }] : [];
    });
  }
  return [];
}

function entriesOf(text: string, inside: string | undefined): Record<string, unknown> {
  try {
    const content = JSON.parse(text) as Record<string, unknown> | null;
    const entries = inside ? content?.[inside] : content;
    return typeof entries === 'object' && entries !== null ? (entries as Record<string, unknown>) : {};
  } catch {
    return {}; // the registry's refusal tells more than what is wrong with the secret's text
  }
}

function isAuthEntry(entry: unknown): entry is AuthEntry {
  return isFields(entry) && fields.every((field) => ['undefined', 'string'].includes(typeof entry[field]));
}

/** As registries.yaml and Docker's own files write it; `auth` is NAME:PASSWORD in base64. */
export function credentialsOf(entry: AuthEntry): Credentials | undefined {
  const [, user, secret] = /^([^:]*):([\s\S]*)$/.exec(Buffer.from(entry.auth ?? '', 'base64').toString()) ?? [];
  const { username = user, password = secret, identitytoken, registrytoken } = entry;
  if (registrytoken) return { registryToken: registrytoken };
  if (identitytoken) return { identityToken: identitytoken, ...(username && { username }) };
  return username === undefined || password === undefined
    ? undefined
    : { username, password: password.replace(/\0+$/, '') };
}

/** `https://index.docker.io/v1/` says the same as `index.docker.io`. */
function placeOf(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/\/v[12](\/|$)/, '/')
    .replace(/\/+$/, '');
}

/** The logins that are for an image, the most exact first. */
export function loginsFor({ host, repository }: ImageReference, logins: readonly Login[]): Credentials[] {
  const hosts = host === dockerHub ? namesOfHub : [host];
  return logins
    .filter(({ place }) => hosts.some((each) => isFor(place, each, repository)))
    .sort((a, b) => (a.place > b.place ? -1 : a.place < b.place ? 1 : 0))
    .map(({ credentials }) => credentials);
}

function isFor(place: string, host: string, repository: string): boolean {
  const [pattern = '', ...path] = place.split('/');
  const prefix = path.join('/');
  return matchesHost(pattern, host) && (prefix === '' || repository === prefix || repository.startsWith(`${prefix}/`));
}

/** A star stands for anything within one part of the name; ports are the same or both missing. */
function matchesHost(pattern: string, host: string): boolean {
  const [patternName = '', patternPort] = pattern.split(':');
  const [hostName = '', hostPort] = host.split(':');
  const patternParts = patternName.split('.');
  const parts = hostName.split('.');
  if (patternPort !== hostPort || patternParts.length !== parts.length) return false;
  return patternParts.every((part, index) => {
    const [before = '', ...after] = part.split('*');
    const text = parts[index] ?? '';
    if (after.length === 0) return part === text;
    const wanted = new RegExp(`^${[before, ...after].map((literal) => RegExp.escape(literal)).join('.*')}$`);
    return wanted.test(text);
  });
}
