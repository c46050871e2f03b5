// The paths of the documents that tell what there is: versions, groups, resources.
import { metaPackage } from '../../api/openapi/schema.ts';
import { type Answer, objectTypes, type Path, path, tagOf, text, titleOfGroup, titleOfVersion } from './operation.ts';

/** The lists of the core group's versions, and of the other groups. */
export const coreVersionsPath = document('/api/', {
  id: 'getCoreAPIVersions',
  description: 'get available API versions',
  holds: `${metaPackage}.APIVersions`,
  tag: 'core',
});

export const groupsPath = document('/apis/', {
  id: 'getAPIVersions',
  description: 'get available API versions',
  holds: `${metaPackage}.APIGroupList`,
  tag: 'apis',
});

export const versionPath = document('/version/', {
  id: 'getCodeVersion',
  description: 'get the version of the API and of the server',
  holds: 'io.k8s.apimachinery.pkg.version.Info',
  tag: 'version',
  produces: ['application/json'],
});

export const issuerPath = document('/.well-known/openid-configuration/', {
  id: 'getServiceAccountIssuerOpenIDConfiguration',
  description: 'get who issues the tokens of service accounts, as OpenID Connect tells it',
  holds: text,
  tag: 'WellKnown',
  produces: ['application/json'],
});

export const issuerKeysPath = document('/openid/v1/jwks/', {
  id: 'getServiceAccountIssuerOpenIDKeyset',
  description: 'get the keys by which the tokens of service accounts are verified',
  holds: text,
  tag: 'openid',
  produces: ['application/jwk-set+json'],
});

export const groupPath = (group: string): Path =>
  document(`/apis/${group}/`, {
    id: `get${titleOfGroup(group)}APIGroup`,
    description: 'get information of a group',
    holds: `${metaPackage}.APIGroup`,
    tag: tagOf({ group }),
  });

export const resourcesPath = (root: string, groupVersion: { group: string; version: string }): Path =>
  document(`/${root}/`, {
    id: `get${titleOfVersion(groupVersion)}APIResources`,
    description: 'get available resources',
    holds: `${metaPackage}.APIResourceList`,
    tag: tagOf(groupVersion),
  });

interface DocumentPlan {
  id: string;
  description: string;
  holds: string | typeof text;
  tag: string;
  produces?: readonly string[];
}

function document(address: string, { holds, produces = objectTypes, ...named }: DocumentPlan): Path {
  const answers: Answer[] = [{ code: 200, holds }, { code: 401 }];
  return path(address, [], { get: { ...named, parameters: [], consumes: produces, produces, answers } });
}
