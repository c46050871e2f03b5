// Objects of a cluster, as small as the network's tests need them.
import { type NetworkPolicy, networkPolicies } from '../../src/api/kinds/network-policy.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { KubeObject } from '../../src/api/meta.ts';

type Meta = KubeObject['metadata'];

export function nodeObject(name: string, podCIDR: string, address: string): KubeObject & Record<string, unknown> {
  const addresses = [{ type: 'InternalIP', address }];
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { podCIDR }, status: { addresses } };
}

export interface TestPort {
  name?: string;
  port: number;
  targetPort?: number;
  nodePort?: number;
  protocol?: string;
}

export interface TestServiceSpec {
  clusterIP: string;
  ports: TestPort[];
  type?: string;
  [field: string]: unknown;
}

export function serviceObject(name: string, spec: TestServiceSpec, balancerIps: string[] = []): KubeObject {
  const metadata: Meta = { name, namespace: 'shop' };
  const loadBalancer = balancerIps.length > 0 ? { ingress: balancerIps.map((ip) => ({ ip, ipMode: 'VIP' })) } : {};
  const type = spec.ports.some(({ nodePort }) => nodePort) ? 'NodePort' : 'ClusterIP';
  const object = { apiVersion: 'v1', kind: 'Service', metadata, spec: { type, ...spec }, status: { loadBalancer } };
  return object;
}

export interface TestEndpoint {
  address: string;
  ready?: boolean;
  serving?: boolean;
  terminating?: boolean;
  hostname?: string;
  nodeName?: string;
  /** For which zone it is meant. */
  forZone?: string;
}

export function sliceObject(service: string, ports: TestPort[], endpoints: TestEndpoint[]): KubeObject {
  const object = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-1`, namespace: 'shop', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: ports.map(({ name = '', port, targetPort, protocol = 'TCP' }) => ({
      name,
      port: targetPort ?? port,
      protocol,
    })),
    endpoints: endpoints.map(({ address, hostname, nodeName, forZone, ...conditions }) => ({
      addresses: [address],
      ...(forZone && { hints: { forZones: [{ name: forZone }] } }),
      conditions: { ready: true, serving: true, terminating: false, ...conditions },
      ...(hostname && { hostname }),
      ...(nodeName && { nodeName }),
    })),
  };
  return object;
}

export interface TestPodPlace {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  node: string;
  uid: string;
  address?: string;
}

export function podObject({ name, namespace, labels, node, uid, address }: TestPodPlace): Pod {
  const ports = [{ name: 'http', containerPort: 8080, protocol: 'TCP' }];
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, uid },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'x', ports }] },
    status: { phase: 'Running', ...(address && { podIP: address }) },
  };
  return object as unknown as Pod;
}

export function namespaceObject(name: string, labels: Record<string, string> = {}): KubeObject {
  const metadata: Meta = { name, labels: { 'kubernetes.io/metadata.name': name, ...labels } };
  return { apiVersion: 'v1', kind: 'Namespace', metadata };
}

/** As the API server would keep it. */
export function policyObject(name: string, spec: Partial<NetworkPolicy['spec']>, namespace = 'shop'): NetworkPolicy {
  const kind = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };
  const object = { ...kind, metadata: { name, namespace }, spec: { podSelector: {}, ...spec } } as NetworkPolicy;
  networkPolicies.setDefaults?.(object);
  return object;
}

/** A node that is ready, and joined in that minute. */
export function readyNode(name: string, podCIDR: string, address: string, minute: number): KubeObject {
  const { metadata, status, ...node } = nodeObject(name, podCIDR, address);
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }];
  const creationTimestamp = new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  return {
    ...node,
    metadata: { ...metadata, creationTimestamp },
    status: { ...(status as object), conditions },
  } as KubeObject;
}
