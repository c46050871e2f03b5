// The ordered table of what an agent starts: who it is, its engine, its place in the cluster, then network and pods.
// Holds: an agent that has joined once starts with the master away too, and goes on with what it knew.
import type { AgentOptions } from './agent/agent-options.ts';
import { AgentParts } from './agent/agent-parts.ts';
import { engine, imagesOfHost } from './agent/engine.ts';
import { goingDown } from './agent/going-down.ts';
import { joining } from './agent/joining.ts';
import { ownAddress } from './agent/own-address.ts';
import { ownApi } from './agent/own-api.ts';
import { podNetwork } from './agent/pod-network.ts';
import { runningPods } from './agent/running-pods.ts';
import { standing } from './agent/standing.ts';
import type { Component } from './base/component.ts';

export function agentComponents(options: AgentOptions): Component[] {
  const parts = new AgentParts(options);
  return [joining, engine, imagesOfHost, standing, podNetwork, runningPods, ownApi, goingDown, ownAddress].map((make) =>
    make(parts),
  );
}
