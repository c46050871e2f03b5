// Judges the pods of a controller at every change of one: what must hold at all times, and not only in the end.
import { type Pod, pods } from '../../src/api/kinds/pod.ts';
import type { TestServer } from './test-server.ts';

/** Judges until the answer is called; that one gives what was wrong. */
export async function auditPods(
  server: TestServer,
  isTheirs: (pod: Pod) => boolean,
  judge: (own: Pod[]) => string | undefined,
): Promise<() => string[]> {
  const all = await server.informer(pods);
  const faults: string[] = [];
  let isOn = true;
  const look = () => {
    const fault = isOn && judge(all.list().filter(isTheirs));
    if (fault) faults.push(fault);
  };
  // What comes in one go, as after a break, is of one moment.
  all.onChange(() => queueMicrotask(look));
  return () => {
    isOn = false;
    return faults;
  };
}
