// Objects of a cluster, as small as the network's tests need them.
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
    endpoints: endpoints.map(({ address, hostname, nodeName, ...conditions }) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false, ...conditions },
      ...(hostname && { hostname }),
      ...(nodeName && { nodeName }),
    })),
  };
  return object;
}
