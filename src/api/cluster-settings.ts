// What every part of a cluster must agree on: address ranges and the domain. Kept in kube-system/wherry-cluster.
import ipaddr from 'ipaddr.js';
import { addressOfNumber, numberOfAddress } from './address-range.ts';

/**
 * How packets come from node to node: by direct routes where two nodes share a link and wrapped where they do not, or the one
 * or the other for all.
 */
export const networkBackends = ['auto', 'routes', 'vxlan'] as const;
export type NetworkBackend = (typeof networkBackends)[number];

/**
 * The UDP port of nodes at which wrapped packets arrive: Linux' own and flannel's. The registered one, 4789, is that of Docker's
 * swarms, and some clouds keep it for themselves.
 */
export const tunnelPort = 8472;

export interface ClusterSettings {
  /** The range from which every node gets a network for its pods. */
  clusterCidr: string;
  serviceCidr: string;
  clusterDomain: string;
  /** Where pods find DNS: an address of the service range, answered on every node. */
  dnsAddress: string;
  networkBackend: NetworkBackend;
  /** How long a node may be silent; each agent shows four times as often that its node lives. */
  nodeGraceMs: number;
}

type Assumed = 'networkBackend' | 'nodeGraceMs';
const defaultNodeGraceMs = 50_000;

export const clusterSettingsRef = { namespace: 'kube-system', name: 'wherry-cluster' };

export function clusterSettings({
  clusterCidr,
  serviceCidr,
  clusterDomain,
  networkBackend = 'auto',
  nodeGraceMs = defaultNodeGraceMs,
}: Omit<ClusterSettings, 'dnsAddress' | Assumed> & Partial<Pick<ClusterSettings, Assumed>>): ClusterSettings {
  const dnsAddress = addressInRange(serviceCidr, 10);
  return { clusterCidr, serviceCidr, clusterDomain, dnsAddress, networkBackend, nodeGraceMs };
}

export function clusterSettingsFromData(data: Record<string, string> = {}): ClusterSettings {
  const read = (key: keyof ClusterSettings) => {
    const value = data[key];
    if (!value) throw new Error(`config map ${clusterSettingsRef.namespace}/${clusterSettingsRef.name} has no ${key}`);
    return value;
  };
  return {
    clusterCidr: read('clusterCidr'),
    serviceCidr: read('serviceCidr'),
    clusterDomain: read('clusterDomain'),
    dnsAddress: read('dnsAddress'),
    networkBackend: networkBackends.find((backend) => backend === data.networkBackend) ?? 'auto',
    nodeGraceMs: Number(data.nodeGraceMs) || defaultNodeGraceMs,
  };
}

/** As the config map has them. */
export function dataOfClusterSettings(settings: ClusterSettings): Record<string, string> {
  return { ...settings, nodeGraceMs: String(settings.nodeGraceMs) };
}

/** The address that lies so many places behind the start of an IPv4 range. */
export function addressInRange(cidr: string, offset: number): string {
  const [start, length] = ipaddr.IPv4.parseCIDR(cidr);
  const base = numberOfAddress(ipaddr.IPv4.networkAddressFromCIDR(cidr).toString());
  if (offset < 0 || offset >= 2 ** (32 - length)) throw new RangeError(`${start}/${length} has no address ${offset}`);
  return addressOfNumber(base + offset);
}

/** How many addresses an IPv4 range has, its first and last included. */
export function rangeSize(cidr: string): number {
  return 2 ** (32 - ipaddr.IPv4.parseCIDR(cidr)[1]);
}

export function isInRange(address: string, cidr: string): boolean {
  return ipaddr.IPv4.isValid(address) && ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(cidr));
}

/** An IPv4 range written as the kernel does: by its first address. */
export function networkOf(cidr: string): string {
  return `${ipaddr.IPv4.networkAddressFromCIDR(cidr.trim())}/${ipaddr.IPv4.parseCIDR(cidr.trim())[1]}`;
}
