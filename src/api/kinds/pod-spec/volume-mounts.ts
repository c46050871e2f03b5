// Where a container mounts the volumes of its pod, as files or as block devices.

import { checkDescendingPath } from '../../path-rules.ts';
import { type Causes, checkOneOf, forbidden, invalid, notFound, required } from '../../validation.ts';
import type { Container, PodContext, VolumeMount } from './types.ts';

type Volumes = PodContext['volumes'];

export function* validateVolumeMounts(container: Container, at: string, volumes: Volumes): Causes {
  const paths = new Set<string>();
  const devices = container.volumeDevices ?? [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const here = `${at}.volumeMounts[${index}]`;
    const { name, mountPath } = mount;
    if (!name) yield required(`${here}.name`);
    if (!volumes.has(name)) yield notFound(`${here}.name`, name ?? '');
    if (!mountPath) yield required(`${here}.mountPath`);
    if (paths.has(mountPath)) yield invalid(`${here}.mountPath`, mountPath, 'must be unique');
    paths.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      yield invalid(`${here}.name`, name, 'must not already exist in volumeDevices');
    }
    if (devices.some(({ devicePath }) => devicePath === mountPath)) {
      yield invalid(`${here}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices');
    }
    yield* validateSubPath(mount, here, `${at}.volumeMounts`, volumes);
    yield* validatePropagation(mount, `${at}.volumeMounts`, container.securityContext?.privileged ?? false);
  }
}

/** The faults of the path itself are told of the list, as Kubernetes does. */
function* validateSubPath(
  { name, subPath, subPathExpr }: VolumeMount,
  at: string,
  list: string,
  volumes: Volumes,
): Causes {
  if (volumes.get(name)?.image) {
    if (subPath) yield invalid(`${at}.subPath`, subPath, 'not allowed in image volume sources');
    if (subPathExpr) yield invalid(`${at}.subPathExpr`, subPathExpr, 'not allowed in image volume sources');
  }
  if (subPath) yield* checkDescendingPath(`${list}.subPath`, subPath);
  if (!subPathExpr) return;
  if (subPath) yield invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive');
  yield* checkDescendingPath(`${list}.subPathExpr`, subPathExpr);
}

function* validatePropagation(mount: VolumeMount, list: string, isPrivileged: boolean): Causes {
  const { mountPropagation, recursiveReadOnly, readOnly } = mount;
  const field = `${list}.mountPropagation`;
  yield* checkOneOf(field, mountPropagation, ['Bidirectional', 'HostToContainer', 'None']);
  if (mountPropagation === 'Bidirectional' && !isPrivileged) {
    yield forbidden(field, 'Bidirectional mount propagation is available only to privileged containers');
  }
  const recursive = `${list}.recursiveReadOnly`;
  yield* checkOneOf(recursive, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible']);
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') return;
  if (!readOnly) yield forbidden(recursive, 'may only be specified when readOnly is true');
  if (mountPropagation !== undefined && mountPropagation !== 'None') {
    yield forbidden(recursive, 'may only be specified when mountPropagation is None or not specified');
  }
}

export function* validateVolumeDevices(container: Container, at: string, volumes: Volumes): Causes {
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts = container.volumeMounts ?? [];
  for (const [index, { name, devicePath }] of (container.volumeDevices ?? []).entries()) {
    const here = `${at}.volumeDevices[${index}]`;
    const volume = volumes.get(name);
    if (!name) yield required(`${here}.name`);
    if (names.has(name)) yield invalid(`${here}.name`, name, 'must be unique');
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      const refusal = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      yield invalid(`${here}.name`, name, refusal);
    }
    if (!volume) yield notFound(`${here}.name`, name ?? '');
    if (!devicePath) yield required(`${here}.devicePath`);
    if (paths.has(devicePath)) yield invalid(`${here}.devicePath`, devicePath, 'must be unique');
    if (devicePath?.split('/').includes('..')) {
      yield invalid(`${here}.devicePath`, devicePath, "can not contain backsteps ('..')");
    } else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) {
      yield invalid(`${here}.name`, name, 'must not already exist in volumeMounts');
    }
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      yield invalid(`${here}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts');
    }
    names.add(name);
  }
}
