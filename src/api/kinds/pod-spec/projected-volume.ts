// Volumes that gather several sources in one folder: no two of them may fill the same file.

import { checkLabelSelector } from '../../label-rules.ts';
import { checkFilePath } from '../../path-rules.ts';
import { type Causes, forbidden, invalid, required } from '../../validation.ts';
import type { Volume } from './types.ts';
import { validateDownwardFile, validateKeyToPath } from './volume-files.ts';

type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];
type TokenSource = NonNullable<Source['serviceAccountToken']>;
type TrustSource = NonNullable<Source['clusterTrustBundle']>;

const minTokenSeconds = 10 * 60;
const maxTokenSeconds = 2 ** 32;

/** `at` is the volume's source. */
export function* validateProjectedSources(sources: readonly Source[], at: string): Causes {
  const paths = new Set<string>();
  for (const [index, source] of sources.entries()) {
    const here = `${at}.sources[${index}]`;
    const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle } = source;
    for (const [name, keys] of Object.entries({ secret, configMap })) {
      if (keys) yield* validateKeys(keys, `${here}.${name}`, at, paths);
    }
    for (const file of downwardAPI?.items ?? []) {
      yield* validateDownwardFile(file, `${here}.downwardAPI`);
      yield* checkPathIsFree(file.path, paths, at, file.path);
    }
    if (serviceAccountToken) yield* validateToken(serviceAccountToken, `${here}.serviceAccountToken`, at);
    if (clusterTrustBundle) {
      yield* validateTrust(clusterTrustBundle, `${here}.clusterTrustBundle`);
      yield* checkPathIsFree(clusterTrustBundle.path, paths, at, clusterTrustBundle.path);
    }
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

function* validateTrust({ name, signerName, labelSelector, path }: TrustSource, at: string): Causes {
  if (name !== undefined && signerName !== undefined) {
    yield invalid(at, { name, signerName }, 'only one of name and signerName may be used');
  } else if (name !== undefined) {
    if (name === '') yield required(`${at}.name`, 'must be a valid object name');
    if (labelSelector) {
      yield invalid(`${at}.labelSelector`, labelSelector, 'labelSelector must be unset if name is specified');
    }
  } else if (signerName !== undefined) {
    if (signerName === '') yield required(`${at}.signerName`, 'must be a valid signer name');
    yield* checkLabelSelector(`${at}.labelSelector`, labelSelector);
  } else yield required(at, 'either name or signerName must be specified');
  if (!path) yield required(`${at}.path`);
  yield* checkFilePath(`${at}.path`, path ?? '');
}
