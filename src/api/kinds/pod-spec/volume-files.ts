// Files that a volume is filled with: from keys of ConfigMaps and Secrets, or from fields of the pod.

import { checkFilePath } from '../../path-rules.ts';
import { type Causes, invalid, required } from '../../validation.ts';
import { fileFields, validateFieldRef, validateResourceFieldRef } from './environment.ts';
import type { Volume } from './types.ts';

export function* checkMode(field: string, mode: number | undefined): Causes {
  if (mode !== undefined && (mode < 0 || mode > 0o777)) {
    yield invalid(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive');
  }
}

interface KeyToPath {
  key?: string;
  path?: string;
  mode?: number;
}

export function* validateKeyToPath({ key, path = '', mode }: KeyToPath, at: string): Causes {
  if (!key) yield required(`${at}.key`);
  if (!path) yield required(`${at}.path`);
  yield* checkFilePath(`${at}.path`, path);
  yield* checkMode(`${at}.mode`, mode);
}

type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number];

export function* validateDownwardFile(
  { path = '', fieldRef, resourceFieldRef, mode }: DownwardFile,
  at: string,
): Causes {
  if (!path) yield required(`${at}.path`);
  yield* checkFilePath(`${at}.path`, path);
  if (fieldRef) {
    yield* validateFieldRef(fieldRef, fileFields, `${at}.fieldRef`);
    if (resourceFieldRef) {
      yield invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously');
    }
  } else if (resourceFieldRef) {
    yield* validateResourceFieldRef(resourceFieldRef, `${at}.resourceFieldRef`, 'must name the container');
  } else yield required(at, 'one of fieldRef and resourceFieldRef is required');
  yield* checkMode(`${at}.mode`, mode);
}
