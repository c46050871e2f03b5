// That a node is gone is never taken from a copy alone: it may lie behind that of what stands on the node.
import { nodes } from '../api/kinds/node.ts';
import { isNotFound } from '../api/status.ts';
import type { Client } from '../client/client.ts';

export async function nodeExists(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(nodes, { name });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
