// Whether this node reaches the pods of the others: looked at when a node joins or its way changes, soon again while one is not
// reached, and seldom otherwise. Nodes that are not ready are not asked: that is another trouble, told by others.
import { type Node, nodeReadiness } from '../../api/kinds/node.ts';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Informer } from '../../client/informer.ts';
import { WorkQueue } from '../../client/work-queue.ts';
import { gatewayOf, type NodeWay } from './node-ways.ts';
import type { ReachEcho } from './reach-echo.ts';
import { type Answer, type AskingNode, type Finding, judge, type ReachVerdict } from './reach-verdict.ts';

const seldomMs = 600_000;
const soonMs = 15_000;
/** Others that are not reached ask so often. */
const heardWithinMs = 4 * soonMs;
const attempts = 3;
const smallBytes = 64;

export interface ReachCheckOptions {
  self: AskingNode;
  echo: ReachEcho;
  nodes: Informer<Node>;
  /** How large a packet of a pod may be. */
  mtu(): number;
  onVerdict(verdict: ReachVerdict): void;
  clock: Clock;
  log: Log;
}

export class ReachCheck {
  readonly #options: ReachCheckOptions;
  readonly #queue: WorkQueue;
  #ways: NodeWay[] = [];
  #told = '';

  constructor(options: ReachCheckOptions) {
    this.#options = options;
    const { clock, log, nodes } = options;
    this.#queue = new WorkQueue({ name: 'reach', log, clock, sync: (_, signal) => this.#sync(signal) });
    nodes.onChange(({ object, previous }) => {
      if (isReady(object) !== isReady(previous)) this.#queue.add('others');
    });
  }

  start(signal: AbortSignal): void {
    this.#queue.start(signal);
  }

  follow(ways: NodeWay[]): void {
    this.#ways = ways;
    this.#queue.add('others');
  }

  async #sync(signal: AbortSignal): Promise<void> {
    const { self, nodes, onVerdict, log } = this.#options;
    const ways = this.#ways.filter(({ node }) => isReady(nodes.get(node)));
    const findings = await Promise.all(ways.map((way) => this.#find(way, signal)));
    // Who is lost meanwhile does not count.
    const lasting = findings.filter(({ way }) => isReady(nodes.get(way.node)));
    const verdict = judge(self, nodes.list(), lasting);
    const telling = JSON.stringify(verdict);
    if (telling !== this.#told && ways.length > 0) {
      const { reason, message } = verdict;
      if (lasting.some(({ answer }) => answer !== 'reached')) log.warn('nodes are not reached', { reason, message });
      else log.info(message);
    }
    this.#told = telling;
    onVerdict(verdict);
    this.#queue.addAfter('others', verdict.reason === 'PodNetworkIsUp' ? seldomMs : soonMs);
  }

  async #find(way: NodeWay, signal: AbortSignal): Promise<Finding> {
    const gateway = gatewayOf(way.podCidr);
    const answer = way.by === undefined ? 'silent' : await this.#answerOf(gateway, signal);
    return { way, answer, isHeard: this.#options.echo.hasHeard(gateway, heardWithinMs) };
  }

  async #answerOf(gateway: string, signal: AbortSignal): Promise<Answer> {
    if (!(await this.#comesBack(gateway, smallBytes, signal))) return 'silent';
    return (await this.#comesBack(gateway, this.#options.mtu(), signal)) ? 'reached' : 'small';
  }

  async #comesBack(gateway: string, bytes: number, signal: AbortSignal): Promise<boolean> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (await this.#options.echo.ask(gateway, bytes, signal)) return true;
    }
    return false;
  }
}

function isReady(node: Node | undefined): boolean {
  return node !== undefined && nodeReadiness(node)?.status === 'True';
}
