// Which program runs a pod's containers, by its runtime class.
import type { Pod } from '../../api/kinds/pod.ts';
import { runtimeClasses } from '../../api/kinds/runtime-class.ts';
import { isNotFound } from '../../api/status.ts';
import type { Client } from '../../client/client.ts';
import type { ObservedContainer } from '../runtime.ts';

/** Empty is the node's default. A pod that is made anew while the master is away keeps what it had. */
export async function ociRuntimeOf(
  { spec: { runtimeClassName } }: Pod,
  client: Client,
  before: ObservedContainer | undefined,
): Promise<string> {
  if (!runtimeClassName) return '';
  try {
    return (await client.get(runtimeClasses, { name: runtimeClassName })).handler;
  } catch (error) {
    if (isNotFound(error) || !before) throw error;
    return before.ociRuntime;
  }
}
