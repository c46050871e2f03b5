// What lets others verify the tokens of service accounts: OpenID's description of the issuer, and its keys.
import { algorithm, type TokenKey } from '../../pki/token-key.ts';

export interface OpenIdDocuments {
  /** By path: media type and text. */
  [path: string]: { type: string; text: string };
}

export function openIdDocuments({
  key,
  issuer,
  apiUrl,
}: {
  key: TokenKey;
  issuer: string;
  apiUrl: string;
}): OpenIdDocuments {
  const configuration = {
    issuer,
    jwks_uri: `${apiUrl}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [algorithm],
  };
  return {
    '/.well-known/openid-configuration': { type: 'application/json', text: JSON.stringify(configuration) },
    '/openid/v1/jwks': { type: 'application/jwk-set+json', text: JSON.stringify(key.keySet()) },
  };
}
