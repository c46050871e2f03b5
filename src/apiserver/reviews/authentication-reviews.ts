// TokenReview and SelfSubjectReview: whose a token is, and as whom the server sees who asks.
import type { SelfSubjectReview, TokenReview } from '../../api/kinds/authentication-reviews.ts';
import { BadRequest } from '../../api/status.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import { objectIn } from '../rest/decoding.ts';
import type { SubresourceHandler } from '../rest/rest.ts';
import type { User } from '../user.ts';

/** Who names no audience asks for the API's own. */
export function tokenReview(authenticator: Authenticator, apiAudience: string): SubresourceHandler {
  return async (request) => {
    const review = objectIn(request) as TokenReview;
    const { token, audiences: asked = [] } = review.spec ?? {};
    if (!token) throw new BadRequest('token is required for TokenReview in authentication');
    const verdict = await authenticator.reviewToken(token, asked.length > 0 ? asked : [apiAudience]);
    const { user, audiences, error } = verdict;
    const status = user
      ? { authenticated: true, user: infoOf(user), audiences }
      : { user: {}, ...(error !== undefined && { error }) };
    return { type: 'plain', code: 201, object: { ...review, status } };
  };
}

export const selfSubjectReview: SubresourceHandler = async (request) => {
  const { apiVersion, kind } = objectIn(request) as SelfSubjectReview;
  const metadata = { creationTimestamp: null };
  const status = { userInfo: infoOf(request.user) };
  return { type: 'plain', code: 201, object: { apiVersion, kind, metadata, status } };
};

function infoOf({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}
