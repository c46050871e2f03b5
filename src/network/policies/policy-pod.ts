// A pod as network policies see it: what they select it by, where it is, and what its ports are called.
import { isPodFinished, type Pod } from '../../api/kinds/pod.ts';
import type { Labels } from '../../api/selector.ts';
import { ipv4Address } from '../../api/traffic-rules.ts';

export interface PolicyPod {
  uid: string;
  namespace: string;
  labels: Labels;
  address: string;
  ports: readonly NamedPort[];
}

export interface NamedPort {
  name: string;
  protocol: Protocol;
  port: number;
}

/** Not SCTP: a kernel that does not know it would refuse all rules because of one. What is not allowed is denied all the same. */
export type Protocol = 'tcp' | 'udp';

export function protocolOf(text: string | undefined): Protocol | undefined {
  if (text === undefined || text === 'TCP') return 'tcp';
  return text === 'UDP' ? 'udp' : undefined;
}

/** Undefined for what no policy is about: pods on their host's network, without an address of IPv4 yet, or ended. */
export function policyPodOf(pod: Pod, told = pod.status.podIP): PolicyPod | undefined {
  const address = ipv4Address(told ?? '');
  if (!address || pod.spec.hostNetwork || isPodFinished(pod)) return undefined;
  const { uid = '', namespace = '', labels = {} } = pod.metadata;
  return { uid, namespace, labels, address, ports: namedPortsOf(pod) };
}

function namedPortsOf({ spec }: Pod): NamedPort[] {
  // Init containers, too: those that stay serve beside the others.
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ name, protocol: text, containerPort: port }) => {
      const protocol = protocolOf(text);
      return name && protocol ? [{ name, protocol, port }] : [];
    }),
  );
}

/** A pod without all that no policy asks for: every node keeps one of each pod of the cluster. */
export function essentialsOf({ apiVersion, kind, metadata, spec, status }: Pod): Pod {
  const { name, namespace, uid, labels, resourceVersion } = metadata;
  const portsOnly = (containers: Pod['spec']['containers'] = []) =>
    containers.filter(({ ports }) => ports?.length).map(({ name: of, ports }) => ({ name: of, ports: ports ?? [] }));
  const essentials = {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, labels, resourceVersion },
    spec: {
      nodeName: spec.nodeName,
      hostNetwork: spec.hostNetwork,
      initContainers: portsOnly(spec.initContainers),
      containers: portsOnly(spec.containers),
    },
    status: { phase: status.phase, podIP: status.podIP },
  };
  return essentials as Pod;
}
