// What is meant by a pod, a service or a node in a path of the API: on which node, at which address.
import { isIP } from 'node:net';
import { type EndpointSlice, endpointSlices, serviceNameLabel } from '../../api/kinds/endpoint-slice.ts';
import { addressOf, type Node, nodes } from '../../api/kinds/node.ts';
import { type Pod, pods } from '../../api/kinds/pod.ts';
import { type Service, services } from '../../api/kinds/service.ts';
import { BadRequest, NotFound, ServiceUnavailable } from '../../api/status.ts';
import type { ObjectCache } from '../object-cache.ts';
import { type ProxyAddress, parseProxyAddress } from './proxy-address.ts';

/** The agent of a node itself, or what listens at an address on it. */
export type ProxyTarget =
  | { nodeName: string; isAgent: true }
  | { nodeName: string; isAgent: false; scheme: 'http' | 'https'; host: string; port: number };

type Cache = Pick<ObjectCache, 'get' | 'list'>;

export interface ProxySubject {
  plural: string;
  namespace?: string | undefined;
  name: string;
}

export function proxyTarget(cache: Cache, { plural, namespace, name }: ProxySubject): ProxyTarget {
  const address = parseProxyAddress(name);
  const singular = plural.replace(/s$/, '');
  if (!address) throw new BadRequest(`invalid ${singular} request ${JSON.stringify(name)}`);
  if (plural === 'nodes') return nodeTarget(cache, address);
  return plural === 'pods' ? podTarget(cache, namespace, address) : serviceTarget(cache, namespace, address);
}

function podTarget(cache: Cache, namespace: string | undefined, { name, port, scheme }: ProxyAddress): ProxyTarget {
  const pod = cache.get(pods, namespace, name)?.object as Pod | undefined;
  if (!pod) throw new NotFound({ group: '', resource: 'pods', name });
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort))[0];
  const host = pod.status.podIP ?? '';
  checkAddress(host);
  const usual = scheme === 'https' ? 443 : 80;
  return onNode(pod, scheme, host, port === '' ? (declared ?? usual) : portNumber(port));
}

function serviceTarget(cache: Cache, namespace: string | undefined, address: ProxyAddress): ProxyTarget {
  const { name, scheme } = address;
  const service = cache.get(services, namespace, name)?.object as Service | undefined;
  if (!service) throw new NotFound({ group: '', resource: 'services', name });
  const portName = portNameOf(service, address.port);
  const found = readyEndpoints(cache, service, portName);
  const chosen = found[Math.floor(Math.random() * found.length)];
  if (!chosen) throw new ServiceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return onNode(chosen.pod, scheme, chosen.host, chosen.port);
}

/** The port of a service by its number is known to its endpoints by its name. */
function portNameOf({ spec, metadata: { name } }: Service, port: string): string {
  if (!/^\d+$/.test(port)) return port;
  const found = spec.ports?.find((candidate) => candidate.port === Number(port));
  if (!found) throw new ServiceUnavailable(`no service port ${port} found for service ${JSON.stringify(name)}`);
  return found.name ?? '';
}

/** Only pods are gone to: whoever may write endpoints shall not lead the API anywhere else. */
function readyEndpoints(cache: Cache, { metadata: { namespace, name } }: Service, portName: string) {
  const slices = cache.list(endpointSlices, namespace).map(({ object }) => object as EndpointSlice);
  return slices
    .filter(({ metadata }) => metadata.labels?.[serviceNameLabel] === name)
    .flatMap(({ endpoints, ports = [] }) => {
      const port = ports.find((candidate) => (candidate.name ?? '') === portName)?.port;
      if (port === undefined) return [];
      return endpoints.flatMap(({ addresses: [host = ''], conditions, targetRef }) => {
        if (conditions?.ready === false || targetRef?.kind !== 'Pod') return [];
        const pod = cache.get(pods, namespace, targetRef.name ?? '')?.object as Pod | undefined;
        return pod?.status.podIP === host ? [{ pod, host, port }] : [];
      });
    });
}

function nodeTarget(cache: Cache, { name, port, scheme }: ProxyAddress): ProxyTarget {
  const node = cache.get(nodes, undefined, name)?.object as Node | undefined;
  if (!node) throw new NotFound({ group: '', resource: 'nodes', name });
  const own = node.status.daemonEndpoints?.kubeletEndpoint?.Port;
  if (port === '' || Number(port) === own) return { nodeName: name, isAgent: true };
  const host = addressOf(node, 'InternalIP') ?? '';
  checkAddress(host);
  return { nodeName: name, isAgent: false, scheme, host, port: portNumber(port) };
}

function onNode(pod: Pod, scheme: 'http' | 'https', host: string, port: number): ProxyTarget {
  const { nodeName } = pod.spec;
  if (!nodeName) throw new BadRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return { nodeName, isAgent: false, scheme, host, port };
}

function checkAddress(host: string): void {
  const isOfHostItself = /^(127\.|169\.254\.|0\.|::1$|fe80:)/i.test(host);
  if (isIP(host) === 0 || isOfHostItself) throw new BadRequest('address not allowed');
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new BadRequest(`invalid port ${JSON.stringify(text)}: must be a number from 1 to 65535`);
  return port;
}
