// The node of this host as its cluster knows it, spoken for by the node's own certificate.
import { nodes } from '../api/kinds/node.ts';
import { isPodFinished, type Pod, pods } from '../api/kinds/pod.ts';
import { isNotFound, isUnauthorized } from '../api/status.ts';
import { createLog, type Log } from '../base/log.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { keptIdentity, keptNodeName } from '../node/identity.ts';

export class NodeHere {
  readonly #name: string;
  readonly #transport: HttpTransport;
  readonly #client: Client;

  private constructor(name: string, transport: HttpTransport) {
    this.#name = name;
    this.#transport = transport;
    this.#client = new Client(transport);
  }

  /** Undefined where this host has not joined. */
  static async find(dataDir: string, server: string): Promise<NodeHere | undefined> {
    const [identity, name] = await Promise.all([keptIdentity(dataDir), keptNodeName(dataDir)]);
    if (!identity || name === undefined) return undefined;
    const log = createLog({ level: 'error' });
    return new NodeHere(name, new HttpTransport({ server, ca: identity.ca, identity, log }));
  }

  async refuseWithPods(): Promise<void> {
    const { items } = await this.#client.list(pods, { fieldSelector: `spec.nodeName=${this.#name}` }).catch(ifDeleted);
    const staying = items.filter(isToBeDrained).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    if (staying.length === 0) return;
    const some = `${staying.slice(0, 3).join(', ')}${staying.length > 3 ? ', ...' : ''}`;
    throw new Error(
      `pods run here (${some}): \`kubectl drain ${this.#name} --ignore-daemonsets\` first, or say --force`,
    );
  }

  async delete(isForced: boolean, log: Log): Promise<void> {
    try {
      await this.#client.delete(nodes, { name: this.#name });
    } catch (error) {
      if (isNotFound(error) || isUnauthorized(error)) return;
      if (!isForced) throw error;
      log.warn(`the cluster could not be told: \`kubectl delete node ${this.#name}\` there`, { error });
    }
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }
}

/** Somebody has deleted the node, and with it its certificate: nothing runs here in the eyes of its cluster. */
function ifDeleted(error: unknown): { items: Pod[] } {
  if (isUnauthorized(error)) return { items: [] };
  throw error;
}

/** As kubectl drain sees it: not those of daemon sets, which are everywhere, nor those that the node runs of its own. */
function isToBeDrained(pod: Pod): boolean {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller);
  return !isPodFinished(pod) && owner?.kind !== 'DaemonSet' && owner?.kind !== 'Node';
}
