// Ingress: which requests from outside go to which service, by host and path.
import type { IIngress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import type { Served } from '../meta.ts';
import { addressFaults, checkPathSegment, hostFaults, isIpAddress, portNameFaults } from '../name-rules.ts';
import {
  type Cause,
  checkName,
  checkPort,
  dns1035LabelFaults,
  dnsSubdomainFaults,
  invalid,
  required,
  unsupported,
} from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { type Column, defineKind } from './kind.ts';

export type Ingress = Served<IIngress>;
type Spec = Ingress['spec'];
type Rule = NonNullable<Spec['rules']>[number];
type Path = NonNullable<Rule['http']>['paths'][number];
type Backend = NonNullable<Spec['defaultBackend']>;

/** How the class was said before there was a field for it. */
const classAnnotation = 'kubernetes.io/ingress.class';

function hostsText(rules: Rule[] = []): string {
  const few = 3;
  const shown: string[] = [];
  for (const { host } of rules) {
    if (shown.length === few) return `${shown.join(',')} + ${rules.length - few} more...`;
    if (host) shown.push(host);
  }
  return shown.join(',') || '*';
}

const columns: Column<Ingress>[] = [
  nameColumn,
  {
    name: 'Class',
    type: 'string',
    description: 'Who is to carry it out.',
    value: ({ spec }) => orNone(spec.ingressClassName),
  },
  {
    name: 'Hosts',
    type: 'string',
    description: 'Hosts that are told apart.',
    value: ({ spec }) => hostsText(spec.rules),
  },
  {
    name: 'Address',
    type: 'string',
    description: 'Where requests from outside arrive.',
    value: ({ status }) => {
      const points = status.loadBalancer?.ingress ?? [];
      return [...new Set(points.map(({ ip, hostname }) => ip || hostname || ''))].filter(Boolean).join(',');
    },
  },
  {
    name: 'Ports',
    type: 'string',
    description: 'Ports for requests from outside.',
    value: ({ spec }) => (spec.tls?.length ? '80, 443' : '80'),
  },
  ageColumn,
];

export const ingresses = defineKind<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  namespaced: true,
  hasStatus: true,
  isInert: true,
  groupInErrors: 'extensions',
  columns,
  setDefaults: ({ status }) => {
    status.loadBalancer ??= {};
  },
  *validate({ metadata, spec }, previous) {
    yield* checkSpec(spec);
    const annotated = metadata.annotations?.[classAnnotation];
    const { ingressClassName } = spec;
    if (!previous && annotated !== undefined && ingressClassName !== undefined && annotated !== ingressClassName) {
      const why = 'must match `ingressClassName` when both are specified';
      yield invalid(`annotations.${classAnnotation}`, annotated, why);
    }
  },
  validateStatusUpdate: ({ status }) => checkStatus(status),
  warningsFor: ({ metadata, spec }, previous) =>
    !previous && metadata.annotations?.[classAnnotation] !== undefined && spec.ingressClassName === undefined
      ? [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`]
      : [],
});

function* checkSpec({ rules = [], defaultBackend, tls = [], ingressClassName }: Spec): Iterable<Cause> {
  if (rules.length === 0 && !defaultBackend) {
    yield invalid('spec', null, 'either `defaultBackend` or `rules` must be specified');
  }
  if (defaultBackend) yield* checkBackend(defaultBackend, 'spec.defaultBackend');
  for (const [index, rule] of rules.entries()) yield* checkRule(rule, `spec.rules[${index}]`);
  for (const [index, { hosts = [], secretName }] of tls.entries()) {
    const at = `spec.tls[${index}]`;
    for (const [place, host] of hosts.entries()) yield* checkName(`${at}.hosts[${place}]`, host, hostFaults);
    if (secretName) yield* checkName(`${at}.secretName`, secretName, dnsSubdomainFaults);
  }
  if (ingressClassName !== undefined) yield* checkName('spec.ingressClassName', ingressClassName, dnsSubdomainFaults);
}

function* checkRule({ host, http }: Rule, at: string): Iterable<Cause> {
  if (host) {
    if (isIpAddress(host)) yield invalid(`${at}.host`, host, 'must be a DNS name, not an IP address');
    yield* checkName(`${at}.host`, host, hostFaults);
  }
  if (!http) return;
  const { paths = [] } = http;
  if (paths.length === 0) yield required(`${at}.http.paths`);
  for (const [index, path] of paths.entries()) yield* checkPath(path, `${at}.http.paths[${index}]`);
}

const forbiddenInPaths = ['//', '/./', '/../', '%2f', '%2F'];
const forbiddenAtEnds = ['/..', '/.'];

function* checkPath({ path = '', pathType, backend }: Path, at: string): Iterable<Cause> {
  if (pathType === undefined) return yield required(`${at}.pathType`, 'pathType must be specified');
  const isStrict = pathType === 'Exact' || pathType === 'Prefix';
  if (!isStrict && pathType !== 'ImplementationSpecific') {
    yield unsupported(`${at}.pathType`, pathType, ['Exact', 'ImplementationSpecific', 'Prefix']);
  } else if ((isStrict || path !== '') && !path.startsWith('/')) {
    yield invalid(`${at}.path`, path, 'must be an absolute path');
  }
  if (isStrict) {
    for (const part of forbiddenInPaths.filter((part) => path.includes(part)))
      yield invalid(`${at}.path`, path, `must not contain '${part}'`);
    for (const end of forbiddenAtEnds.filter((end) => path.endsWith(end)))
      yield invalid(`${at}.path`, path, `cannot end with '${end}'`);
  }
  yield* checkBackend(backend ?? {}, `${at}.backend`);
}

function* checkBackend({ resource, service }: Backend, at: string): Iterable<Cause> {
  if (resource && service) return yield invalid(at, '', 'cannot set both resource and service backends');
  if (resource) {
    const { apiGroup, kind, name } = resource;
    if (apiGroup !== undefined) yield* checkName(`${at}.resource.apiGroup`, apiGroup, dnsSubdomainFaults);
    yield* checkPathSegment(`${at}.resource.kind`, kind);
    yield* checkPathSegment(`${at}.resource.name`, name);
    return;
  }
  if (!service) return yield invalid(at, '', 'resource or service backend is required');
  if (!service.name) yield required(`${at}.service.name`);
  else yield* checkName(`${at}.service.name`, service.name, dns1035LabelFaults);
  const { name, number } = service.port ?? {};
  if (name && number) yield invalid(at, '', 'cannot set both port name & port number');
  else if (name) yield* checkName(`${at}.service.port.name`, name, portNameFaults);
  else if (number) yield* checkPort(`${at}.service.port.number`, number);
  else yield required(at, 'port name or number is required');
}

function* checkStatus({ loadBalancer }: Ingress['status']): Iterable<Cause> {
  for (const [index, { ip, hostname }] of (loadBalancer?.ingress ?? []).entries()) {
    const at = `status.loadBalancer.ingress[${index}]`;
    if (ip) yield* checkName(`${at}.ip`, ip, addressFaults);
    if (!hostname) continue;
    yield* checkName(`${at}.hostname`, hostname, dnsSubdomainFaults);
    if (isIpAddress(hostname)) yield invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address');
  }
}
