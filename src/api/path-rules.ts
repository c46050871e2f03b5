// Paths of files: those that stay inside of what they are relative to.
import { type Causes, invalid } from './validation.ts';

export function* checkNoBacksteps(field: string, path: string): Causes {
  if (path.split('/').includes('..')) yield invalid(field, path, "must not contain '..'");
}

/** Relative, and never upwards. */
export function* checkDescendingPath(field: string, path: string): Causes {
  if (path.startsWith('/')) yield invalid(field, path, 'must be a relative path');
  yield* checkNoBacksteps(field, path);
}

/** As above, and not among the names that begin with two dots, which are kept for whoever fills the folder. */
export function* checkFilePath(field: string, path: string): Causes {
  yield* checkDescendingPath(field, path);
  if (path.startsWith('..') && path !== '..' && !path.startsWith('../')) {
    yield invalid(field, path, "must not start with '..'");
  }
}
