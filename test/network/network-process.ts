// A program: the pod network of one node, in whatever network namespace it was started. Obeys lines of JSON on its standard
// input and answers each on its standard output. Its argument is what the node is, in JSON.
import { createInterface } from 'node:readline';
import type { ClusterSettings } from '../../src/api/cluster-settings.ts';
import type { Pod } from '../../src/api/kinds/pod.ts';
import type { KubeObject } from '../../src/api/meta.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { Client } from '../../src/client/client.ts';
import { Informers } from '../../src/client/informers.ts';
import { Network } from '../../src/network/network.ts';
import type { HostPort } from '../../src/network/pods/host-ports.ts';
import type { ReachVerdict } from '../../src/network/pods/reach-verdict.ts';
import type { RuleKindWish } from '../../src/network/services/rule-kind.ts';
import type { PodNetwork } from '../../src/node/pod-network.ts';
import { FakeApi } from './fake-api.ts';

export interface NodeConfig {
  nodeName: string;
  nodeAddress: string;
  dataDir: string;
  settings: ClusterSettings;
  /** Makes time run faster, where a test would wait for the safety net. */
  secondsInOne?: number;
  serviceRules?: RuleKindWish;
  /** Another DNS program than that which ships. */
  dnsProgram?: string;
}

export type Order =
  | { do: 'start' | 'appear' | 'settle' }
  | { do: 'put'; plural: string; object: KubeObject }
  | { do: 'delete'; plural: string; key: string }
  | { do: 'attach'; uid: string; pid: number; pod?: Pod }
  | { do: 'detach'; uid: string }
  | { do: 'openPorts'; uid: string; address: string; ports: HostPort[] }
  | { do: 'detachAllBut'; uids: string[] };

const config = JSON.parse(process.argv[2] ?? '') as NodeConfig;
const log = createLog({ level: 'debug', part: config.nodeName });
const api = new FakeApi();
const informers = new Informers(new Client(api), log);
const clock: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => await systemClock.sleep(ms / (config.secondsInOne ?? 1), signal),
};
const onReach = (verdict: ReachVerdict) => log.info('verdict', { ...verdict });
const network: Network & PodNetwork = new Network({ ...config, informers, log, clock, onReach });
const { signal } = new AbortController();
void informers.start(signal);

/** As the node agent does it: nothing is run in the pod before. */
async function attach({ uid, pid, pod }: { uid: string; pid: number; pod?: Pod }): Promise<string> {
  const address = await network.attach(uid, pid);
  if (pod) await network.guard(uid, address, pod);
  return address;
}

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'start':
      return await network.start(signal);
    case 'appear':
      return api.appear();
    case 'settle':
      // An address that nobody has is out of the rules as soon as they are those of now.
      return await network.withdrawn('0.0.0.0');
    case 'put':
      return api.put(order.plural, order.object);
    case 'delete':
      return api.delete(order.plural, order.key);
    case 'attach':
      return await attach(order);
    case 'detach':
      return await network.detach(order.uid);
    case 'openPorts':
      return await network.openPorts(order.uid, order.address, order.ports);
    case 'detachAllBut':
      return await network.detachAllBut(new Set(order.uids));
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, order } = JSON.parse(line) as { id: number; order: Order };
  const begun = performance.now();
  const answer = (rest: object) =>
    process.stdout.write(`${JSON.stringify({ id, ms: performance.now() - begun, ...rest })}\n`);
  void obey(order).then(
    (result) => answer({ result }),
    (error: unknown) => answer({ error: String(error) }),
  );
}
process.exit(0);
