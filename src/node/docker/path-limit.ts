// No path is longer than the kernel takes, and none that is longer may be asked for: where runc has more to tell of a failure
// than a pipe holds it hangs for good, and Docker with it, and the path is in what it tells.

import { ExecRefused } from '../runtime.ts';

const longestPath = 4095;
/** Of any single argument. */
const longestArgument = 131_071;

/** Of a command for exec. */
export function checkCommand(argv: readonly string[]): void {
  const problem = problemOf(argv[0], longestPath);
  if (problem) throw new ExecRefused(problem);
}

/** What a container is asked for; where the manifest names no program the first argument may be it. */
export function checkPaths(spec: {
  entrypoint: readonly string[] | undefined;
  args: readonly string[] | undefined;
  mounts: readonly { target: string }[];
}): void {
  const { entrypoint, args, mounts } = spec;
  const program = entrypoint ? problemOf(entrypoint[0], longestPath) : problemOf(args?.[0], longestArgument);
  const problem = program ?? mounts.map(({ target }) => problemOf(target, longestPath)).find(Boolean);
  if (problem) throw new Error(problem);
}

/** In the kernel's words. */
function problemOf(text: string | undefined, most: number): string | undefined {
  return text !== undefined && Buffer.byteLength(text) > most
    ? `${text.slice(0, 100)}...: file name too long`
    : undefined;
}
