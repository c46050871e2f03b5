// Volumes that gather several sources in one folder: no two of them may fill the same file.

import { checkFilePath } from '../../path-rules.ts';
import { type Causes, forbidden, invalid, required } from '../../validation.ts';
import type { Volume } from './types.ts';
import { validateDownwardFile, validateKeyToPath } from './volume-files.ts';

type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type TokenSource = NonNullable<Source['serviceAccountToken']>;

const minTokenSeconds = 10 * 60;
const maxTokenSeconds = 2 ** 32;

/** `at` is the volume's source. */
export function* validateProjectedSources(sources: readonly Source[], at: string): Causes {
  const paths = new Set<string>();
  for (const [index, source] of sources.entries()) {
    const here = `${at}.sources[${index}]`;
    const { secret, configMap, downwardAPI, serviceAccountToken } = source;
    for (const [name, keys] of Object.entries({ secret, configMap })) {
      if (keys) yield* validateKeys(keys, `${here}.${name}`, at, paths);
    }
    for (const file of downwardAPI?.items ?? []) {
      yield* validateDownwardFile(file, `${here}.downwardAPI`);
      yield* checkPathIsFree(file.path, paths, at, file.path);
    }
    if (serviceAccountToken) yield* validateToken(serviceAccountToken, `${here}.serviceAccountToken`, at);
    if (Object.keys(source).length > 1) yield forbidden(here, 'may not specify more than 1 volume type per source');
  }
}

function* checkPathIsFree(path: string | undefined, paths: Set<string>, at: string, told: string): Causes {
  if (!path) return;
  if (paths.has(path)) yield invalid(at, told, 'conflicting duplicate paths');
  paths.add(path);
}

type Keys = NonNullable<Source['secret']>;

function* validateKeys({ name = '', items = [] }: Keys, here: string, at: string, paths: Set<string>): Causes {
  if (!name) yield required(`${here}.name`);
  for (const [index, item] of items.entries()) {
    yield* validateKeyToPath(item, `${here}.items[${index}]`);
    yield* checkPathIsFree(item.path, paths, at, name);
  }
}

function* validateToken({ expirationSeconds = 0, path }: TokenSource, here: string, at: string): Causes {
  const field = `${here}.expirationSeconds`;
  if (expirationSeconds < minTokenSeconds) {
    yield invalid(field, expirationSeconds, 'may not specify a duration less than 10 minutes');
  }
  if (expirationSeconds > maxTokenSeconds) {
    yield invalid(field, expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  }
  if (!path) yield required(`${at}.path`);
  else yield* checkFilePath(`${at}.path`, path);
}
