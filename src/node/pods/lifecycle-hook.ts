// One lifecycle hook of a running container, run to its end: a command in it, a request to it, or mere time.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Clock } from '../../base/clock.ts';
import type { Runtime } from '../runtime.ts';

type Hook = NonNullable<NonNullable<Container['lifecycle']>['postStart']>;

export interface HookPlace {
  pod: Pod;
  container: Container;
  id: string;
  /** The pod's. */
  address: string | undefined;
}

/** The hook did not succeed; its text is what the container's status tells. */
export class HookFailed extends Error {}

const outputBytes = 1024;

export async function runHook(
  { exec, sleep }: Hook,
  place: HookPlace,
  { runtime, clock, signal }: { runtime: Runtime; clock: Clock; signal: AbortSignal },
): Promise<void> {
  if (sleep) return clock.sleep(sleep.seconds * 1000, signal);
  if (!exec?.command) throw new HookFailed('invalid handler');
  const { command } = exec;
  const failed = (error: string, output: string) =>
    new HookFailed(
      `Exec lifecycle hook ([${command.join(' ')}]) for ${named(place)} failed - error: ${error}, message: ${JSON.stringify(output)}`,
    );
  const outcome = await runtime.exec(place.id, command, { signal, outputBytes }).catch((error: Error) => {
    throw failed(error.message, '');
  });
  const { exitCode, output } = outcome;
  if (exitCode !== 0) throw failed(`command '${command.join(' ')}' exited with ${exitCode}: ${output}`, output);
}

function named({ pod: { metadata }, container }: HookPlace): string {
  return `Container "${container.name}" in Pod "${metadata.name}_${metadata.namespace}(${metadata.uid})"`;
}
