// IPAddress: an address of the service range, and the object that holds it.
import type { IIPAddress } from 'kubernetes-models/networking.k8s.io/v1/IPAddress';
import type { Served } from '../meta.ts';
import { canonicalAddressFaults, checkPathSegment, pathSegmentFaults } from '../name-rules.ts';
import { checkImmutable, checkName, dnsSubdomainFaults, required } from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { defineKind, resourceOf } from './kind.ts';

export type IpAddress = Served<IIPAddress>;

function parentText({ spec: { parentRef } }: IpAddress): string | undefined {
  if (!parentRef) return undefined;
  const { group = '', resource: plural, namespace, name } = parentRef;
  return [resourceOf({ group, plural }).toLowerCase(), namespace, name].filter(Boolean).join('/');
}

export const ipAddresses = defineKind<IpAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  shortNames: ['ip'],
  namespaced: false,
  hasStatus: false,
  isInert: true,
  nameRule: canonicalAddressFaults,
  columns: [
    nameColumn,
    {
      name: 'ParentRef',
      type: 'string',
      description: 'Who holds the address.',
      value: (address) => orNone(parentText(address)),
    },
    ageColumn,
  ],
  setDefaults: (address) => {
    address.spec ??= {} as IpAddress['spec'];
  },
  *validate({ spec: { parentRef } }) {
    const at = 'spec.parentRef';
    if (!parentRef) return yield required(at);
    if (parentRef.group) yield* checkName(`${at}.group`, parentRef.group, dnsSubdomainFaults);
    yield* checkPathSegment(`${at}.resource`, parentRef.resource);
    yield* checkPathSegment(`${at}.name`, parentRef.name);
    if (parentRef.namespace) yield* checkName(`${at}.namespace`, parentRef.namespace, pathSegmentFaults);
  },
  validateUpdate: ({ spec }, previous) => checkImmutable('spec.parentRef', spec.parentRef, previous.spec.parentRef),
});
