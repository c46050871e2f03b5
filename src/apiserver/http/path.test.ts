import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseResourcePath } from './path.ts';

const core = { group: '', version: 'v1' };

test('paths of resources are read, others are not', () => {
  const cases: [string, ReturnType<typeof parseResourcePath>][] = [
    ['/api/v1/pods', { ...core, plural: 'pods' }],
    ['/api/v1/pods/', { ...core, plural: 'pods' }],
    ['/api/v1/namespaces/a', { ...core, plural: 'namespaces', name: 'a' }],
    ['/api/v1/namespaces/a/finalize', { ...core, plural: 'namespaces', name: 'a', subresource: 'finalize' }],
    ['/api/v1/namespaces/a/pods/b/log', { ...core, namespace: 'a', plural: 'pods', name: 'b', subresource: 'log' }],
    ['/apis/apps/v1/deployments', { group: 'apps', version: 'v1', plural: 'deployments' }],
    ['/api/v1/watch/namespaces/a/pods', { ...core, namespace: 'a', plural: 'pods', isWatch: true }],
    ['/api/v1/nodes/a%2Fb', { ...core, plural: 'nodes', name: 'a/b' }],
    [
      '/api/v1/namespaces/a/services/b:http/proxy/c//d/',
      { ...core, namespace: 'a', plural: 'services', name: 'b:http', subresource: 'proxy', rest: 'c//d' },
    ],
    ['/api/v1/namespaces/a/pods//b', 'malformed'],
    ['/api/v1/namespaces/a/pods/b/c/d', 'malformed'],
    ['/api/v1/nodes/%zz', 'malformed'],
    ['/api/v1/watch', 'malformed'],
    ['/api', undefined],
    ['/apis/apps/v1', undefined],
    ['//api/v1/pods', undefined],
    ['/API/v1/pods', undefined],
    ['/metrics', undefined],
  ];
  for (const [path, expected] of cases) assert.deepEqual(parseResourcePath(path), expected, path);
});
