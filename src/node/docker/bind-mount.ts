// A mount of a container in Docker's words. Named by fields and not as "SOURCE:TARGET": paths may hold colons, and a source
// that is not there is refused instead of made.
import type Docker from 'dockerode';
import type { Mount } from '../runtime.ts';

/** From this version of its API on, Docker tells apart what is mounted read-only and what is so below, too. */
export const readOnlyBelowApi = [1, 44] as const;

interface BindOptions {
  Propagation: Docker.MountPropagation;
  ReadOnlyNonRecursive?: boolean;
  ReadOnlyForceRecursive?: boolean;
}

const propagations = { 'from the host': 'rslave', 'both ways': 'rshared' } as const;

export function bindMount(mount: Mount, knowsReadOnlyBelow: boolean): Docker.MountSettings {
  const { source, target, readOnly, readOnlyBelow, propagation } = mount;
  if (readOnlyBelow === 'needed' && !knowsReadOnlyBelow)
    throw new Error(`${target} requested recursive read-only mode, but it is not supported by the runtime`);
  const options: BindOptions = { Propagation: propagation ? propagations[propagation] : 'rprivate' };
  if (readOnly && knowsReadOnlyBelow) {
    // Left alone, Docker would make read-only what is mounted below wherever the kernel can.
    if (readOnlyBelow === undefined) options.ReadOnlyNonRecursive = true;
    if (readOnlyBelow === 'needed') options.ReadOnlyForceRecursive = true;
  }
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly, BindOptions: options };
}
