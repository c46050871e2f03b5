// What tells who somebody is: TokenReview of a token, SelfSubjectReview of who asks. Both are answered and never stored.

import type { ISelfSubjectReview } from 'kubernetes-models/authentication.k8s.io/v1/SelfSubjectReview';
import type { ITokenRequest } from 'kubernetes-models/authentication.k8s.io/v1/TokenRequest';
import type { ITokenReview } from 'kubernetes-models/authentication.k8s.io/v1/TokenReview';
import type { Served } from '../meta.ts';
import { nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type TokenReview = Served<ITokenReview>;
export type SelfSubjectReview = Served<ISelfSubjectReview>;
export type TokenRequest = Served<ITokenRequest>;

const answered = {
  group: 'authentication.k8s.io',
  version: 'v1',
  hasStatus: false,
  verbs: ['create'],
  columns: [nameColumn],
} as const;

export const tokenReviews = defineKind<TokenReview>({
  ...answered,
  kind: 'TokenReview',
  plural: 'tokenreviews',
  singular: 'tokenreview',
  namespaced: false,
});

export const selfSubjectReviews = defineKind<SelfSubjectReview>({
  ...answered,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  singular: 'selfsubjectreview',
  namespaced: false,
});

/** What goes through serviceaccounts/token. */
export const tokenRequests = defineKind<TokenRequest>({
  ...answered,
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  singular: 'tokenrequest',
  namespaced: true,
});
