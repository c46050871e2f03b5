// What tells who may do what, and which rules hold for who asks. All are answered and never stored.
import type { ILocalSubjectAccessReview } from 'kubernetes-models/authorization.k8s.io/v1/LocalSubjectAccessReview';
import type { ISelfSubjectAccessReview } from 'kubernetes-models/authorization.k8s.io/v1/SelfSubjectAccessReview';
import type { ISelfSubjectRulesReview } from 'kubernetes-models/authorization.k8s.io/v1/SelfSubjectRulesReview';
import type { ISubjectAccessReview } from 'kubernetes-models/authorization.k8s.io/v1/SubjectAccessReview';
import type { Served } from '../meta.ts';
import { nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type SubjectAccessReview = Served<ISubjectAccessReview>;
export type LocalSubjectAccessReview = Served<ILocalSubjectAccessReview>;
export type SelfSubjectAccessReview = Served<ISelfSubjectAccessReview>;
export type SelfSubjectRulesReview = Served<ISelfSubjectRulesReview>;

const answered = {
  group: 'authorization.k8s.io',
  version: 'v1',
  hasStatus: false,
  verbs: ['create'],
  columns: [nameColumn],
} as const;

export const subjectAccessReviews = defineKind<SubjectAccessReview>({
  ...answered,
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  singular: 'subjectaccessreview',
  namespaced: false,
});

export const localSubjectAccessReviews = defineKind<LocalSubjectAccessReview>({
  ...answered,
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  singular: 'localsubjectaccessreview',
  namespaced: true,
});

export const selfSubjectAccessReviews = defineKind<SelfSubjectAccessReview>({
  ...answered,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  singular: 'selfsubjectaccessreview',
  namespaced: false,
});

export const selfSubjectRulesReviews = defineKind<SelfSubjectRulesReview>({
  ...answered,
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
  singular: 'selfsubjectrulesreview',
  namespaced: false,
});
