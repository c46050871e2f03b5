// Whether this host still has the address under which it is a node: a lease may bring it another one. Ways, rules and certificates were
// made with the former, so the agent ends, and whoever looks after it starts the next one under the new address. Pods stay.
import { networkInterfaces } from 'node:os';
import { type Component, runBeside } from '../base/component.ts';
import { plainAddress } from '../node/membership.ts';
import type { AgentParts } from './agent-parts.ts';

const checkEveryMs = 5_000;

export function ownAddress(parts: AgentParts): Component {
  const { options, log } = parts;
  return {
    name: 'own address',
    start: async (signal) => {
      // One that the operator names is his to change.
      if (options.nodeIp === undefined) runBeside(watchAddress(parts, signal), signal, log, 'own address');
    },
  };
}

async function watchAddress(
  { options, membership, localAddress, clock }: AgentParts,
  signal: AbortSignal,
): Promise<void> {
  const { address } = membership;
  for (;;) {
    await clock.sleep(checkEveryMs, signal);
    if (isHere(address)) continue;
    // A cable may be out: only who is reached from another address has another one.
    const now = await localAddress().then(plainAddress, () => address);
    if (now === address) continue;
    options.fail(new Error(`the address of this host has changed from ${address} to ${now}: it has to start again`));
    return;
  }
}

function isHere(address: string): boolean {
  return Object.values(networkInterfaces()).some((card = []) => card.some((each) => each.address === address));
}
