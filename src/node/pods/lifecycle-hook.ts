// One lifecycle hook of a running container, run to its end: a command in it, a request to it, or mere time.
import type { Pod } from '../../api/kinds/pod.ts';
import type { Container } from '../../api/kinds/pod-template.ts';
import type { Clock } from '../../base/clock.ts';
import type { Runtime } from '../runtime.ts';

type Hook = NonNullable<NonNullable<Container['lifecycle']>['postStart']>;
type HttpGetAction = NonNullable<Hook['httpGet']>;

export interface HookPlace {
  pod: Pod;
  container: Container;
  id: string;
  /** The pod's. */
  address: string | undefined;
}

export interface HookMeans {
  runtime: Runtime;
  clock: Clock;
  signal: AbortSignal;
}

/** The hook did not succeed; its text is what the container's status tells. */
export class HookFailed extends Error {}

const outputBytes = 1024;

export async function runHook(
  { exec, httpGet, sleep }: Hook,
  place: HookPlace,
  { runtime, clock, signal }: HookMeans,
): Promise<void> {
  if (sleep) return clock.sleep(sleep.seconds * 1000, signal);
  if (httpGet) return runRequest(httpGet, place, signal);
  if (exec?.command) return runCommand(exec.command, place, { runtime, signal });
  throw new HookFailed('invalid handler');
}

/** Any answer will do. */
async function runRequest(action: HttpGetAction, place: HookPlace, signal: AbortSignal): Promise<void> {
  const { httpGet, HttpFailure, requestFor } = await import('../probes/http-get.ts');
  const wanted = () => requestFor(action, place.container, place.address ?? '', 'lifecycle');
  try {
    await httpGet(wanted(), signal).catch((error: Error) => {
      if (!(error instanceof HttpFailure) || !isPlainAnswer(error.cause)) throw error;
      // Whoever is asked by HTTPS and does not know it is asked again without, and not told any password.
      const { url, headers } = wanted();
      url.protocol = 'http:';
      delete headers.authorization;
      return httpGet({ url, headers }, signal);
    });
  } catch (error) {
    const where = `${action.path ?? '/'}) for ${named(place)}`;
    throw new HookFailed(`HTTP lifecycle hook (${where} failed - error: ${(error as Error).message}, message: ""`);
  }
}

/** A server of plain HTTP cannot make sense of a TLS greeting, nor TLS of its answer. */
function isPlainAnswer(cause: unknown): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === 'EPROTO';
}

async function runCommand(
  command: readonly string[],
  place: HookPlace,
  { runtime, signal }: Omit<HookMeans, 'clock'>,
): Promise<void> {
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
