import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiService, apiServices } from './api-service.ts';
import { type CustomResourceDefinition, customResourceDefinitions } from './custom-resource-definition.ts';
import { flowSchemas } from './flow-schema.ts';
import { createCases, created, type KindCase, updateCases } from './kind-cases.contract.ts';
import { priorityLevelConfigurations } from './priority-level-configuration.ts';

const spec = (patch: object, ...faults: string[]): KindCase => [
  { spec: patch },
  ...faults.map((fault) => (fault.startsWith('spec:') ? fault : `spec.${fault}`)),
];

const metadata = (name: string) => ({ name, uid: 'u', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z' });
const service = { namespace: 'n', name: 's' };
const apiService = {
  metadata: metadata('v1.a.b'),
  spec: { group: 'a.b', version: 'v1', groupPriorityMinimum: 100, versionPriority: 10, service },
};

createCases(apiServices, apiService, [
  [
    { metadata: { name: 'other' } },
    'metadata.name: Invalid value: "other": must be `spec.version+"."+spec.group`: "v1.a.b"',
  ],
  spec(
    { groupPriorityMinimum: 0, versionPriority: 1001 },
    'groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
    'versionPriority: Invalid value: 1001: must be positive and less than 1000',
  ),
  spec(
    { service: { namespace: '', name: '', port: 0 } },
    'service.namespace: Required',
    'service.name: Required',
    'service.port: Invalid value: 0: port is not valid',
  ),
  spec(
    { caBundle: 'YQ==', insecureSkipTLSVerify: true },
    'insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
  ),
  spec(
    { service: null, caBundle: 'YQ==' },
    'caBundle: Invalid value: "1 bytes": local APIServices may not have a caBundle',
  ),
]);

test('what this server serves itself is there at once', () => {
  const { status } = created(apiServices, apiService, { spec: { service: null } }) as ApiService;
  assert.deepEqual(
    status.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [['Available', 'True', 'Local']],
  );
});

const subject = { kind: 'Group', group: { name: 'g' } };
const resourceRule = { verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['*'] };
const flow = {
  spec: { priorityLevelConfiguration: { name: 'p' }, rules: [{ subjects: [subject], resourceRules: [resourceRule] }] },
};
const flowRule = (patch: object, ...faults: string[]): KindCase =>
  spec(
    { rules: [{ subjects: [subject], resourceRules: [resourceRule], ...patch }] },
    ...faults.map((fault) => `rules[0]${fault}`),
  );

createCases(flowSchemas, flow, [
  spec({ matchingPrecedence: -1 }, 'matchingPrecedence: Invalid value: -1: must be a positive value'),
  spec({ matchingPrecedence: 1 }, "matchingPrecedence: Invalid value: 1: only the schema named 'exempt'"),
  spec(
    { matchingPrecedence: 10001, priorityLevelConfiguration: { name: '' } },
    'matchingPrecedence: Invalid value: 10001: must not be greater than 10000',
    'priorityLevelConfiguration.name: Required value',
  ),
  spec({ distinguisherMethod: { type: 'ByMood' } }, 'distinguisherMethod.type: Unsupported value: {"type":"ByMood"}'),
  flowRule(
    { subjects: [], resourceRules: [] },
    '.subjects: Required value',
    ': Required value: at least one of resourceRules',
  ),
  flowRule(
    { subjects: [{ kind: 'User', group: { name: 'g' } }] },
    '.subjects[0].user: Required value: user is required',
    ".subjects[0].group: Forbidden: group is forbidden when subject kind is not 'Group'",
  ),
  flowRule(
    { subjects: [{ kind: 'ServiceAccount', serviceAccount: { name: 'Bad_' } }] },
    '.subjects[0].serviceAccount.name: Invalid value: "Bad_"',
    '.subjects[0].serviceAccount.namespace: Required value',
  ),
  flowRule(
    { resourceRules: [{ verbs: ['fly'], apiGroups: ['*', 'a'], resources: [] }] },
    '.resourceRules[0].verbs: Unsupported value: ["fly"]',
    '.resourceRules[0].apiGroups: Invalid value: ["*","a"]',
    '.resourceRules[0].resources: Required',
    '.resourceRules[0].namespaces: Required',
  ),
  flowRule(
    { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['a', '/a*', '/a//b', '/ok/*'] }] },
    '.nonResourceRules[0].nonResourceURLs[0]: Invalid value: "a": must start with slash',
    '.nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a*": wildcard can only do suffix matching',
    '.nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a//b": must not contain double slash',
  ),
]);
createCases(flowSchemas, { ...flow, metadata: metadata('other') }, [
  [{ metadata: { name: 'catch-all' } }, 'spec: Invalid value: {'],
]);

const queuing = { type: 'Queue', queuing: {} };
createCases(
  priorityLevelConfigurations,
  { spec: { type: 'Limited', limited: { limitResponse: { type: 'Reject' } } } },
  [
    spec({ limited: { limitResponse: queuing } }),
    spec(
      { type: 'Exempt', limited: null },
      "type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
    ),
    spec({ limited: null }, 'limited: Required value: must not be empty when type is Limited'),
    spec({ exempt: {} }, 'exempt: Forbidden: must be nil if the type is Limited'),
    spec(
      { limited: { nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 } },
      'limited.nominalConcurrencyShares: Invalid value: -1',
      'limited.lendablePercent: Invalid value: 101',
      'limited.borrowingLimitPercent: Invalid value: -1',
    ),
    spec({ limited: { limitResponse: { queuing: {} } } }, 'limited.limitResponse.queuing: Forbidden'),
    spec(
      { limited: { limitResponse: { ...queuing, queuing: { handSize: 65 } } } },
      'limited.limitResponse.queuing.handSize: Invalid value: 65: should not be greater than queues (64)',
    ),
    spec(
      { limited: { limitResponse: { ...queuing, queuing: { handSize: 11 } } } },
      'limited.limitResponse.queuing.handSize: Invalid value: 11: required entropy bits',
    ),
  ],
);

const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } };
const definition = {
  metadata: metadata('widgets.a.b'),
  spec: { group: 'a.b', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions: [version] },
};

createCases(customResourceDefinitions, definition, [
  [{ metadata: { name: 'x' } }, 'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group'],
  [
    { metadata: { name: 'widgets.a' }, spec: { group: 'a' } },
    'spec.group: Invalid value: "a": should be a domain with at least one dot',
  ],
  spec({ scope: 'World' }, 'scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"'),
  spec(
    { versions: [{ ...version, schema: null }] },
    'versions[0].schema.openAPIV3Schema: Required value: schemas are required',
  ),
  spec({ versions: [version, { ...version, storage: false }] }, 'versions: Invalid value: [{"name":"v1"'),
  spec(
    { names: { listKind: 'Widget', shortNames: ['W'] } },
    'names.shortNames[0]: Invalid value: "W"',
    'names.listKind: Invalid value: "Widget": kind and listKind may not be the same',
  ),
  spec({ preserveUnknownFields: true }, 'preserveUnknownFields: Invalid value: true: cannot set to true'),
  spec(
    { conversion: { strategy: 'Webhook' } },
    'conversion.webhook.clientConfig: Required value',
    'conversion.webhook.conversionReviewVersions: Required value',
  ),
]);
updateCases(customResourceDefinitions, definition, [
  [
    { spec: { versions: [{ ...version, name: 'v2' }] } },
    'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions',
  ],
  [
    { spec: { group: 'c.d' } },
    'metadata.name: Invalid value: "widgets.a.b": must be spec.names.plural',
    'spec.group: Invalid value: "c.d": field is immutable',
  ],
]);

test('a definition remembers every version in which objects were stored', () => {
  const draft = created(customResourceDefinitions, definition, {}) as CustomResourceDefinition;
  const { spec, status } = draft;
  assert.deepEqual(status.storedVersions, ['v1']);
  assert.deepEqual([spec.names.singular, spec.names.listKind], ['widget', 'WidgetList']);
  spec.versions = [
    { ...version, storage: false },
    { ...version, name: 'v2' },
  ];
  customResourceDefinitions.setDefaults?.(draft);
  assert.deepEqual(status.storedVersions, ['v1', 'v2']);
});
