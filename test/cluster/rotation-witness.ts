// A program on a host of a cluster that says when something is out of rotation: prints "watching", and the time when it is so.
//   rotation-witness.ts api KUBECONFIG pods|nodes NAME     the API knows: it is not ready, ends, or is gone
//   rotation-witness.ts rules ADDRESS...                   this host's rules, which led to all of the addresses, lead to none
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

/** Of either kind. */
async function rulesOfServices(): Promise<string> {
  const script = 'nft list table ip wherry 2>/dev/null || iptables-save -t nat';
  return (await promisify(execFile)('sh', ['-c', script], { maxBuffer: 2 ** 26 })).stdout;
}

async function rulesLack(addresses: string[]): Promise<number> {
  const leadTo = (rules: string) => (address: string) =>
    new RegExp(`(to-destination |dnat to | : )${address}(:| \\.)`).test(rules);
  while (!addresses.every(leadTo(await rulesOfServices()))) await delay(pauseMs);
  console.log('watching');
  while (addresses.some(leadTo(await rulesOfServices()))) await delay(pauseMs);
  return Date.now();
}

const [first = '', plural = '', name = ''] = args;
console.log(String(await (witness === 'api' ? apiKnows(first, plural, name) : rulesLack(args))));
process.exit();
