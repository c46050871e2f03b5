// /etc/wherry/registries.yaml: mirrors that are asked before a registry itself, and logins of this host.
import { parse } from 'yaml';
import { type ImageReference, parseImageReference, pullName } from './image-reference.ts';
import type { Credentials } from './image-store.ts';
import { credentialsOf, type Login, loginsFor } from './pull-credentials.ts';

export interface Registries {
  /** By the host whose images it has; `*` is any. */
  mirrors: ReadonlyMap<string, Mirror>;
  logins: readonly Login[];
}

interface Mirror {
  /** HOST or HOST/PATH, in the order in which they are asked. */
  endpoints: string[];
  rewrites: { pattern: RegExp; replacement: string }[];
}

/** One way to come by an image. */
export interface PullAttempt {
  name: string;
  credentials: Credentials | undefined;
}

export const noRegistries: Registries = { mirrors: new Map(), logins: [] };

/** Throws an Error that names what is wrong. */
export function parseRegistries(text: string): Registries {
  const { mirrors = {}, configs = {}, ...unknown } = objectAt(parse(text) ?? {}, 'the file');
  const [stranger] = Object.keys(unknown);
  if (stranger) throw new Error(`unknown key "${stranger}": there are mirrors and configs`);
  return {
    mirrors: new Map(
      Object.entries(objectAt(mirrors, 'mirrors')).map(([host, value]) => [host, mirrorOf(host, value)]),
    ),
    logins: Object.entries(objectAt(configs, 'configs')).flatMap(([place, value]) => loginOf(place, value)),
  };
}

function objectAt(value: unknown, place: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${place} must be a map`);
}

function mirrorOf(host: string, value: unknown): Mirror {
  const { endpoint = [], rewrite = {} } = objectAt(value, `mirrors.${host}`);
  if (!Array.isArray(endpoint) || endpoint.length === 0)
    throw new Error(`mirrors.${host}.endpoint must be a list of URLs`);
  return {
    endpoints: endpoint.map((url) => {
      const place = String(url)
        .replace(/^https?:\/\//, '')
        .replace(/\/v2\/?$/, '')
        .replace(/\/+$/, '');
      if (parseImageReference(`${place}/image`)?.host !== place.split('/')[0])
        throw new Error(`mirrors.${host}.endpoint: "${url}" is not the URL of a registry`);
      return place;
    }),
    rewrites: Object.entries(objectAt(rewrite, `mirrors.${host}.rewrite`)).map(([pattern, replacement]) => {
      try {
        return { pattern: new RegExp(pattern), replacement: String(replacement) };
      } catch (error) {
        throw new Error(`mirrors.${host}.rewrite: ${(error as Error).message}`);
      }
    }),
  };
}

function loginOf(place: string, value: unknown): Login[] {
  const { auth, tls } = objectAt(value, `configs.${place}`);
  // Docker has no other way to be told, and reads its folder anew at each pull.
  if (tls !== undefined)
    throw new Error(
      `configs.${place}.tls: Docker takes the certificates of a registry from /etc/docker/certs.d/${place}`,
    );
  if (auth === undefined) return [];
  const { identity_token: identitytoken, ...entry } = objectAt(auth, `configs.${place}.auth`) as Record<string, string>;
  const credentials = credentialsOf({ ...entry, ...(identitytoken !== undefined && { identitytoken }) });
  if (!credentials) throw new Error(`configs.${place}.auth needs username and password, auth, or identity_token`);
  return [{ place, credentials }];
}

/** All ways to come by an image, in the order in which to try them: mirrors first, and at each the more exact login first. */
export function planPulls(
  image: ImageReference,
  { mirrors, logins }: Registries,
  ofPod: readonly Login[],
): PullAttempt[] {
  const mirror = mirrors.get(image.host) ?? mirrors.get('*');
  const all = [...ofPod, ...logins];
  const mirrored = (mirror?.endpoints ?? []).flatMap((endpoint) => {
    const [host = '', ...path] = endpoint.split('/');
    return attempts(
      { ...image, host, repository: [...path, rewritten(image.repository, mirror?.rewrites ?? [])].join('/') },
      all,
    );
  });
  return [...mirrored, ...attempts(image, all)];
}

function attempts(image: ImageReference, logins: readonly Login[]): PullAttempt[] {
  const fitting = loginsFor(image, logins);
  const name = pullName(image);
  return fitting.length === 0
    ? [{ name, credentials: undefined }]
    : fitting.map((credentials) => ({ name, credentials }));
}

function rewritten(repository: string, rewrites: Mirror['rewrites']): string {
  const found = rewrites.find(({ pattern }) => pattern.test(repository));
  return found ? repository.replace(found.pattern, found.replacement) : repository;
}
