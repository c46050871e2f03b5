import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subresourcesOfPath, verbOfMethod } from './permissions.ts';

test('every path is a subresource of the node, and the fine-grained ones are asked first', () => {
  const cases: [string, string[]][] = [
    ['/pods', ['pods', 'proxy']],
    ['/pods/', ['pods', 'proxy']],
    ['/podsandmore', ['proxy']],
    ['/runningpods/', ['pods', 'proxy']],
    ['/healthz', ['healthz', 'proxy']],
    ['/healthz/ping', ['healthz', 'proxy']],
    ['/configz', ['configz', 'proxy']],
    ['/stats/summary', ['stats']],
    ['/metrics', ['metrics']],
    ['/metrics/resource', ['metrics']],
    ['/logs/messages', ['log']],
    ['/containerLogs/a/b/c', ['proxy']],
    ['/exec/a/b/c', ['proxy']],
    ['/', ['proxy']],
  ];
  for (const [path, subresources] of cases) assert.deepEqual(subresourcesOfPath(path), subresources, path);
});

test('a method is a verb', () => {
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];
  assert.deepEqual(methods.map(verbOfMethod), ['get', 'create', 'update', 'patch', 'delete', '']);
});
