// IngressClass: which controller carries out the ingresses that name the class.
import type { IIngressClass } from 'kubernetes-models/networking.k8s.io/v1/IngressClass';
import type { Served } from '../meta.ts';
import { checkDomainPrefixedPath, checkPathSegment } from '../name-rules.ts';
import {
  type Cause,
  checkImmutable,
  checkName,
  dnsLabelFaults,
  dnsSubdomainFaults,
  forbidden,
  required,
  tooLong,
  unsupported,
} from '../validation.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import { defineKind } from './kind.ts';

export type IngressClass = Served<IIngressClass>;
type Parameters = NonNullable<IngressClass['spec']['parameters']>;

const controllerBytesAtMost = 250;

export const ingressClasses = defineKind<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  namespaced: false,
  hasStatus: false,
  hasGeneration: true,
  isInert: true,
  columns: [
    nameColumn,
    {
      name: 'Controller',
      type: 'string',
      description: 'Who carries out ingresses of the class.',
      value: ({ spec }) => spec.controller ?? '',
    },
    {
      name: 'Parameters',
      type: 'string',
      description: 'The object with more settings for the controller.',
      value: ({ spec }) => orNone(parametersText(spec.parameters)),
    },
    ageColumn,
  ],
  setDefaults: (ingressClass) => {
    ingressClass.spec ??= {};
    const { parameters } = ingressClass.spec;
    if (parameters) parameters.scope ??= 'Cluster';
  },
  *validate({ spec: { controller, parameters } }) {
    if (controller && controller.length > controllerBytesAtMost)
      yield tooLong('spec.controller', controllerBytesAtMost);
    yield* checkDomainPrefixedPath('spec.controller', controller ?? '');
    if (parameters) yield* checkParameters(parameters);
  },
  validateUpdate: ({ spec }, previous) => checkImmutable('spec.controller', spec.controller, previous.spec.controller),
});

function parametersText(parameters: Parameters | undefined): string | undefined {
  if (!parameters) return undefined;
  const { apiGroup, kind, name } = parameters;
  return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name}`;
}

function* checkParameters({ apiGroup, kind, name, namespace, scope = '' }: Parameters): Iterable<Cause> {
  const at = 'spec.parameters';
  if (apiGroup !== undefined) yield* checkName(`${at}.apiGroup`, apiGroup, dnsSubdomainFaults);
  yield* checkPathSegment(`${at}.kind`, kind);
  yield* checkPathSegment(`${at}.name`, name);
  if (scope === 'Namespace') {
    if (namespace === undefined) yield required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'");
    else yield* checkName(`${at}.namespace`, namespace, dnsLabelFaults);
  } else if (scope === 'Cluster') {
    if (namespace !== undefined) yield forbidden(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'");
  } else yield unsupported(`${at}.scope`, scope, ['Cluster', 'Namespace']);
}
