// Whether pods' ports of the bridge pass frames to each other. Pods are routed, and have no reason to; one that knows another's
// card address could yet send to it past the host's rules. So the ports are isolated, unless the host's rules see bridged traffic,
// too (br_netfilter): then nothing gets past them (of IPv4, and pods have no IPv6), and what is led from one port to another by a
// service must be passed on.
import { readFileIfThere } from '../../base/files.ts';
import { ipJson } from '../ip-command.ts';
import { bridgeName } from '../owned-names.ts';

export type Isolation = 'on' | 'off';

/** A port as `ip -details -json link show` tells it. */
export interface BridgePort {
  ifname: string;
  linkinfo?: { info_slave_data?: { isolated?: boolean } };
}

export async function neededIsolation(): Promise<Isolation> {
  const sees = await readFileIfThere('/proc/sys/net/bridge/bridge-nf-call-iptables');
  return sees?.trim() === '1' ? 'off' : 'on';
}

export function observePorts(): Promise<BridgePort[]> {
  return ipJson<BridgePort>(['-details', 'link', 'show', 'master', bridgeName]);
}

/** The lines for `ip -batch`; none where the ports are as they should be. */
export function planIsolation(needed: Isolation, ports: BridgePort[]): string[] {
  return ports
    .filter(({ linkinfo }) => linkinfo?.info_slave_data?.isolated !== (needed === 'on'))
    .map(({ ifname }) => `link set ${ifname} type bridge_slave isolated ${needed}`);
}
