// What a node says of its host, read from /proc and the system's own files.
import { readFile, statfs } from 'node:fs/promises';
import { arch, availableParallelism, release } from 'node:os';
import type { Node } from '../api/kinds/node.ts';
import type { Amounts } from '../api/pod-resources.ts';
import { formatKibibytes } from '../api/quantity.ts';
import { readFileIfThere } from '../base/files.ts';
import { allocatableOf, leftForPods } from './resources/node-reserve.ts';

type NodeInfo = NonNullable<Node['status']['nodeInfo']>;

export interface HostFacts {
  architecture: string;
  capacity: Record<string, string>;
  allocatable: Record<string, string>;
  /** What there is of cpu, memory and disk, and what of it pods may use together. */
  amounts: Amounts;
  forPods: Amounts;
  info: Omit<NodeInfo, 'containerRuntimeVersion' | 'kubeletVersion' | 'kubeProxyVersion'>;
}

export async function observeHost(
  dataDir: string,
  { reserve, maxPods }: { reserve: Amounts; maxPods: number },
): Promise<HostFacts> {
  const [meminfo, disk, osRelease, machineId, productUuid, bootId] = await Promise.all([
    readFile('/proc/meminfo', 'utf8'),
    statfs(dataDir),
    readFileIfThere('/etc/os-release'),
    readFileIfThere('/etc/machine-id'),
    readFile('/sys/class/dmi/id/product_uuid', 'utf8').catch(() => undefined),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
  ]);
  const memoryBytes = Number(/^MemTotal:\s+(\d+) kB$/m.exec(meminfo)?.[1] ?? 0) * 1024;
  const diskBytes = disk.blocks * disk.bsize;
  const architecture = ({ x64: 'amd64', arm64: 'arm64' } as Record<string, string>)[arch()] ?? arch();
  const cores = availableParallelism();
  const amounts = { cpu: cores * 1000, memory: memoryBytes, 'ephemeral-storage': diskBytes };
  const forPods = leftForPods(amounts, reserve);
  const common = { 'hugepages-1Gi': '0', 'hugepages-2Mi': '0', pods: String(maxPods) };
  return {
    architecture,
    capacity: {
      ...common,
      cpu: String(cores),
      memory: formatKibibytes(memoryBytes),
      'ephemeral-storage': formatKibibytes(diskBytes),
    },
    allocatable: { ...common, ...allocatableOf(forPods, diskBytes) },
    amounts,
    forPods,
    info: {
      machineID: (machineId ?? '').trim(),
      systemUUID: (productUuid ?? machineId ?? '').trim(),
      bootID: bootId.trim(),
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(osRelease ?? '')?.[1] ?? 'Linux',
      operatingSystem: 'linux',
      architecture,
    },
  };
}
