// A program on a host of a cluster that says when something is out of rotation: prints "watching", and the time when it is so.
//   rotation-witness.ts api KUBECONFIG pods|nodes NAME     the API knows: it is not ready, ends, or is gone
//   rotation-witness.ts rules ADDRESS...                   this host's rules lead to none of the addresses
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Node, nodeReadiness, nodes } from '../../src/api/kinds/node.ts';
import { isPodReady, type Pod, pods } from '../../src/api/kinds/pod.ts';
import { createLog } from '../../src/base/log.ts';
import { Client } from '../../src/client/client.ts';
import { HttpTransport } from '../../src/client/http-transport.ts';
import { Informer } from '../../src/client/informer.ts';
import { parseKubeconfig } from '../../src/pki/kubeconfig.ts';

const [witness, ...args] = process.argv.slice(2);
const pauseMs = 10;

const isServing = {
  pods: (pod: Pod) => !pod.metadata.deletionTimestamp && isPodReady(pod),
  nodes: (node: Node) => nodeReadiness(node)?.status === 'True',
};

async function apiKnows(kubeconfig: string, plural: string, name: string): Promise<number> {
  const log = createLog({ level: 'warn', part: 'witness' });
  const client = new Client(new HttpTransport({ ...parseKubeconfig(await readFile(kubeconfig, 'utf8')), log }));
  const over = new AbortController();
  const known = Promise.withResolvers<number>();
  const follow = <T extends Pod | Node>(informer: Informer<T>, serves: (object: T) => boolean) => {
    informer.onChange(({ object, previous }) => {
      if ((object ?? previous)?.metadata.name === name && !(object && serves(object))) known.resolve(Date.now());
    });
    void informer.run(over.signal);
    return informer.synced;
  };
  await (plural === 'pods'
    ? follow(new Informer({ client, kind: pods, log }), isServing.pods)
    : follow(new Informer({ client, kind: nodes, log }), isServing.nodes));
  console.log('watching');
  return await known.promise.finally(() => over.abort());
}

async function rulesLack(addresses: string[]): Promise<number> {
  console.log('watching');
  for (;;) {
    const { stdout } = await promisify(execFile)('iptables-save', ['-t', 'nat'], { maxBuffer: 2 ** 26 });
    if (!addresses.some((address) => stdout.includes(`--to-destination ${address}:`))) return Date.now();
    await delay(pauseMs);
  }
}

const [first = '', plural = '', name = ''] = args;
console.log(String(await (witness === 'api' ? apiKnows(first, plural, name) : rulesLack(args))));
process.exit();
