import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchRoute, Refusal, type Route } from './route.ts';

const routes: Route[] = [
  { path: '/healthz', methods: ['GET'] },
  { path: '/exec/{namespace}/{pod}/{container}', methods: ['GET', 'POST'] },
  { path: '/exec/{namespace}/{pod}/{uid}/{container}', methods: ['GET', 'POST'] },
  { path: '/logs/{file...}', methods: ['GET'] },
];

test('a path names its route and what is in its braces', () => {
  const cases: [string, string, Record<string, string>][] = [
    ['GET', '/healthz', {}],
    ['GET', '/healthz/', {}],
    ['GET', '/logs/', { file: '' }],
    ['GET', '/logs/a/b%20c', { file: 'a/b c' }],
    ['POST', '/exec/a/b/c', { namespace: 'a', pod: 'b', container: 'c' }],
    ['GET', '/exec/a/b/u/c%2Fd', { namespace: 'a', pod: 'b', uid: 'u', container: 'c/d' }],
  ];
  for (const [method, pathname, path] of cases) assert.deepEqual(matchRoute(routes, method, pathname).path, path);
});

test('what is no route is refused: an unknown path, a method that it does not have, a part that cannot be read', () => {
  const cases: [string, string, number][] = [
    ['GET', '/', 404],
    ['GET', '/healthz/more', 404],
    ['GET', '/exec/a/b', 404],
    ['POST', '/healthz', 405],
    ['GET', '/exec/a/b/%zz', 400],
  ];
  for (const [method, pathname, code] of cases) {
    const isRefusal = (error: unknown) => error instanceof Refusal && error.code === code;
    assert.throws(() => matchRoute(routes, method, pathname), isRefusal, `${method} ${pathname}`);
  }
});
