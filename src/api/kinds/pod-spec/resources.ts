// What a container, or a pod as a whole, asks for and may use of a node's resources.
import { compareQuantities, formatQuantity, isWhole, parseQuantity, type Quantity } from '../../quantity.ts';
import {
  checkAmount,
  checkContainerResourceName,
  checkResourceName,
  hugePageBytes,
  isHugePages,
  isOvercommitAllowed,
} from '../../resource-names.ts';
import {
  type Causes,
  checkName,
  dnsLabelFaults,
  duplicate,
  forbidden,
  invalid,
  notFound,
  required,
  unsupported,
} from '../../validation.ts';
import type { Container, PodSpec, ResourceRequirements } from './types.ts';

type Amounts = Record<string, string | number>;
type NameCheck = (field: string, name: string) => Causes;

function* checkPodResourceName(field: string, name: string): Causes {
  const faults = checkResourceName(field, name);
  yield* faults;
  if (faults.length === 0 && name !== 'cpu' && name !== 'memory' && !isHugePages(name)) {
    yield unsupported(field, name, ['cpu', 'hugepages-', 'memory']);
  }
}

export function* validateContainerResources(
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  at: string,
  claimNames: ReadonlySet<string>,
): Causes {
  yield* validateAmounts(limits as Amounts, requests as Amounts, at, checkContainerResourceName);
  if (claims) yield* validateClaims(claims, claimNames, `${at}.claims`);
}

/** What the pod states as a whole: not less than its containers ask for together, not less than each may use. */
export function* validatePodResources(spec: PodSpec, at: string, sumOfRequests: Record<string, Quantity>): Causes {
  const { limits = {}, requests = {}, claims } = spec.resources ?? {};
  if (claims) yield forbidden(`${at}.claims`, 'claims cannot be set for Resources at pod-level');
  yield* validateAmounts(limits as Amounts, requests as Amounts, at, checkPodResourceName);
  for (const [name, sum] of Object.entries(sumOfRequests)) {
    const own = parseQuantity((requests as Amounts)[name] ?? '0');
    if (own && compareQuantities(sum, own) > 0) {
      const refusal = `must be greater than or equal to aggregate container requests of ${formatQuantity(sum)}`;
      yield invalid(`${at}.requests[${name}]`, (requests as Amounts)[name] ?? '0', refusal);
    }
  }
  for (const [index, container] of spec.containers.entries()) {
    for (const [name, limit] of Object.entries((container.resources?.limits ?? {}) as Amounts)) {
      const own = (limits as Amounts)[name];
      if (own === undefined || compared(limit, own) <= 0) continue;
      const field = `${at}.containers[${index}][${name}].limits`;
      yield invalid(field, String(limit), `must be less than or equal to pod limits of ${own}`);
    }
  }
}

/** Overhead is checked as limits are. */
export function validateOverhead(overhead: NonNullable<PodSpec['overhead']>, at: string): Causes {
  return validateAmounts(overhead as Amounts, {}, at, checkContainerResourceName);
}

function compared(one: string | number, other: string | number): number {
  const [left, right] = [parseQuantity(one), parseQuantity(other)];
  return left && right ? compareQuantities(left, right) : 0;
}

function* validateAmounts(limits: Amounts, requests: Amounts, at: string, nameCheck: NameCheck): Causes {
  for (const [name, limit] of Object.entries(limits)) {
    const field = `${at}.limits[${name}]`;
    yield* nameCheck(field, name);
    yield* checkAmount(field, name, limit);
    yield* checkWholePages(name, limit, field);
  }
  for (const [name, request] of Object.entries(requests)) {
    const field = `${at}.requests[${name}]`;
    yield* nameCheck(field, name);
    yield* checkAmount(field, name, request);
    yield* checkAgainstLimit(name, request, limits[name], at);
    yield* checkWholePages(name, request, field);
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes('cpu') && !names.includes('memory')) {
    yield forbidden(at, 'HugePages require cpu or memory');
  }
}

function* checkWholePages(name: string, amount: string | number, field: string): Causes {
  if (!isHugePages(name)) return;
  const pageBytes = hugePageBytes(name);
  const quantity = parseQuantity(amount);
  const isMultiple = pageBytes && quantity && isWhole(quantity) && quantity.nano % pageBytes.nano === 0n;
  if (!isMultiple) yield invalid(field, String(amount), `${amount} is not positive integer multiple of ${name}`);
}

function* checkAgainstLimit(
  name: string,
  request: string | number,
  limit: string | number | undefined,
  at: string,
): Causes {
  if (limit === undefined) {
    if (!isOvercommitAllowed(name)) {
      yield required(`${at}.limits`, 'Limit must be set for non overcommitable resources');
    }
    return;
  }
  const order = compared(request, limit);
  if (order !== 0 && !isOvercommitAllowed(name)) {
    yield invalid(`${at}.requests`, String(request), `must be equal to ${name} limit of ${limit}`);
  } else if (order > 0) {
    yield invalid(`${at}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`);
  }
}

type Claim = NonNullable<ResourceRequirements['claims']>[number];

function* validateClaims(claims: readonly Claim[], known: ReadonlySet<string>, at: string): Causes {
  const seen = new Set<string>();
  for (const [index, { name, request }] of claims.entries()) {
    const here = `${at}[${index}]`;
    if (!name) {
      yield required(here);
      continue;
    }
    const key = request ? `${name}/${request}` : name;
    if (request) yield* checkName(`${here}.request`, request, dnsLabelFaults);
    const overlaps = seen.has(name) || seen.has(key) || (!request && [...seen].some((k) => k.startsWith(`${name}/`)));
    if (overlaps) yield duplicate(here, seen.has(name) ? name : key);
    seen.add(key);
    if (!known.has(name)) {
      const list = known.size === 0 ? ' which is empty' : `: ${[...known].sort().join(', ')}`;
      yield notFound(here, name, `must be one of the names in pod.spec.resourceClaims${list}`);
    }
  }
}

type ResizePolicies = NonNullable<Container['resizePolicy']>;

export function* validateResizePolicy(
  policies: ResizePolicies,
  at: string,
  podRestartPolicy: PodSpec['restartPolicy'],
): Causes {
  const seen = new Set<string>();
  for (const [index, { resourceName, restartPolicy }] of policies.entries()) {
    if (seen.has(resourceName)) yield duplicate(`${at}[${index}]`, resourceName);
    seen.add(resourceName);
    if (!resourceName) yield required(at);
    else if (!['cpu', 'memory'].includes(resourceName)) yield unsupported(at, resourceName, ['cpu', 'memory']);
    if (!restartPolicy) yield required(at);
    else if (!resizeRestarts.includes(restartPolicy)) yield unsupported(at, restartPolicy, resizeRestarts);
    if (podRestartPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      yield invalid(at, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
  }
}

const resizeRestarts = ['NotRequired', 'RestartContainer'];
