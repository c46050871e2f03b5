// Service accounts as users: "system:serviceaccount:NAMESPACE:NAME".

export const serviceAccountsGroup = 'system:serviceaccounts';

const userPrefix = 'system:serviceaccount:';

export function serviceAccountUserName(namespace: string, name: string): string {
  return `${userPrefix}${namespace}:${name}`;
}

export function serviceAccountOf(userName: string): { namespace: string; name: string } | undefined {
  if (!userName.startsWith(userPrefix)) return undefined;
  const [namespace, name, ...rest] = userName.slice(userPrefix.length).split(':');
  return namespace && name && rest.length === 0 ? { namespace, name } : undefined;
}

export function serviceAccountGroups(namespace: string): string[] {
  return [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`];
}
