// Services as rows of a table.
import { mapSelectorText } from '../selector.ts';
import { ageColumn, nameColumn, orNone } from './columns.ts';
import type { Column } from './kind.ts';
import type { Service, ServicePort } from './service-types.ts';

function externalAddresses({ spec, status }: Service): string {
  const { type, externalIPs = [], externalName } = spec;
  switch (type) {
    case 'ClusterIP':
    case 'NodePort':
      return orNone(externalIPs.join(','));
    case 'LoadBalancer': {
      const ingress = (status.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip || hostname || '');
      const balanced = [...new Set(ingress)].filter(Boolean).sort();
      return [...balanced, ...externalIPs].join(',') || '<pending>';
    }
    case 'ExternalName':
      return externalName ?? '';
    default:
      return '<unknown>';
  }
}

const portText = ({ port, nodePort, protocol = 'TCP' }: ServicePort) =>
  `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`;

export const serviceColumns: Column<Service>[] = [
  nameColumn,
  {
    name: 'Type',
    type: 'string',
    description: 'How the service is exposed.',
    value: ({ spec }) => spec.type ?? '',
  },
  {
    name: 'Cluster-IP',
    type: 'string',
    description: 'Address inside the cluster.',
    value: ({ spec }) => orNone(spec.clusterIPs?.[0] ?? spec.clusterIP),
  },
  { name: 'External-IP', type: 'string', description: 'Addresses from outside.', value: externalAddresses },
  {
    name: 'Port(s)',
    type: 'string',
    description: 'Ports, with their node ports.',
    value: ({ spec }) => orNone(spec.ports?.map(portText).join(',')),
  },
  ageColumn,
  {
    name: 'Selector',
    type: 'string',
    priority: 1,
    description: 'Selects the pods behind the service.',
    value: ({ spec }) => orNone(mapSelectorText(spec.selector)),
  },
];
