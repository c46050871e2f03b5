// The names of resources that are counted or shared out: what each may look like where it is quoted, limited or offered.

import { qualifiedNameFaults } from './label-rules.ts';
import { isWhole, parseQuantity, type Quantity, roundedToMilli } from './quantity.ts';
import { type Cause, invalid } from './validation.ts';

/** What pods use while they run. */
export const computeResources = ['cpu', 'memory', 'ephemeral-storage'] as const;

const containerResources: ReadonlySet<string> = new Set(computeResources);

/** Kinds of which a quota may limit the number by their plain plural. */
const countedKinds = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const wholeResources = new Set(countedKinds);

const quotaResources = new Set([
  ...computeResources,
  ...computeResources.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'requests.storage',
  ...countedKinds,
]);

export function isHugePages(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** The size of one page of such a resource. */
export function hugePageBytes(name: string): Quantity | undefined {
  const size = parseQuantity(name.slice('hugepages-'.length));
  return size && size.nano > 0n ? size : undefined;
}

function isHugePagesInQuota(name: string): boolean {
  return isHugePages(name) || name.startsWith('requests.hugepages-');
}

/** Without a domain, or in that of Kubernetes itself. */
function isNative(name: string): boolean {
  return !name.includes('/') || name.includes('kubernetes.io/');
}

/** A device or the like, in somebody's own domain: "example.com/gpu". */
export function isExtendedResource(name: string): boolean {
  return !isNative(name) && !name.startsWith('requests.') && qualifiedNameFaults(`requests.${name}`).length === 0;
}

/** What may be lent out more than once. */
export function isOvercommitAllowed(name: string): boolean {
  return isNative(name) && !isHugePages(name);
}

export function isStandardQuotaResource(name: string): boolean {
  return quotaResources.has(name) || isHugePagesInQuota(name);
}

/** A name that a list of resources of any kind may hold. */
export function checkResourceName(field: string, name: string): Cause[] {
  const faults = qualifiedNameFaults(name);
  if (faults.length > 0) return faults.map((fault) => invalid(field, name, fault));
  if (name.includes('/') || isStandardQuotaResource(name) || name === 'storage') return [];
  return [invalid(field, name, 'must be a standard resource type or fully qualified')];
}

export function checkQuotaResourceName(field: string, name: string): Cause[] {
  const causes = checkResourceName(field, name);
  if (name.includes('/') || isStandardQuotaResource(name)) return causes;
  return [...causes, invalid(field, name, 'must be a standard resource for quota')];
}

/** A name that the resources of a container may hold. */
export function checkContainerResourceName(field: string, name: string): Cause[] {
  const causes = checkResourceName(field, name);
  if (!name.includes('/')) {
    if (containerResources.has(name) || isHugePages(name)) return causes;
    return [...causes, invalid(field, name, 'must be a standard resource for containers')];
  }
  if (isNative(name) || isExtendedResource(name)) return causes;
  return [...causes, invalid(field, name, "doesn't follow extended resource name standard")];
}

/** How much there may be: nothing below zero, no part of what comes in whole things. */
export function checkAmount(field: string, name: string, text: string | number): Cause[] {
  const quantity = parseQuantity(text);
  if (!quantity) return [];
  const causes: Cause[] = [];
  if (quantity.nano < 0n) causes.push(invalid(field, String(text), 'must be greater than or equal to 0'));
  if ((wholeResources.has(name) || isExtendedResource(name)) && !isWhole(quantity)) {
    causes.push(invalid(field, String(text), 'must be an integer'));
  }
  return causes;
}

export function checkPositiveAmount(field: string, text: string | number): Cause[] {
  const quantity = parseQuantity(text);
  return quantity && quantity.nano <= 0n ? [invalid(field, String(text), 'must be greater than zero')] : [];
}

export type Resources = Record<string, string | number>;

/** Lists of resources are kept to thousandths. */
export function roundResources(resources: Resources | undefined): void {
  for (const [name, text] of Object.entries(resources ?? {})) (resources as Resources)[name] = roundedToMilli(text);
}

export function quantityOf(resources: Resources | undefined, name: string): Quantity | undefined {
  const text = resources?.[name];
  return text === undefined ? undefined : parseQuantity(text);
}
