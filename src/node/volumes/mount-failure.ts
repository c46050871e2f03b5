// That a pod's volumes cannot be made ready, in the words of Kubernetes' FailedMount events.
import { ClaimProblem, SetUpProblem } from './volume-problem.ts';

export interface Failure {
  volume: string;
  error: Error;
}

export class MountFailure extends Error {
  /** One event each. */
  readonly messages: string[];
  readonly volumes: string[];

  constructor(failures: readonly Failure[]) {
    const ofClaims = failures.filter(({ error }) => error instanceof ClaimProblem);
    const messages = failures.filter((failure) => !ofClaims.includes(failure)).map(setUpMessage);
    const volumes = failures.map(({ volume }) => volume);
    if (ofClaims.length > 0) {
      const why = ofClaims.map(({ error }) => error.message).join('; ');
      const unprocessed = ofClaims.map(({ volume }) => volume);
      messages.push(unmountedMessage(volumes, unprocessed, why));
    }
    super(messages.join('; '));
    this.messages = messages;
    this.volumes = volumes;
  }

  /** What is told once in a while of a pod that waits for long. */
  get timeoutMessage(): string {
    return unmountedMessage(this.volumes, [], 'context deadline exceeded');
  }
}

function setUpMessage({ volume, error }: Failure): string {
  return error instanceof SetUpProblem ? error.message : new SetUpProblem(volume, error.message).message;
}

function unmountedMessage(unmounted: string[], unprocessed: string[], why: string): string {
  const list = (names: string[]) => `[${names.join(' ')}]`;
  return `Unable to attach or mount volumes: unmounted volumes=${list(unmounted)}, unattached volumes=[], failed to process volumes=${list(unprocessed)}: ${why}`;
}
