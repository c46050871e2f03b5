// The network of this node's pods. What watches the API is made before the watches start.
import { nodes } from '../api/kinds/node.ts';
import { type Component, runBeside } from '../base/component.ts';
import { Informers } from '../client/informers.ts';
import { Network } from '../network/network.ts';
import type { AgentParts } from './agent-parts.ts';
import { createPodAgent } from './running-pods.ts';

export function podNetwork(parts: AgentParts): Component {
  const { options, clock, log } = parts;
  const { nodeName, dataDir } = options;
  return {
    name: 'network',
    start: async (signal) => {
      const { address: nodeAddress, settings, master } = parts.membership;
      const informers = new Informers(parts.client, log.named('watch'), clock);
      parts.informers = informers;
      parts.network = new Network({
        nodeName,
        nodeAddress,
        dataDir,
        settings,
        master,
        informers,
        serviceRules: options.serviceRules,
        onReach: (verdict) => parts.registration.setNetwork(verdict),
        log: log.named('network'),
      });
      await createPodAgent(parts, signal);
      informers.for(nodes).onChange(({ key, object }) => {
        if (key === nodeName && object) parts.registration.observe(object);
      });
      runBeside(informers.start(signal), signal, log, 'informers');
      await parts.network.start(signal);
    },
  };
}
