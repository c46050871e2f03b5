// ValidatingAdmissionPolicy: conditions in CEL that whatever is about to be written must meet, where a binding says so.
import type { IValidatingAdmissionPolicy } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy';
import { qualifiedNameFaults } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import {
  type Cause,
  checkName,
  checkOneOf,
  dns1035LabelFaults,
  dnsSubdomainFaults,
  duplicate,
  invalid,
  required,
} from '../validation.ts';
import { checkMatchConditions, checkMatchResources, failurePolicies, setMatchDefaults } from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ValidatingAdmissionPolicy = Served<IValidatingAdmissionPolicy>;
type Spec = ValidatingAdmissionPolicy['spec'];

const annotationsAtMost = 20;
const annotationBytesAtMost = 5 * 1024;
const reasons = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

export const validatingAdmissionPolicies = defineKind<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  needsRevision: true,
  hasStatus: true,
  isInert: true,
  keptByStatus: ['labels', 'annotations'],
  columns: [
    nameColumn,
    {
      name: 'Validations',
      type: 'integer',
      description: 'How many conditions there are.',
      value: ({ spec }) => spec.validations?.length ?? 0,
    },
    {
      name: 'ParamKind',
      type: 'string',
      description: 'The kind of the objects with parameters.',
      value: ({ spec: { paramKind } }) => (paramKind ? `${paramKind.apiVersion}/${paramKind.kind}` : '<unset>'),
    },
    ageColumn,
  ],
  setDefaults: ({ spec }) => {
    spec.failurePolicy ??= 'Fail';
    if (spec.matchConstraints) setMatchDefaults(spec.matchConstraints);
  },
  *validate({ metadata, spec }) {
    const { failurePolicy, paramKind, matchConstraints, matchConditions } = spec;
    yield* checkOneOf('spec.failurePolicy', failurePolicy, failurePolicies);
    if (paramKind) yield* checkParamKind(paramKind);
    if (matchConstraints) {
      yield* checkMatchResources(matchConstraints, 'spec.matchConstraints');
      if (!matchConstraints.resourceRules?.length) yield required('spec.matchConstraints.resourceRules');
    } else yield required('spec.matchConstraints');
    yield* checkMatchConditions(matchConditions, 'spec.matchConditions');
    yield* checkVariables(spec);
    yield* checkValidations(spec);
    yield* checkAuditAnnotations(spec, metadata.name);
  },
  validateStatusUpdate: () => [],
});

function* checkParamKind({ apiVersion, kind }: NonNullable<Spec['paramKind']>): Iterable<Cause> {
  const at = 'spec.paramKind';
  if (!apiVersion) yield required(`${at}.apiVersion`);
  else {
    const [version = '', group, ...rest] = apiVersion.split('/').reverse();
    if (rest.length > 0) yield invalid(`${at}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
    else {
      if (group) yield* checkName(`${at}.apiVersion`, group, dnsSubdomainFaults);
      if (version) yield* checkName(`${at}.apiVersion`, version, dns1035LabelFaults);
      else yield invalid(`${at}.apiVersion`, apiVersion, 'version must be specified');
    }
  }
  if (!kind) return yield required(`${at}.kind`);
  const faults = dns1035LabelFaults(kind.toLowerCase());
  if (faults.length > 0) {
    yield invalid(`${at}.kind`, kind, `may have mixed case, but should otherwise match: ${faults.join(',')}`);
  }
}

const identifier = /^[_a-zA-Z][_a-zA-Z0-9]*$/;
const reserved = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function* checkVariables({ variables = [] }: Spec): Iterable<Cause> {
  for (const [index, { name, expression }] of variables.entries()) {
    const at = `spec.variables[${index}]`;
    if (!name?.trim()) yield required(`${at}.name`, 'name is not specified');
    else if (!identifier.test(name) || reserved.has(name)) {
      yield invalid(`${at}.name`, name, 'name is not a valid CEL identifier');
    }
    if (!expression?.trim()) yield required(`${at}.expression`, 'expression is not specified');
  }
}

function* checkValidations({ validations = [], auditAnnotations = [] }: Spec): Iterable<Cause> {
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const why = 'validations or auditAnnotations must contain at least one item';
    yield required('spec.validations', why);
    yield required('spec.auditAnnotations', why);
  }
  for (const [index, { expression, message = '', messageExpression = '', reason }] of validations.entries()) {
    const at = `spec.validations[${index}]`;
    if (!expression?.trim()) yield required(`${at}.expression`, 'expression is not specified');
    if (messageExpression !== '' && messageExpression.trim() === '') {
      yield invalid(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified');
    }
    if (message !== '' && message.trim() === '') {
      yield invalid(`${at}.message`, message, 'message must be non-empty if specified');
    } else if (/[\n\r]/.test(message.trim())) {
      yield invalid(`${at}.message`, message, 'message must not contain line breaks');
    }
    yield* checkOneOf(`${at}.reason`, reason, reasons);
  }
}

function* checkAuditAnnotations({ auditAnnotations = [] }: Spec, policyName: string): Iterable<Cause> {
  if (auditAnnotations.length > annotationsAtMost) {
    const why = `must not have more than ${annotationsAtMost} auditAnnotations`;
    yield invalid('spec.auditAnnotations', auditAnnotations, why);
  }
  for (const [index, { key, valueExpression = '' }] of auditAnnotations.entries()) {
    const at = `spec.auditAnnotations[${index}]`;
    yield* checkName(`${at}.key`, policyName ? `${policyName}/${key}` : key, qualifiedNameFaults);
    if (valueExpression.trim() === '') yield required(`${at}.valueExpression`, 'valueExpression is not specified');
    else if (Buffer.byteLength(valueExpression.trim()) > annotationBytesAtMost) {
      yield required(`${at}.valueExpression`, `must not exceed ${annotationBytesAtMost} bytes in length`);
    }
    if (auditAnnotations.slice(0, index).some((other) => other.key === key)) yield duplicate(`${at}.key`, key);
  }
}
