// The table of what the agent's API answers.
import { logRoutes } from './container-logs.ts';
import { type NodeParts, type Route, sendText } from './route.ts';
import { statsRoutes } from './stats-routes.ts';

export function nodeRoutes(parts: NodeParts): Route[] {
  return [...basicRoutes(parts), ...logRoutes(parts), ...statsRoutes(parts)];
}

function basicRoutes({ pods }: NodeParts): Route[] {
  return [
    {
      path: '/healthz',
      methods: ['GET'],
      answer: async (_, response) => sendText(response, 200, 'ok'),
    },
    {
      path: '/pods',
      methods: ['GET'],
      answer: async (_, response) => {
        const list = { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods() };
        sendText(response, 200, JSON.stringify(list), 'application/json');
      },
    },
  ];
}
