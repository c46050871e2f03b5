import { createCases, type KindCase } from './kind-cases.contract.ts';
import { mutatingWebhookConfigurations } from './mutating-webhook-configuration.ts';
import { validatingAdmissionPolicies } from './validating-admission-policy.ts';
import { validatingAdmissionPolicyBindings } from './validating-admission-policy-binding.ts';
import { validatingWebhookConfigurations } from './validating-webhook-configuration.ts';

const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
const webhook = {
  name: 'a.b.c',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { url: 'https://host/path' },
  rules: [rule],
};
const configuration = { webhooks: [webhook] };
const having = (patch: object, ...faults: string[]): KindCase => [
  { webhooks: [{ ...webhook, ...patch }] },
  ...faults.map((fault) => `webhooks[0].${fault}`),
];
const withRule = (patch: object, ...faults: string[]): KindCase =>
  having({ rules: [{ ...rule, ...patch }] }, ...faults.map((fault) => `rules[0].${fault}`));
const withUrl = (url: string, ...faults: string[]): KindCase =>
  having({ clientConfig: { url } }, ...faults.map((fault) => `clientConfig.url: ${fault}`));
const withPath = (path: string, ...faults: string[]): KindCase =>
  having(
    { clientConfig: { service: { namespace: 'n', name: 's', path } } },
    ...faults.map((fault) => `clientConfig.service.path: ${fault}`),
  );

createCases(mutatingWebhookConfigurations, configuration, [
  [{ webhooks: [webhook, webhook] }, 'webhooks[1].name: Duplicate value: "a.b.c"'],
  having({ name: 'short' }, 'name: Invalid value: "short": should be a domain with at least three segments'),
  having({ sideEffects: undefined }, 'sideEffects: Required value: must specify one of None, NoneOnDryRun'),
  having({ sideEffects: 'Some' }, 'sideEffects: Unsupported value: "Some"'),
  having({ failurePolicy: 'Hmm', matchPolicy: 'Odd' }, 'failurePolicy: Unsupported', 'matchPolicy: Unsupported'),
  having(
    { reinvocationPolicy: 'Often' },
    'reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded"',
  ),
  having(
    { timeoutSeconds: 31 },
    'timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
  ),
  having({ admissionReviewVersions: [] }, 'admissionReviewVersions: Required value: must specify one of v1, v1beta1'),
  having(
    { admissionReviewVersions: ['v9', 'v9'] },
    'admissionReviewVersions[1]: Invalid value: "v9": duplicate',
    'admissionReviewVersions: Invalid value: ["v9","v9"]: must include at least one of',
  ),
  having(
    {
      matchConditions: [
        { name: 'a', expression: ' ' },
        { name: 'a', expression: 'true' },
      ],
    },
    'matchConditions[0].expression: Required',
    'matchConditions[1].name: Duplicate value: "a"',
  ),
  having({ objectSelector: { matchLabels: { 'b d': '' } } }, 'objectSelector.matchLabels: Invalid value: "b d"'),
  withRule({ operations: ['*', 'CREATE'] }, 'operations: Invalid value: ["*","CREATE"]: if \'*\' is present'),
  withRule({ operations: ['READ'] }, 'operations[0]: Unsupported value: "READ"'),
  withRule({ apiGroups: ['*', 'x'], apiVersions: [] }, 'apiGroups: Invalid value: ["*","x"]', 'apiVersions: Required'),
  withRule({ resources: ['*/*', 'x'] }, 'resources: Invalid value: ["*/*","x"]: if \'*/*\' is present'),
  withRule(
    { resources: ['*', 'x'] },
    'resources: Invalid value: ["*","x"]: if \'*\' is present, must not specify other resources without',
  ),
  withRule(
    { resources: ['pods/*', 'pods/log', '*/scale', 'x/scale'] },
    'resources[1]: Invalid value: "pods/log": if \'pods/*\' is present',
    'resources[3]: Invalid value: "x/scale": if \'*/scale\' is present',
  ),
  withRule({ scope: 'World' }, 'scope: Unsupported value: "World": supported values: "*", "Cluster", "Namespaced"'),
  withUrl('http://host', 'Invalid value: "http": \'https\' is the only allowed URL scheme'),
  withUrl(
    'https://me@host/?q=1#f',
    'Invalid value: "me": user information',
    'Invalid value: "f": fragments',
    'Invalid value: "q=1": query parameters',
  ),
  having({ clientConfig: {} }, 'clientConfig: Required value: exactly one of url or service is required'),
  withPath('/a/b/'),
  withPath('/a//b', 'Invalid value: "/a//b": segment[1] may not be empty'),
  withPath('x', 'Invalid value: "x": must start with a \'/\'', 'Invalid value: "x": segment[0] may not be empty'),
]);

createCases(validatingWebhookConfigurations, configuration, [
  having(
    { clientConfig: { service: { port: 70000 } } },
    'clientConfig.service.name: Required value: service name',
    'clientConfig.service.namespace: Required value: service namespace',
    'clientConfig.service.port: Invalid value: 70000: port is not valid',
  ),
]);

const spec = (patch: object, ...faults: string[]): KindCase => [
  { spec: patch },
  ...faults.map((fault) => `spec.${fault}`),
];
const policy = {
  spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'object.spec.replicas < 5' }] },
};

createCases(validatingAdmissionPolicies, policy, [
  spec({ matchConstraints: null }, 'matchConstraints: Required value'),
  spec({ matchConstraints: { resourceRules: [] } }, 'matchConstraints.resourceRules: Required value'),
  spec(
    { validations: [] },
    'validations: Required value: validations or auditAnnotations',
    'auditAnnotations: Required value',
  ),
  spec(
    { validations: [{ expression: '', message: 'a\nb', reason: 'Odd' }] },
    'validations[0].expression: Required value: expression is not specified',
    'validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
    'validations[0].reason: Unsupported value: "Odd"',
  ),
  spec(
    { paramKind: { apiVersion: 'a/b/c', kind: 'K_' } },
    'paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion',
    'paramKind.kind: Invalid value: "K_": may have mixed case',
  ),
  spec(
    { variables: [{ name: 'in', expression: '1' }] },
    'variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
  ),
  spec(
    {
      auditAnnotations: [
        { key: 'k', valueExpression: 'a' },
        { key: 'k', valueExpression: '' },
      ],
    },
    'auditAnnotations[1].valueExpression: Required value',
    'auditAnnotations[1].key: Duplicate value: "k"',
  ),
]);

createCases(validatingAdmissionPolicyBindings, { spec: { policyName: 'p', validationActions: ['Deny'] } }, [
  spec({ policyName: null, validationActions: [] }, 'policyName: Required value', 'validationActions: Required value'),
  spec(
    { validationActions: ['Deny', 'Warn', 'Warn'] },
    'validationActions[2]: Duplicate value: "Warn"',
    'validationActions: Invalid value: ["Deny","Warn","Warn"]: must not contain both',
  ),
  spec(
    { paramRef: {} },
    'paramRef: Required value: one of name or selector',
    'paramRef.parameterNotFoundAction: Required',
  ),
  spec(
    { paramRef: { name: 'a', selector: {}, parameterNotFoundAction: 'Deny' } },
    'paramRef.name: Forbidden: name and selector',
    'paramRef.selector: Forbidden: name and selector',
  ),
]);
