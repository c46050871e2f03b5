// What a request to the agent asks for in the words of the API: a verb on a subresource of the node.

const verbs: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

export const verbOfMethod = (method: string): string => verbs[method] ?? '';

/** What permits a part of what the wide permission at the end permits. */
const fine: readonly [string, string][] = [
  ['/pods', 'pods'],
  ['/runningpods', 'pods'],
  ['/healthz', 'healthz'],
  ['/configz', 'configz'],
];
const wide: readonly [string, string][] = [
  ['/stats', 'stats'],
  ['/metrics', 'metrics'],
  ['/logs', 'log'],
];

/** Each of them is enough. */
export function subresourcesOfPath(pathname: string): string[] {
  const among = (table: readonly [string, string][]) =>
    table.find(([path]) => pathname === path || pathname.startsWith(`${path}/`))?.[1];
  const narrow = among(fine);
  return [...(narrow ? [narrow] : []), among(wide) ?? 'proxy'];
}
