// What clients had started in containers by way of an agent that was killed: nobody waits for it any more.
import type { Log } from '../base/log.ts';
import type { ContainerWatch } from './pods/container-watch.ts';
import type { Runtime } from './runtime.ts';

/** To be done before the first client of this agent may start something. */
export async function endAbandonedCommands(
  runtime: Pick<Runtime, 'endAbandoned'>,
  containers: Pick<ContainerWatch, 'of' | 'podUids'>,
  log: Log,
): Promise<void> {
  for (const podUid of containers.podUids()) {
    for (const { id, state, name, podName } of containers.of(podUid)) {
      if (state !== 'running') continue;
      try {
        const commands = await runtime.endAbandoned(id);
        if (commands > 0)
          log.info('ended what was left running for clients', { pod: podName, container: name, commands });
      } catch (error) {
        log.warn('what was left running for clients may still run', { pod: podName, container: name, error });
      }
    }
  }
}
