import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourceAttributes } from '../../api/rbac/attributes.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { User } from '../user.ts';
import { asksToImpersonate, type HeaderLists, headerLists, impersonated } from './impersonation.ts';

const admin: User = { name: 'admin', groups: ['system:masters'] };

function actAs(headers: HeaderLists) {
  const asked: string[] = [];
  const authorize = (_user: User, { group, resource, subresource, namespace, name }: ResourceAttributes) => {
    asked.push([group, resource, subresource, namespace, name].filter(Boolean).join(' '));
  };
  return { user: impersonated(admin, headers, { authorize } as unknown as Authorizer), asked };
}

const cases: { name: string; headers: HeaderLists; user: User; asked: string[] }[] = [
  { name: 'nobody', headers: { accept: ['*/*'] }, user: admin, asked: [] },
  {
    name: 'a user',
    headers: { 'impersonate-user': ['jane'] },
    user: { name: 'jane', groups: ['system:authenticated'] },
    asked: ['users jane'],
  },
  {
    name: 'a user with groups, uid and extra',
    headers: {
      'impersonate-user': ['jane'],
      'impersonate-group': ['a', 'b'],
      'impersonate-uid': ['1'],
      'impersonate-extra-acme%2ecom%2fscopes': ['x', 'y'],
    },
    user: {
      name: 'jane',
      groups: ['a', 'b', 'system:authenticated'],
      uid: '1',
      extra: { 'acme.com/scopes': ['x', 'y'] },
    },
    asked: [
      'users jane',
      'groups a',
      'groups b',
      'authentication.k8s.io userextras acme.com/scopes x',
      'authentication.k8s.io userextras acme.com/scopes y',
      'authentication.k8s.io uids 1',
    ],
  },
  {
    name: 'a service account',
    headers: { 'impersonate-user': ['system:serviceaccount:ns:bot'] },
    user: {
      name: 'system:serviceaccount:ns:bot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:ns', 'system:authenticated'],
    },
    asked: ['serviceaccounts ns bot'],
  },
  {
    name: 'somebody unknown',
    headers: { 'impersonate-user': ['system:anonymous'] },
    user: { name: 'system:anonymous', groups: ['system:unauthenticated'] },
    asked: ['users system:anonymous'],
  },
];

for (const { name, headers, user, asked } of cases) {
  test(`acting as ${name}`, () => assert.deepEqual(actAs(headers), { user, asked }));
}

test('groups without a user are refused', () => {
  assert.throws(() => actAs({ 'impersonate-group': ['g'] }), { code: 400 });
});

test('a header that is sent twice has two values', () => {
  assert.deepEqual(headerLists(['Impersonate-Group', 'a', 'accept', '*/*', 'impersonate-group', 'b']), {
    'impersonate-group': ['a', 'b'],
    accept: ['*/*'],
  });
});

test('only requests that ask for it are looked at closer', () => {
  assert.equal(asksToImpersonate({ accept: '*/*', authorization: 'x' }), false);
  assert.equal(asksToImpersonate({ 'impersonate-extra-x': 'y' }), true);
});
