// The table of what the agent's API answers.
import { usualLogDirectory } from '../log-links.ts';
import { logRoutes } from './container-logs.ts';
import { dialRoutes } from './dial-route.ts';
import { hostLogRoutes } from './host-logs.ts';
import { nodeRoutesOfItself } from './own-routes.ts';
import type { NodeParts, Route } from './route.ts';
import { statsRoutes } from './stats-routes.ts';
import { streamRoutes } from './stream-routes.ts';

export function nodeRoutes(parts: NodeParts): Route[] {
  return [
    ...nodeRoutesOfItself(parts),
    ...logRoutes(parts),
    ...hostLogRoutes(usualLogDirectory),
    ...statsRoutes(parts),
    ...streamRoutes(parts),
    ...dialRoutes(parts),
  ];
}
