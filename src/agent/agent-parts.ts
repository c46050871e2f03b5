// What the components of an agent hand on to each other. Each part is there from the component on that makes it: the order of
// the table in agent.ts is what makes this true.
import type { Node } from '../api/kinds/node.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { Vitals } from '../base/vitals.ts';
import type { Client } from '../client/client.ts';
import type { EventRecorder } from '../client/event-recorder.ts';
import type { Informers } from '../client/informers.ts';
import type { Network } from '../network/network.ts';
import type { DockerRuntime } from '../node/docker/docker-runtime.ts';
import type { HostFacts } from '../node/host-facts.ts';
import type { Images } from '../node/images/images.ts';
import type { NodeImages } from '../node/images/node-images.ts';
import type { NodeIdentity } from '../node/join.ts';
import type { Membership } from '../node/membership.ts';
import { NodeMetrics } from '../node/node-metrics.ts';
import type { Sight } from '../node/pods/container-watch.ts';
import type { PodAgent } from '../node/pods/pod-agent.ts';
import type { Registration } from '../node/registration.ts';
import { StaticPods } from '../node/static-pods/static-pods.ts';
import type { Disks } from '../node/stats/disks.ts';
import type { Observer } from '../node/stats/observation.ts';
import type { VolumeRooms } from '../node/stats/volume-rooms.ts';
import type { AgentOptions } from './agent-options.ts';

/** A loop that has not turned for so long stands still. Each waits for Docker or the API for some minutes at most. */
export const longestTurnMs = 300_000;

export class AgentParts {
  readonly options: AgentOptions;
  readonly clock: Clock = systemClock;
  readonly log: Log;
  readonly metrics: NodeMetrics;
  readonly vitals: Vitals;
  /** The pods that this node was told to run by itself. */
  readonly statics: StaticPods;
  /** Made by joining.ts. */
  identity!: NodeIdentity;
  client!: Client;
  /** As whom the client asks from now on. */
  renewTransport!: (identity: NodeIdentity) => void;
  membership!: Membership;
  /** This host's end of the connection to the master as it is now. */
  localAddress!: () => Promise<string>;
  /** How far this host's clock is behind the master's; undefined before the master has answered. */
  behindMs!: () => number | undefined;
  /** Made by engine.ts. */
  runtime!: DockerRuntime;
  /** Does what needs Docker, as soon as it answers. */
  whenDockerAnswers!: <T>(work: () => Promise<T>) => Promise<T>;
  recorder!: EventRecorder;
  images!: Images;
  imagesOfNode: NodeImages = [];
  /** Made by standing.ts. */
  facts!: HostFacts;
  registration!: Registration;
  /** As it was when it was registered; undefined where the master was away then. */
  node: Node | undefined;
  /** Made by pod-network.ts. */
  informers!: Informers;
  network!: Network;
  /** Made by running-pods.ts. */
  podAgent!: PodAgent;
  observer!: Observer;
  disks!: Disks;
  volumeRooms!: VolumeRooms;
  sight: Sight | undefined;
  isGoingDown = false;

  constructor(options: AgentOptions) {
    this.options = options;
    this.log = options.log;
    this.metrics = new NodeMetrics(options.nodeName);
    this.vitals = new Vitals(this.clock);
    this.statics = new StaticPods({ clock: this.clock });
  }
}
