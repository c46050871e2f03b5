// ValidatingAdmissionPolicyBinding: where a policy holds, with which parameters, and what happens to who breaks it.
import type { IValidatingAdmissionPolicyBinding } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding';
import { checkLabelSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import { selectorText } from '../selector.ts';
import {
  type Cause,
  checkName,
  checkOneOf,
  dnsSubdomainFaults,
  duplicate,
  forbidden,
  invalid,
  required,
} from '../validation.ts';
import { checkMatchResources, setMatchDefaults } from './admission-rules.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ValidatingAdmissionPolicyBinding = Served<IValidatingAdmissionPolicyBinding>;
type ParamRef = NonNullable<ValidatingAdmissionPolicyBinding['spec']['paramRef']>;

const actions = ['Audit', 'Deny', 'Warn'];

function parametersText(ref: ParamRef | undefined): string {
  if (ref?.name) return `${ref.namespace || '*'}/${ref.name}`;
  return ref?.selector ? selectorText(ref.selector) : '<unset>';
}

export const validatingAdmissionPolicyBindings = defineKind<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  categories: ['api-extensions'],
  namespaced: false,
  needsRevision: true,
  hasStatus: false,
  hasGeneration: true,
  isInert: true,
  columns: [
    nameColumn,
    { name: 'PolicyName', type: 'string', description: 'The policy.', value: ({ spec }) => spec.policyName ?? '' },
    {
      name: 'ParamRef',
      type: 'string',
      description: 'The objects with parameters.',
      value: ({ spec }) => parametersText(spec.paramRef),
    },
    ageColumn,
  ],
  setDefaults: (binding) => {
    binding.spec ??= {} as ValidatingAdmissionPolicyBinding['spec'];
    if (binding.spec.matchResources) setMatchDefaults(binding.spec.matchResources);
  },
  *validate({ spec: { policyName, paramRef, matchResources, validationActions } }) {
    if (!policyName) yield required('spec.policyName');
    else yield* checkName('spec.policyName', policyName, dnsSubdomainFaults);
    if (paramRef) yield* checkParamRef(paramRef);
    // Kubernetes spells it so.
    if (matchResources) yield* checkMatchResources(matchResources, 'spec.matchResouces');
    yield* checkActions(validationActions);
  },
});

function* checkParamRef({ name, selector, parameterNotFoundAction }: ParamRef): Iterable<Cause> {
  const [at, exclusive] = ['spec.paramRef', 'name and selector are mutually exclusive'];
  if (name) yield* checkName(`${at}.name`, name, pathSegmentFaults);
  if (name && selector) yield forbidden(`${at}.name`, exclusive);
  yield* checkLabelSelector(`${at}.selector`, selector);
  if (name && selector) yield forbidden(`${at}.selector`, exclusive);
  if (!name && !selector) yield required(at, 'one of name or selector must be specified');
  if (!parameterNotFoundAction) yield required(`${at}.parameterNotFoundAction`);
  else yield* checkOneOf(`${at}.parameterNotFoundAction`, parameterNotFoundAction, ['Allow', 'Deny']);
}

function* checkActions(chosen: string[] = []): Iterable<Cause> {
  const at = 'spec.validationActions';
  for (const [index, action] of chosen.entries()) {
    yield* checkOneOf(`${at}[${index}]`, action, actions);
    if (chosen.indexOf(action) < index) yield duplicate(`${at}[${index}]`, action);
  }
  if (chosen.includes('Deny') && chosen.includes('Warn')) {
    const why =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    yield invalid(at, chosen, why);
  }
  if (chosen.length === 0) yield required(at, 'at least one validation action is required');
}
