// What answers the kinds that are never stored, and asks for tokens.
import type { Authenticator } from '../authn/authenticator.ts';
import type { TokenOptions } from '../authn/service-account-tokens.ts';
import type { Authorizer } from '../authz/authorizer.ts';
import type { SubresourceHandler } from '../rest/rest.ts';
import { tokenRequest } from '../subresources/token-request.ts';
import {
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
} from './access-reviews.ts';
import { selfSubjectReview, tokenReview } from './authentication-reviews.ts';

export function reviewHandlers(options: {
  authenticator: Authenticator;
  authorizer: Authorizer;
  tokens: TokenOptions;
}): Readonly<Record<string, SubresourceHandler>> {
  const { authenticator, authorizer, tokens } = options;
  return {
    'serviceaccounts/token': tokenRequest(tokens),
    'tokenreviews.authentication.k8s.io': tokenReview(authenticator, tokens.issuer),
    'selfsubjectreviews.authentication.k8s.io': selfSubjectReview,
    'subjectaccessreviews.authorization.k8s.io': subjectAccessReview(authorizer),
    'localsubjectaccessreviews.authorization.k8s.io': localSubjectAccessReview(authorizer),
    'selfsubjectaccessreviews.authorization.k8s.io': selfSubjectAccessReview(authorizer),
    'selfsubjectrulesreviews.authorization.k8s.io': selfSubjectRulesReview(authorizer),
  };
}
