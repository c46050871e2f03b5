// Virtual machines on a private network, beside them a client outside the cluster, all in namespaces of their own. As Vagrant's: the
// first card of every machine has the same address (10.0.2.15) and the default route, and only the second one leads to the others.
//
//   a ── ens17 172.31.200.11 ──┐
//   b ── ens17 172.31.200.12 ──┼── bridge lan0, 172.31.200.1
//   client ── 172.31.200.10 ───┘

import { type Hosts, openHosts } from '../bench/hosts.ts';
import type { TestHost } from '../bench/test-host.ts';
import { type BootedDisk, openVm, type Vm } from './vm.ts';
import { ensureVmDisk } from './vm-disk.ts';

const network = '172.31.200';

export interface LanVm extends Vm {
  readonly name: string;
  readonly address: string;
  /** Nothing reaches it or comes from it by the private network any more, and no card notices. */
  partition(): Promise<void>;
  heal(): Promise<void>;
}

export interface VmLan {
  readonly machines: readonly LanVm[];
  readonly client: TestHost;
  machine(name: string): LanVm;
  close(): Promise<void>;
}

export interface VmLanOptions {
  readonly names: readonly string[];
  /** What each goes on from; otherwise each is new, and gets its name and address. */
  from?(name: string): BootedDisk;
}

export async function openVmLan({ names, from }: VmLanOptions): Promise<VmLan> {
  // Made once, not by each of them at the same time.
  await ensureVmDisk();
  const hosts = await openHosts({ names: [] });
  const open: LanVm[] = [];
  const close = async () => {
    for (const vm of open) await vm.close();
    await hosts.close();
  };
  const ends = await Promise.allSettled(
    names.map(async (name, index) => {
      const vm = await plugIn(hosts, name, 11 + index, from?.(name));
      open.push(vm);
      if (!from) await settle(vm);
      return vm;
    }),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) {
    await close();
    throw failed.reason;
  }
  const machines = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  const machine = (name: string): LanVm => {
    const found = machines.find((each) => each.name === name);
    if (!found) throw new Error(`no machine ${name} on this network`);
    return found;
  };
  return { machines, client: hosts.client.host, machine, close };
}

async function plugIn({ lan }: Hosts, name: string, lastByte: number, from?: BootedDisk): Promise<LanVm> {
  const tap = `tap-${name}`;
  const change = async (line: string) => void (await lan.exec('ip', line.split(' ')));
  await change(`tuntap add dev ${tap} mode tap`);
  await change(`link set ${tap} master lan0 up`);
  const card = `52:54:00:00:00:${lastByte}`;
  const port = { namespace: `/proc/${lan.pid}/ns/net`, tap, card };
  const vm = await openVm({ name, lan: port, ...(from && { from }) });
  return {
    ...vm,
    name,
    address: `${network}.${lastByte}`,
    partition: () => change(`link set ${tap} nomaster`),
    heal: () => change(`link set ${tap} master lan0`),
  };
}

/** Makes it a machine of its own: all of them were one until now. */
async function settle({ exec, name, address }: LanVm): Promise<void> {
  const card = `[Match]\\nName=ens17\\n[Network]\\nAddress=${address}/24\\nIPv6AcceptRA=no\\n`;
  await exec(`
    set -e
    echo ${name} >/etc/hostname
    hostname ${name}
    printf '127.0.0.1 localhost\\n127.0.1.1 ${name}\\n' >/etc/hosts
    rm /etc/machine-id
    systemd-machine-id-setup
    ip link set ens17 address 52:54:00:00:00:${address.split('.')[3]}
    printf '${card}' >/etc/systemd/network/lan.network
    networkctl reload
    timeout 120 sh -c 'until ip -4 address show dev ens17 | grep -q inet; do sleep 0.2; done'
  `);
}
