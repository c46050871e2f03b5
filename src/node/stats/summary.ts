// The document of /stats/summary: what node, pods and containers use, in the words of the kubelet's stats API.
import { timestamp } from '../../base/clock.ts';
import type { GroupUsage } from './control-group.ts';
import type { DiskRoom } from './disk-usage.ts';
import { type ContainerDisk, emptyDirsInMemory, type PlacedUsage, type VolumeUsage } from './disks.ts';
import type { InterfaceUsage } from './network-usage.ts';
import type { ContainerObservation, Observation, PodObservation } from './observation.ts';
import type { VolumeRoom } from './volume-rooms.ts';

/** What is looked up on disks: left out for who wants processor and memory only. */
export interface DiskObservation {
  node: DiskRoom | undefined;
  engine: DiskRoom | undefined;
  /** By the container's id. */
  containers: ReadonlyMap<string, ContainerDisk>;
  /** By the pod's uid: its own, those of them that show what is kept in memory, and those that outlive it. */
  volumes: ReadonlyMap<string, VolumeUsage[]>;
  inMemory: ReadonlyMap<string, VolumeUsage[]>;
  beyond: ReadonlyMap<string, VolumeRoom[]>;
}

export function summaryOf(nodeName: string, observation: Observation, disks: DiskObservation | undefined): object {
  const { host, nanoCores, atMs, interfaces, pods } = observation;
  const time = timestamp(atMs);
  const swap = {
    time,
    swapAvailableBytes: host.swapTotalBytes - host.swapBytes,
    swapUsageBytes: host.swapBytes,
  };
  const node = {
    nodeName,
    startTime: timestamp(host.bootedAtMs),
    cpu: { time, ...cpuOf(nanoCores, host.cpuNanos) },
    memory: {
      time,
      availableBytes: host.memoryTotalBytes - host.workingSetBytes,
      usageBytes: host.memoryBytes,
      workingSetBytes: host.workingSetBytes,
      rssBytes: host.rssBytes,
      pageFaults: host.pageFaults,
      majorPageFaults: host.majorPageFaults,
    },
    ...(disks && {
      ...networkOf(time, interfaces),
      ...(disks.node && { fs: roomOf(time, disks.node) }),
      ...(disks.engine && {
        runtime: { imageFs: roomOf(time, disks.engine), containerFs: roomOf(time, disks.engine) },
      }),
      rlimit: { time, maxpid: host.mostProcesses, curproc: host.processes },
    }),
    swap,
  };
  const withUsage = pods.filter(({ usage }) => usage);
  return { node, pods: withUsage.map((pod) => podOf(time, pod, disks)) };
}

function podOf(time: string, found: PodObservation, disks: DiskObservation | undefined): object {
  const { pod, usage, nanoCores, containers, interfaces } = found;
  const { name, namespace, uid = '' } = pod.metadata;
  const volumes = disks?.volumes.get(uid) ?? [];
  const shown = [
    ...[...volumes, ...(disks?.inMemory.get(uid) ?? [])].map((volume) => ({
      ...placedOf(time, volume),
      name: volume.name,
    })),
    ...(disks?.beyond.get(uid) ?? []).map(({ name, claim, room }) => ({
      ...roomOf(time, room),
      name,
      ...(claim && { pvcRef: { name: claim.name, namespace: claim.namespace } }),
    })),
  ];
  return {
    podRef: { name, namespace, uid },
    startTime: pod.status.startTime ?? pod.metadata.creationTimestamp,
    containers: containers.map((container) => containerOf(time, container, disks)),
    ...(usage && {
      cpu: { time, ...cpuOf(nanoCores, usage.cpuNanos) },
      memory: { time, ...memoryOf(usage) },
    }),
    ...(disks && {
      ...networkOf(time, interfaces),
      ...(shown.length > 0 && { volume: shown }),
      ...ephemeralStorageOf(time, found, volumes, disks),
      process_stats: { process_count: usage?.processes ?? 0 },
    }),
    ...(usage && { swap: { time, swapUsageBytes: usage.swapBytes } }),
  };
}

function containerOf(
  time: string,
  { container, usage, nanoCores }: ContainerObservation,
  disks: DiskObservation | undefined,
): object {
  const disk = disks?.containers.get(container.id);
  return {
    name: container.name,
    startTime: timestamp(container.startedAt ?? container.createdAt),
    cpu: { time, ...cpuOf(nanoCores, usage.cpuNanos) },
    memory: { time, ...memoryOf(usage) },
    ...(disk?.rootfs && { rootfs: placedOf(time, disk.rootfs) }),
    ...(disk?.logs && { logs: placedOf(time, disk.logs) }),
    swap: { time, swapUsageBytes: usage.swapBytes },
  };
}

function cpuOf(nanoCores: number | undefined, nanos: number): object {
  return { ...(nanoCores !== undefined && { usageNanoCores: nanoCores }), usageCoreNanoSeconds: nanos };
}

function memoryOf(usage: GroupUsage): object {
  const { memoryLimitBytes: limit, workingSetBytes } = usage;
  return {
    ...(limit !== undefined && { availableBytes: Math.max(0, limit - workingSetBytes) }),
    usageBytes: usage.memoryBytes,
    workingSetBytes,
    rssBytes: usage.rssBytes,
    pageFaults: usage.pageFaults,
    majorPageFaults: usage.majorPageFaults,
  };
}

/** The first is the one by which the others are known: that of the address. */
function networkOf(time: string, all: readonly InterfaceUsage[]): object {
  const interfaces = all.map(({ name, rxBytes, rxErrors, txBytes, txErrors }) => ({
    name,
    rxBytes,
    rxErrors,
    txBytes,
    txErrors,
  }));
  const chosen = interfaces.find(({ name }) => name === 'eth0') ?? interfaces.find(({ rxBytes }) => rxBytes > 0);
  return chosen ? { network: { time, ...chosen, interfaces } } : {};
}

function roomOf(time: string, room: DiskRoom): object {
  const { availableBytes, capacityBytes, usedBytes, inodesFree, inodes } = room;
  return { time, availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed: inodes - inodesFree };
}

function placedOf(time: string, { room, used }: PlacedUsage): object {
  return { ...roomOf(time, room), ...used };
}

/** What is the pod's own on the node's disk: layers, logs, and volumes that are not memory. */
function ephemeralStorageOf(
  time: string,
  { pod, containers }: PodObservation,
  volumes: readonly VolumeUsage[],
  { node, containers: disks }: DiskObservation,
): object {
  if (!node) return {};
  const inMemory = emptyDirsInMemory(pod);
  const parts = [
    ...containers.flatMap(({ container }) => {
      const disk = disks.get(container.id);
      return [disk?.rootfs, disk?.logs];
    }),
    ...volumes.filter(({ name }) => !inMemory.has(name)),
  ].filter((part) => part !== undefined);
  const used = {
    usedBytes: parts.reduce((total, part) => total + part.used.usedBytes, 0),
    inodesUsed: parts.reduce((total, part) => total + part.used.inodesUsed, 0),
  };
  return { 'ephemeral-storage': { ...roomOf(time, node), ...used } };
}
