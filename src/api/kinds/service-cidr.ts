// ServiceCIDR: a range from which services get their addresses, one for each family.
import type { IServiceCIDR } from 'kubernetes-models/networking.k8s.io/v1/ServiceCIDR';
import type { Served } from '../meta.ts';
import { canonicalRangeFaults, parseRange } from '../name-rules.ts';
import { checkName, invalid, required } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ServiceCidr = Served<IServiceCIDR>;

const immutable = 'field is immutable';

export const serviceCidrs = defineKind<ServiceCidr>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  hasStatus: true,
  hasGeneration: false,
  isInert: true,
  columns: [
    nameColumn,
    { name: 'CIDRs', type: 'string', description: 'The ranges.', value: ({ spec }) => (spec.cidrs ?? []).join(',') },
    ageColumn,
  ],
  *validate({ spec }) {
    const { cidrs = [] } = spec;
    if (cidrs.length === 0) return yield required('spec.cidrs', 'at least one CIDR required');
    if (cidrs.length > 2) return yield invalid('spec.cidrs', spec, 'may only hold up to 2 values');
    for (const [index, cidr] of cidrs.entries()) yield* checkName(`spec.cidrs[${index}]`, cidr, canonicalRangeFaults);
    const [one, other] = cidrs.map((cidr) => parseRange(cidr)?.[0].kind());
    if (one !== undefined && one === other) {
      const why = 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64';
      yield invalid('spec.cidrs', cidrs, why);
    }
  },
  validateStatusUpdate: () => [],
  /** A second family may be added, and that is all. */
  *validateUpdate({ spec: { cidrs = [] } }, previous) {
    const before = previous.spec.cidrs ?? [];
    if (cidrs.length !== before.length && !(before.length === 1 && cidrs.length === 2)) {
      return yield invalid('spec.cidrs', cidrs, immutable);
    }
    for (const [index, cidr] of before.entries())
      if (cidrs[index] !== cidr) yield invalid(`spec.cidrs[${index}]`, cidrs[index], immutable);
  },
});
