// What is left to do when the host goes down, and not the agent alone. Stopped before all else: pods are ended by those who look
// after them.
import type { Component } from '../base/component.ts';
import { HostShutdown, isHostGoingDown } from '../node/host-shutdown.ts';
import type { AgentParts } from './agent-parts.ts';

export function goingDown(parts: AgentParts): Component {
  const { options, clock, log } = parts;
  return {
    name: 'host shutdown',
    start: async () => {},
    stop: async () => {
      if (options.shutdown.graceMs === 0 || !(await isHostGoingDown())) return;
      const { podAgent, registration } = parts;
      const shutdown = new HostShutdown({
        settings: options.shutdown,
        pods: () => podAgent.pods(),
        hasEnded: (pod) => podAgent.hasEnded(pod),
        end: (pod, verdict) => podAgent.end(pod, verdict),
        onBegin: () => {
          parts.isGoingDown = true;
          registration.setProblem('shutdown', 'node is shutting down');
        },
        clock,
        log: log.named('shutdown'),
      });
      await shutdown.endPods();
    },
  };
}
