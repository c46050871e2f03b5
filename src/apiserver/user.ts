// Who sends a request.

export interface User {
  name: string;
  groups: readonly string[];
  uid?: string;
}

export const anonymous: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

/** The group whose members may do everything. */
export const mastersGroup = 'system:masters';
export const nodesGroup = 'system:nodes';
export const bootstrappersGroup = 'system:bootstrappers';

/** The name of the node as which the user acts, if it is one. */
export function nodeNameOf({ name, groups }: User): string | undefined {
  const prefix = 'system:node:';
  return groups.includes(nodesGroup) && name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
