// APIService: who serves a version of a group of the API: this server, or another one behind a service.
import type { IAPIService } from 'kubernetes-models/apiregistration.k8s.io/v1/APIService';
import type { Served } from '../meta.ts';
import { pathSegmentFaults } from '../name-rules.ts';
import {
  type Cause,
  checkName,
  checkOneOf,
  checkPort,
  dns1035LabelFaults,
  dnsSubdomainFaults,
  invalid,
  required,
} from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { defineKind } from './kind.ts';

export type ApiService = Served<IAPIService>;
type Spec = ApiService['spec'];

function availableText({ status }: ApiService): string {
  const available = status.conditions?.find(({ type }) => type === 'Available');
  if (!available) return 'Unknown';
  return available.status === 'True' ? 'True' : `${available.status} (${available.reason ?? ''})`;
}

export const apiServices = defineKind<ApiService>({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  singular: 'apiservice',
  categories: ['api-extensions'],
  namespaced: false,
  needsRevision: true,
  hasStatus: true,
  hasGeneration: false,
  isInert: true,
  nameRule: pathSegmentFaults,
  keptByStatus: ['labels', 'annotations'],
  columns: [
    nameColumn,
    {
      name: 'Service',
      type: 'string',
      description: 'The service behind which the version is served.',
      value: ({ spec: { service } }) => (service ? `${service.namespace}/${service.name}` : 'Local'),
    },
    { name: 'Available', type: 'string', description: 'Whether it can be used.', value: availableText },
    ageColumn,
  ],
  prepareCreate: ({ metadata, spec, status }) => {
    if (spec.service) return;
    status.conditions = [
      {
        type: 'Available',
        status: 'True',
        reason: 'Local',
        message: 'Local APIServices are always available',
        ...(metadata.creationTimestamp && { lastTransitionTime: metadata.creationTimestamp }),
      },
    ];
  },
  setDefaults: ({ spec }) => {
    if (spec.service) spec.service.port ??= 443;
  },
  *validate({ metadata, spec }) {
    const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec;
    if (metadata.name !== `${version}.${group}`) {
      const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(`${version}.${group}`)}`;
      yield invalid('metadata.name', metadata.name, why);
    }
    if (group) yield* checkName('spec.group', group, dnsSubdomainFaults);
    else if (version !== 'v1') {
      yield required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
    }
    yield* checkName('spec.version', version, dns1035LabelFaults);
    yield* checkPriority('spec.groupPriorityMinimum', groupPriorityMinimum, 20_000);
    yield* checkPriority('spec.versionPriority', versionPriority, 1000);
    yield* checkService(spec);
  },
  *validateStatusUpdate({ status }) {
    for (const [index, condition] of (status.conditions ?? []).entries())
      yield* checkOneOf(`status.conditions[${index}].status`, condition.status, ['True', 'False', 'Unknown']);
  },
});

function* checkPriority(at: string, priority: number, most: number): Iterable<Cause> {
  if (priority <= 0 || priority > most) yield invalid(at, priority, `must be positive and less than ${most}`);
}

function* checkService({ service, caBundle, insecureSkipTLSVerify }: Spec): Iterable<Cause> {
  const skips = 'spec.insecureSkipTLSVerify';
  if (!service) {
    if (caBundle) {
      const bytes = `${Buffer.from(caBundle, 'base64').length} bytes`;
      yield invalid('spec.caBundle', bytes, 'local APIServices may not have a caBundle');
    }
    if (insecureSkipTLSVerify) yield invalid(skips, true, 'local APIServices may not have insecureSkipTLSVerify');
    return;
  }
  const { namespace, name, port = 0 } = service;
  if (!namespace) yield required('spec.service.namespace');
  if (!name) yield required('spec.service.name');
  if (checkPort('spec.service.port', port).length > 0) {
    yield invalid('spec.service.port', port, 'port is not valid: must be between 1 and 65535, inclusive');
  }
  if (insecureSkipTLSVerify && caBundle) yield invalid(skips, true, 'may not be true if caBundle is present');
}
