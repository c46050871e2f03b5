// CustomResourceDefinition: a kind of the cluster's own, its names and the schemas of its versions.
import type { ICustomResourceDefinition } from 'kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition';
import type { Served } from '../meta.ts';
import {
  type Cause,
  checkImmutable,
  checkOneOf,
  dns1035LabelFaults,
  dnsSubdomainFaults,
  forbidden,
  invalid,
  required,
} from '../validation.ts';
import { checkWebhookAddress, setWebhookAddressDefaults } from '../webhook-address.ts';
import { nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type CustomResourceDefinition = Served<ICustomResourceDefinition>;
type Spec = CustomResourceDefinition['spec'];
type Status = CustomResourceDefinition['status'];

export const customResourceDefinitions = defineKind<CustomResourceDefinition>({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  needsRevision: true,
  hasStatus: true,
  isInert: true,
  showsDeleted: true,
  keptByStatus: ['labels', 'annotations'],
  columns: [
    nameColumn,
    {
      name: 'Created At',
      type: 'date',
      description: 'When the object was created.',
      value: ({ metadata }) => metadata.creationTimestamp ?? '',
    },
  ],
  setDefaults: ({ spec, status }) => {
    spec.scope ??= '';
    spec.versions ??= [];
    spec.names ??= {} as Spec['names'];
    const { names } = spec;
    names.singular ||= (names.kind ?? '').toLowerCase();
    if (names.kind) names.listKind ||= `${names.kind}List`;
    spec.conversion ??= { strategy: 'None' };
    setWebhookAddressDefaults(spec.conversion.webhook?.clientConfig ?? {});
    status.acceptedNames ??= { plural: '', kind: '' };
    rememberStored(spec, status);
  },
  *validate({ metadata, spec, status }) {
    if (spec.names.plural && metadata.name !== `${spec.names.plural}.${spec.group}`) {
      yield invalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group');
    }
    yield* checkGroup(spec.group);
    if (!spec.scope) yield required('spec.scope');
    else yield* checkOneOf('spec.scope', spec.scope, ['Cluster', 'Namespaced']);
    yield* checkVersions(spec);
    yield* checkNames(spec.names, 'spec.names');
    yield* checkConversion(spec.conversion);
    yield* checkStoredVersions(spec, status);
  },
  *validateUpdate({ spec }, previous) {
    const { group, names, scope } = previous.spec;
    yield* checkImmutable('spec.group', spec.group, group);
    yield* checkImmutable('spec.names.plural', spec.names.plural, names.plural);
    const isEstablished = previous.status.conditions?.some(
      ({ type, status }) => type === 'Established' && status === 'True',
    );
    if (!isEstablished) return;
    yield* checkImmutable('spec.scope', spec.scope, scope);
    yield* checkImmutable('spec.names.kind', spec.names.kind, names.kind);
  },
});

/** Objects may be stored in every version in which objects were ever stored. */
function rememberStored({ versions }: Spec, status: Status): void {
  status.storedVersions ??= [];
  for (const { name, storage } of versions) {
    if (storage && !status.storedVersions.includes(name)) status.storedVersions.push(name);
  }
}

function* checkGroup(group = ''): Iterable<Cause> {
  if (group === '') return yield required('spec.group');
  const faults = dnsSubdomainFaults(group);
  if (faults.length > 0) yield invalid('spec.group', group, faults.join(','));
  else if (!group.includes('.')) yield invalid('spec.group', group, 'should be a domain with at least one dot');
}

function* checkVersions({ versions, preserveUnknownFields }: Spec): Iterable<Cause> {
  for (const [index, { name = '', schema, deprecated, deprecationWarning: warning }] of versions.entries()) {
    const at = `spec.versions[${index}]`;
    yield* checkLabel(`${at}.name`, name);
    if (!schema?.openAPIV3Schema) yield required(`${at}.schema.openAPIV3Schema`, 'schemas are required');
    if (warning !== undefined && !deprecated) {
      yield invalid(`${at}.deprecationWarning`, warning, 'can only be set for deprecated versions');
    }
    if (warning === '') yield invalid(`${at}.deprecationWarning`, warning, 'must not be empty');
  }
  const names = versions.map(({ name }) => name);
  if (new Set(names).size < names.length) yield invalid('spec.versions', versions, 'must contain unique version names');
  if (versions.filter(({ storage }) => storage).length !== 1) {
    yield invalid('spec.versions', versions, 'must have exactly one version marked as storage version');
  }
  if (preserveUnknownFields) {
    const why =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    yield invalid('spec.preserveUnknownFields', true, why);
  }
}

function* checkLabel(at: string, text: string): Iterable<Cause> {
  const faults = dns1035LabelFaults(text);
  if (faults.length > 0) yield invalid(at, text, faults.join(','));
}

function* checkNames(names: Spec['names'], at: string): Iterable<Cause> {
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  for (const [field, name] of Object.entries({ plural, singular, kind, listKind }))
    if (!name) yield required(`${at}.${field}`);
  for (const [field, name] of Object.entries({ plural, singular })) if (name) yield* checkLabel(`${at}.${field}`, name);
  for (const [field, name] of Object.entries({ kind, listKind })) {
    const faults = name ? dns1035LabelFaults(name.toLowerCase()) : [];
    if (faults.length === 0) continue;
    yield invalid(`${at}.${field}`, name, `may have mixed case, but should otherwise match: ${faults.join(',')}`);
  }
  for (const [index, name] of shortNames.entries()) yield* checkLabel(`${at}.shortNames[${index}]`, name);
  if (kind && kind === listKind) yield invalid(`${at}.listKind`, listKind, 'kind and listKind may not be the same');
  for (const [index, name] of categories.entries()) yield* checkLabel(`${at}.categories[${index}]`, name);
}

function* checkConversion(
  { strategy, webhook }: NonNullable<Spec['conversion']> = { strategy: 'None' },
): Iterable<Cause> {
  const at = 'spec.conversion';
  if (!strategy) yield required(`${at}.strategy`);
  else yield* checkOneOf(`${at}.strategy`, strategy, ['None', 'Webhook']);
  if (strategy !== 'Webhook') {
    if (webhook) yield forbidden(`${at}.webhook`, 'should not be set when strategy is not set to Webhook');
    return;
  }
  const where = `${at}.webhook`;
  if (!webhook?.clientConfig) yield required(`${where}.clientConfig`, 'required when strategy is set to Webhook');
  else yield* checkWebhookAddress(webhook.clientConfig, `${where}.clientConfig`);
  const versions = webhook?.conversionReviewVersions ?? [];
  if (versions.length === 0) yield required(`${where}.conversionReviewVersions`);
  else if (!versions.some((version) => version === 'v1' || version === 'v1beta1')) {
    yield invalid(`${where}.conversionReviewVersions`, versions, 'must include at least one of v1, v1beta1');
  }
}

function* checkStoredVersions({ versions }: Spec, { storedVersions = [] }: Status): Iterable<Cause> {
  for (const [index, name] of storedVersions.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    yield invalid(
      `status.storedVersions[${index}]`,
      name,
      `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
    );
  }
}
