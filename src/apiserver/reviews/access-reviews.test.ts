import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  localSubjectAccessReviews,
  selfSubjectAccessReviews,
  selfSubjectRulesReviews,
  subjectAccessReviews,
} from '../../api/kinds/authorization-reviews.ts';
import { clusterRoles } from '../../api/kinds/cluster-role.ts';
import { clusterRoleBindings } from '../../api/kinds/cluster-role-binding.ts';
import type { Kind } from '../../api/kinds/kind.ts';
import { rbacGroup } from '../../api/rbac/policy-rule.ts';
import type { StatusError } from '../../api/status.ts';
import { Authorizer } from '../authz/authorizer.ts';
import { filledCache } from '../cache-for-tests.ts';
import type { RestRequest } from '../rest/request.ts';
import type { Rest, SubresourceHandler } from '../rest/rest.ts';
import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from './access-reviews.ts';

type Answered = Record<string, unknown>;

async function ask(kind: Kind, spec: object | undefined, parts: Partial<RestRequest> = {}, metadata?: object) {
  const { cache, put } = await filledCache();
  const meta = (name: string) => ({ apiVersion: `${rbacGroup}/v1`, metadata: { name, uid: name } });
  const rules = [
    { verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] },
    { verbs: ['get'], nonResourceURLs: ['/metrics'] },
  ];
  put(clusterRoles, { ...meta('reader'), kind: 'ClusterRole', rules } as never);
  const roleRef = { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'reader' };
  const subjects = [{ kind: 'Group', name: 'readers' }];
  put(clusterRoleBindings, { ...meta('readers'), kind: 'ClusterRoleBinding', roleRef, subjects } as never);
  const authorizer = new Authorizer(cache);
  const handlers = new Map<unknown, SubresourceHandler>([
    [subjectAccessReviews, subjectAccessReview(authorizer)],
    [localSubjectAccessReviews, localSubjectAccessReview(authorizer)],
    [selfSubjectAccessReviews, selfSubjectAccessReview(authorizer)],
    [selfSubjectRulesReviews, selfSubjectRulesReview(authorizer)],
  ]);
  const request = {
    verb: 'create',
    kind,
    query: {},
    contentType: 'application/json',
    user: { name: 'jane', groups: ['readers'] },
    warn: () => {},
    body: { ...(spec && { spec }), ...(metadata && { metadata }) },
    ...parts,
  } as RestRequest;
  const answer = await handlers.get(kind)?.(request, undefined as unknown as Rest);
  assert.ok(answer?.type === 'plain');
  assert.equal(answer.code, 201);
  return (answer.object as { status: Answered }).status;
}

const pod = { verb: 'get', resource: 'pods', name: 'x' };
const reason = 'RBAC: allowed by ClusterRoleBinding "readers" of ClusterRole "reader" to Group "readers"';
const allowed = { allowed: true, reason };
const [any, local, self]: Kind[] = [subjectAccessReviews, localSubjectAccessReviews, selfSubjectAccessReviews] as never;

const answers: {
  name: string;
  kind: Kind | undefined;
  spec: object;
  parts?: Partial<RestRequest>;
  status: Answered;
}[] = [
  { name: 'a group that may', kind: any, spec: { groups: ['readers'], resourceAttributes: pod }, status: allowed },
  { name: 'a user who may not', kind: any, spec: { user: 'bob', resourceAttributes: pod }, status: { allowed: false } },
  { name: 'who asks', kind: self, spec: { resourceAttributes: pod }, status: allowed },
  { name: 'a path', kind: self, spec: { nonResourceAttributes: { verb: 'get', path: '/metrics' } }, status: allowed },
  {
    name: 'another path',
    kind: self,
    spec: { nonResourceAttributes: { verb: 'get', path: '/logs' } },
    status: { allowed: false },
  },
  {
    name: 'a namespace',
    kind: local,
    spec: { groups: ['readers'], resourceAttributes: { ...pod, namespace: 'a' } },
    parts: { namespace: 'a' },
    status: allowed,
  },
];
for (const { name, kind, spec, parts, status } of answers) {
  test(`access of ${name} is answered`, async () => assert.deepEqual(await ask(kind as Kind, spec, parts), status));
}

const faults: { name: string; kind: Kind | undefined; spec?: object; metadata?: object; fields: string[] }[] = [
  { name: 'nothing', kind: self, fields: ['spec.resourceAttributes'] },
  { name: 'nobody', kind: any, spec: { resourceAttributes: pod }, fields: ['spec.user'] },
  {
    name: 'two things',
    kind: self,
    spec: { resourceAttributes: pod, nonResourceAttributes: { verb: 'get', path: '/' } },
    fields: ['spec.nonResourceAttributes'],
  },
  { name: 'a name', kind: self, spec: { resourceAttributes: pod }, metadata: { name: 'x' }, fields: ['metadata'] },
  {
    name: 'another namespace',
    kind: local,
    spec: { user: 'bob', resourceAttributes: { ...pod, namespace: 'b' } },
    fields: ['spec.resourceAttributes.namespace'],
  },
  {
    name: 'a path in a namespace',
    kind: local,
    spec: { user: 'bob', nonResourceAttributes: { verb: 'get', path: '/' } },
    fields: ['spec.nonResourceAttributes'],
  },
  {
    name: 'a selector that selects nothing',
    kind: self,
    spec: { resourceAttributes: { ...pod, fieldSelector: { requirements: [{ operator: 'In' }] }, labelSelector: {} } },
    fields: [
      'spec.resourceAttributes.fieldSelector.requirements[0].key',
      'spec.resourceAttributes.fieldSelector.requirements[0].values',
      'spec.resourceAttributes.labelSelector.requirements',
    ],
  },
];
for (const { name, kind, spec, metadata, fields } of faults) {
  test(`a question about ${name} is refused`, async () => {
    const parts = kind === local ? { namespace: 'a' } : {};
    await assert.rejects(ask(kind as Kind, spec, parts, metadata), (error: StatusError) => {
      assert.deepEqual([error.code, error.details?.causes?.map(({ field }) => field)], [422, fields]);
      return true;
    });
  });
}

test('the rules of who asks come in two lists', async () => {
  assert.deepEqual(await ask(selfSubjectRulesReviews as unknown as Kind, { namespace: 'a' }), {
    resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], resourceNames: ['x'] }],
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/metrics'] }],
    incomplete: false,
  });
  await assert.rejects(ask(selfSubjectRulesReviews as unknown as Kind, {}), /no namespace on request/);
});
