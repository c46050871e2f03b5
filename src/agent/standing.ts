// The node's place in the cluster: its Node object, kept true, and its heartbeat.
import type { Node } from '../api/kinds/node.ts';
import { isRefusal } from '../api/status.ts';
import { type Component, runBeside } from '../base/component.ts';
import { ClockWatch } from '../node/clock-watch.ts';
import { CloneError, refuseClone } from '../node/clone.ts';
import { runHeartbeat } from '../node/heartbeat.ts';
import { observeHost } from '../node/host-facts.ts';
import { Registration } from '../node/registration.ts';
import { type AgentParts, longestTurnMs } from './agent-parts.ts';

export function standing(parts: AgentParts): Component {
  const { options, clock, log, vitals } = parts;
  const { nodeName, agentPort, dataDir, volumesDir, resources } = options;
  return {
    name: 'registration',
    start: async (signal) => {
      const { client, membership } = parts;
      const facts = await observeHost(dataDir, resources);
      const runtimeVersion = await parts.whenDockerAnswers(() => parts.runtime.version());
      const { address } = membership;
      const images = () => parts.imagesOfNode;
      const description = { name: nodeName, address, agentPort, volumesDir, runtimeVersion, facts, images };
      const registration = new Registration(
        { client, description, clock, log: log.named('node') },
        'container runtime network not ready: the pod network is being set up',
      );
      parts.facts = facts;
      parts.registration = registration;
      const introduce = async () => {
        await refuseClone({ client, nodeName, address, bootId: facts.info.bootID, clock }, signal);
        return registration.register();
      };
      // A master that goes away just now is one that is away: it is told later.
      const orLater = (error: unknown): Node | undefined => {
        if (isRefusal(error) || error instanceof CloneError) throw error;
        log.warn('the master went away before it heard of this node', { error });
        return undefined;
      };
      if (membership.isFresh) parts.node = await introduce().catch(orLater);
      runBeside(registration.run(signal), signal, log, 'registration');
      const onTurn = vitals.pulse('the heartbeat', longestTurnMs);
      const clocks = new ClockWatch();
      const onRenewed = () => registration.setWarning(clocks.look(parts.behindMs() ?? 0));
      const { nodeGraceMs: graceMs } = membership.settings;
      const heartbeat = {
        ...{ client, clock, log: log.named('heartbeat'), nodeName, graceMs, onTurn, onRenewed },
        node: () => parts.node,
      };
      runBeside(runHeartbeat(heartbeat, signal), signal, log, 'heartbeat');
    },
  };
}
