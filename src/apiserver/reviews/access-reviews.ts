// SubjectAccessReview, its local and its self form, and SelfSubjectRulesReview: the authorizer's answers for all who ask.
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '../../api/kinds/authorization-reviews.ts';
import type { KubeObject } from '../../api/meta.ts';
import type { Attributes } from '../../api/rbac/attributes.ts';
import { BadRequest, Invalid } from '../../api/status.ts';
import type { Cause } from '../../api/validation.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import { objectIn } from '../rest/decoding.ts';
import type { RestRequest } from '../rest/request.ts';
import type { RestAnswer, SubresourceHandler } from '../rest/rest.ts';
import type { User } from '../user.ts';
import {
  type AccessSpec,
  checkAccess,
  checkLocalAccess,
  checkNoMetadata,
  checkSubjectAccess,
} from './access-review-validation.ts';

export function subjectAccessReview(authorizer: Authorizer): SubresourceHandler {
  return async (request) => {
    const review = reviewIn<SubjectAccessReview>(request);
    refuseInvalid(request, [...checkSubjectAccess(review.spec), ...checkNoMetadata(review.metadata, undefined)]);
    return decided(authorizer, review, userIn(review.spec));
  };
}

export function localSubjectAccessReview(authorizer: Authorizer): SubresourceHandler {
  return async (request) => {
    const { namespace = '' } = request;
    const review = reviewIn<LocalSubjectAccessReview>(request);
    refuseInvalid(request, [
      ...checkSubjectAccess(review.spec),
      ...checkNoMetadata(review.metadata, 'namespace'),
      ...checkLocalAccess(review.spec, namespace),
    ]);
    return decided(authorizer, review, userIn(review.spec));
  };
}

export function selfSubjectAccessReview(authorizer: Authorizer): SubresourceHandler {
  return async (request) => {
    const review = reviewIn<SelfSubjectAccessReview>(request);
    refuseInvalid(request, [...checkAccess(review.spec), ...checkNoMetadata(review.metadata, undefined)]);
    return decided(authorizer, review, request.user);
  };
}

export function selfSubjectRulesReview(authorizer: Authorizer): SubresourceHandler {
  return async (request) => {
    const review = reviewIn<SelfSubjectRulesReview>(request);
    const { namespace } = review.spec;
    if (!namespace) throw new BadRequest('no namespace on request');
    const { rules, fault } = authorizer.rulesFor(request.user, namespace);
    const resourceRules = rules.flatMap(({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }) =>
      nonResourceURLs?.length ? [] : [{ verbs, apiGroups, resources, ...(resourceNames && { resourceNames }) }],
    );
    const nonResourceRules = rules.flatMap(({ verbs, nonResourceURLs }) =>
      nonResourceURLs?.length ? [{ verbs, nonResourceURLs }] : [],
    );
    const incomplete = fault !== undefined;
    const status = { resourceRules, nonResourceRules, incomplete, ...(fault && { evaluationError: fault }) };
    return { type: 'plain', code: 201, object: { ...review, status } };
  };
}

/** The review in the body; a body without a spec asks nothing, and validation says so. */
function reviewIn<T extends KubeObject & { spec: unknown }>(request: RestRequest): T {
  const review = objectIn(request) as T;
  review.spec ??= {};
  return review;
}

function refuseInvalid({ kind }: RestRequest, causes: Cause[]): void {
  if (causes.length > 0) throw new Invalid({ group: kind.group, kind: '', name: '' }, causes);
}

function decided(authorizer: Authorizer, review: KubeObject & { spec: AccessSpec }, user: User): RestAnswer {
  const { allowed, reason } = authorizer.decide(user, attributesIn(review.spec));
  return { type: 'plain', code: 201, object: { ...review, status: { allowed, ...(reason && { reason }) } } };
}

function userIn({ user = '', groups = [], uid, extra }: AccessSpec): User {
  return { name: user, groups, ...(uid && { uid }), ...(extra && { extra: extra as Record<string, string[]> }) };
}

function attributesIn({ resourceAttributes, nonResourceAttributes }: AccessSpec): Attributes {
  if (!resourceAttributes) return { verb: nonResourceAttributes?.verb ?? '', path: nonResourceAttributes?.path ?? '' };
  const { verb = '', group = '', resource = '', fieldSelector, labelSelector, ...rest } = resourceAttributes;
  const selectors = { fieldSelector: selectorText(fieldSelector), labelSelector: selectorText(labelSelector) };
  return { verb, group, resource, ...rest, ...selectors };
}

function selectorText(selector: NonNullable<AccessSpec['resourceAttributes']>['fieldSelector']): string | undefined {
  const requirements = selector?.requirements ?? [];
  const parts = requirements.flatMap(({ key, operator, values = [] }) =>
    operator === 'In' && values.length === 1 ? [`${key}=${values[0]}`] : [],
  );
  return selector?.rawSelector || parts.join(',') || undefined;
}
