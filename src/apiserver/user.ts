// Who sends a request.
import {
  authenticatedGroup,
  bootstrappersGroup,
  nodesGroup,
  unauthenticatedGroup,
} from '../api/rbac/defaults/bindings.ts';

export { authenticatedGroup, bootstrappersGroup, nodesGroup, unauthenticatedGroup };

export interface User {
  name: string;
  groups: readonly string[];
  uid?: string;
  /** What else is known of how the user came, as the pod that a token is bound to. */
  extra?: Readonly<Record<string, readonly string[]>>;
  /** Of the certificate by which the user came, if it was one. Told to nobody. */
  keyFingerprint?: string;
}

export const anonymousName = 'system:anonymous';
export const anonymous: User = { name: anonymousName, groups: [unauthenticatedGroup] };

/** The group whose members may do everything. */
export const mastersGroup = 'system:masters';

/** The name of the node as which the user acts, if it is one. */
export function nodeNameOf({ name, groups }: User): string | undefined {
  const prefix = 'system:node:';
  return groups.includes(nodesGroup) && name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
}
