// What a question about access must look like.
import type { SubjectAccessReview } from '../../api/kinds/authorization-reviews.ts';
import type { ObjectMeta } from '../../api/meta.ts';
import { type Cause, forbidden, invalid, invalidWhole, isSame, required } from '../../api/validation.ts';

export type AccessSpec = SubjectAccessReview['spec'];
type Resource = NonNullable<AccessSpec['resourceAttributes']>;
type Requirement = { key?: string; operator?: string; values?: string[] };
interface Selector {
  rawSelector?: string;
  requirements?: Requirement[];
}

/** What is asked of any user. */
export function* checkSubjectAccess(spec: AccessSpec): Iterable<Cause> {
  yield* checkAccess(spec);
  if (!spec.user && !spec.groups?.length)
    yield invalid('spec.user', '', 'at least one of user or group must be specified');
}

export function* checkAccess({ resourceAttributes, nonResourceAttributes }: AccessSpec): Iterable<Cause> {
  if (resourceAttributes && nonResourceAttributes) {
    const why = 'cannot be specified in combination with resourceAttributes';
    yield invalid('spec.nonResourceAttributes', nonResourceAttributes, why);
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const why = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    yield invalid('spec.resourceAttributes', undefined, why);
  }
  if (resourceAttributes) yield* checkSelectors(resourceAttributes);
}

/** A question within one namespace. */
export function* checkLocalAccess(spec: AccessSpec, namespace: string): Iterable<Cause> {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (resourceAttributes && (resourceAttributes.namespace ?? '') !== namespace) {
    const at = 'spec.resourceAttributes.namespace';
    yield invalid(at, resourceAttributes.namespace ?? '', 'must match metadata.namespace');
  }
  if (nonResourceAttributes) {
    yield invalid('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request');
  }
}

/** What is stored nowhere has no metadata. */
export function* checkNoMetadata(metadata: ObjectMeta, allowed: 'namespace' | undefined): Iterable<Cause> {
  const { managedFields, namespace, ...rest } = metadata;
  const said = allowed === 'namespace' ? rest : { namespace, ...rest };
  const why = allowed === 'namespace' ? 'must be empty except for namespace' : 'must be empty';
  if (!isSame(said, {})) yield invalidWhole('metadata', why);
}

function* checkSelectors({ fieldSelector, labelSelector }: Resource): Iterable<Cause> {
  const at = 'spec.resourceAttributes';
  if (fieldSelector) yield* checkSelector(`${at}.fieldSelector`, fieldSelector as Selector);
  if (labelSelector) yield* checkSelector(`${at}.labelSelector`, labelSelector as Selector);
}

function* checkSelector(at: string, { rawSelector = '', requirements = [] }: Selector): Iterable<Cause> {
  if (rawSelector && requirements.length > 0) {
    yield invalid(`${at}.rawSelector`, rawSelector, 'may not specified at the same time as requirements');
  }
  if (!rawSelector && requirements.length === 0) {
    yield required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`);
  }
  for (const [index, requirement] of requirements.entries())
    yield* checkRequirement(`${at}.requirements[${index}]`, requirement);
}

function* checkRequirement(at: string, { key, operator, values = [] }: Requirement): Iterable<Cause> {
  if (!key) yield required(`${at}.key`, 'must be specified');
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) yield required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    if (values.length > 0) {
      yield forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    }
  } else yield invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator');
}
