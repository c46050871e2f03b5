// The node's part of the pod network, put together: bridge, pod links, routes, service rules, DNS.
// Holds: what a former life of the agent left in the kernel goes on working while this one learns what the cluster wants;
// and where nothing is left, after a reboot, the cluster is what it was the last time until the API answers.
import { join } from 'node:path';
import type { ClusterSettings } from '../api/cluster-settings.ts';
import { type EndpointSlice, endpointSlices } from '../api/kinds/endpoint-slice.ts';
import { type Namespace, namespaces } from '../api/kinds/namespace.ts';
import { type Node, nodes } from '../api/kinds/node.ts';
import type { Pod } from '../api/kinds/pod.ts';
import { type Service, services } from '../api/kinds/service.ts';
import type { KubeObject } from '../api/meta.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { runBeside } from '../base/component.ts';
import { readFileIfThere, removeParts, writeFileWhole } from '../base/files.ts';
import type { Log } from '../base/log.ts';
import type { Informer } from '../client/informer.ts';
import { rememberInformer } from '../client/informer-memory.ts';
import type { Informers } from '../client/informers.ts';
import { DnsKeeper, dnsSocketPath } from './dns/dns-keeper.ts';
import { RecordSource } from './dns/record-source.ts';
import { HostRules } from './host-rules.ts';
import { IpBatch } from './ip-command.ts';
import { claimNetwork } from './network-claim.ts';
import { AddressAllocator } from './pods/address-allocator.ts';
import { type Bridge, ensureBridge } from './pods/bridge.ts';
import { type HostPort, HostPorts } from './pods/host-ports.ts';
import { PodLinks } from './pods/pod-links.ts';
import { ReachCheck } from './pods/reach-check.ts';
import { ReachEcho } from './pods/reach-echo.ts';
import type { ReachVerdict } from './pods/reach-verdict.ts';
import { Routes } from './pods/routes.ts';
import { PolicyGuard } from './policies/policy-guard.ts';
import { PolicySources } from './policies/policy-sources.ts';
import { BalancerAddresses } from './services/balancer-addresses.ts';
import { HealthChecks } from './services/health-checks.ts';
import { type MasterEndpoint, masterServiceKey, slicesAsDialled } from './services/master-endpoint.ts';
import type { RuleKindWish } from './services/rule-kind.ts';
import { serviceKeyOf } from './services/service-proxy.ts';

export interface NetworkOptions {
  nodeName: string;
  /** Where other nodes reach this one. */
  nodeAddress: string;
  dataDir: string;
  settings: ClusterSettings;
  /** May be started before or after the network, which asks for what it needs when it is constructed. */
  informers: Informers;
  /** Where this node reaches the API. */
  master?: MasterEndpoint | undefined;
  /** Told what became of looking whether the other nodes' pods are reached. */
  onReach?(verdict: ReachVerdict): void;
  log: Log;
  clock?: Clock;
  /** Where the rules of services are to stand. */
  serviceRules?: RuleKindWish | undefined;
  /** Another DNS program than that which ships. */
  dnsProgram?: string;
}

const checkEveryMs = 30_000;

export class Network {
  readonly #options: NetworkOptions;
  readonly #clock: Clock;
  readonly #ip = new IpBatch();
  readonly #nodes: Informer<Node>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #namespaces: Informer<Namespace>;
  readonly #slicesOf: (serviceKey: string) => EndpointSlice[];
  readonly #records: RecordSource;
  #pods: PodLinks | undefined;
  #hostPorts: HostPorts | undefined;
  #rules: HostRules | undefined;
  #balancerAddresses: BalancerAddresses | undefined;
  readonly #policySources: PolicySources;
  readonly #guard: PolicyGuard;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#nodes = options.informers.for(nodes);
    this.#services = options.informers.for(services);
    this.#slices = options.informers.for(endpointSlices);
    this.#namespaces = options.informers.for(namespaces);
    const slicesOf = this.#slices.indexBy((slice) => [serviceKeyOf(slice)]);
    this.#slicesOf = (key) =>
      key === masterServiceKey ? slicesAsDialled(slicesOf(key), options.master) : slicesOf(key);
    this.#records = new RecordSource({
      services: this.#services,
      slices: this.#slices,
      slicesOf: this.#slicesOf,
      namespaces: this.#namespaces,
    });
    this.#policySources = new PolicySources({
      informers: options.informers,
      folder: join(options.dataDir, 'network', 'remembered'),
      clock: this.#clock,
      log: options.log,
      onChange: () => {
        this.#guard.change();
        this.#rules?.change();
      },
    });
    const world = () => this.#policySources.world();
    this.#guard = new PolicyGuard({ nodeName: options.nodeName, world, clock: this.#clock });
  }

  /** Resolves when pods can be attached, are forwarded, and DNS answers. */
  async start(signal: AbortSignal): Promise<void> {
    const { nodeName, nodeAddress, dataDir, settings, log } = this.#options;
    const ip = this.#ip;
    signal.addEventListener('abort', () => ip.close());
    await claimNetwork(log, signal);
    await this.#remember(signal);
    const podCidr = await this.#podCidr(signal);
    const bridgeWish = { podCidr, nodeAddress, settings };
    let bridge: Bridge = await ensureBridge(bridgeWish, ip);
    const allocator = await AddressAllocator.load(join(dataDir, 'network', 'addresses'), podCidr);
    this.#pods = new PodLinks({ allocator, bridge: () => bridge, ip, log });

    this.#hostPorts = await HostPorts.load(join(dataDir, 'network', 'host-ports'));
    const rules = await this.#startRules(podCidr, this.#hostPorts, signal);
    this.#rules = rules;
    await this.#startDns(signal);
    const reach = await this.#startReachCheck(bridge.gateway, () => bridge.mtu, signal);
    const routes = new Routes({
      nodeName,
      nodeAddress,
      podCidr,
      backend: settings.networkBackend,
      nodes: this.#nodes,
      ip,
      log,
      onTunnel: async () => {
        bridge = await ensureBridge(bridgeWish, ip);
      },
      onWays: (ways) => reach.follow(ways),
    });
    runBeside(routes.run(signal), signal, log, 'routes');
    runBeside(
      this.#runChecks(signal, async () => {
        bridge = await ensureBridge(bridgeWish, ip);
        await this.#pods?.check();
        routes.check();
        await rules.check();
        this.#balancerAddresses?.check();
      }),
      signal,
      log,
      'network checks',
    );
    log.info('pod network is up', { podCidr, bridge: bridge.gateway, mtu: bridge.mtu });
  }

  async attach(podUid: string, pid: number): Promise<string> {
    return await this.#started().attach(podUid, pid);
  }

  async guard(podUid: string, address: string, pod: Pod): Promise<void> {
    if (await this.#guard.attach(pod, podUid, address)) await this.#rules?.applied();
  }

  async withdrawn(address: string): Promise<void> {
    await this.#rules?.withdrawn(address);
  }

  /** Leads these ports of the host to the pod, and no others. Resolves when the kernel does so. */
  async openPorts(podUid: string, address: string, ports: readonly HostPort[]): Promise<void> {
    await this.#hostPorts?.open(podUid, { address, ports });
    // Also where nothing is new: the kernel may not have taken them the last time.
    await this.#rules?.applied();
  }

  async detach(podUid: string): Promise<void> {
    this.#guard.detach(podUid);
    if (await this.#hostPorts?.close(podUid)) await this.#rules?.applied();
    await this.#started().detach(podUid);
  }

  async detachAllBut(podUids: ReadonlySet<string>): Promise<void> {
    this.#guard.detachAllBut(podUids);
    if (await this.#hostPorts?.closeAllBut(podUids)) await this.#rules?.applied();
    await this.#started().detachAllBut(podUids);
  }

  async #startReachCheck(gateway: string, mtu: () => number, signal: AbortSignal): Promise<ReachCheck> {
    const { nodeName, nodeAddress, settings, log } = this.#options;
    const clock = this.#clock;
    const reach = new ReachCheck({
      self: { name: nodeName, address: nodeAddress, clusterCidr: settings.clusterCidr },
      echo: await ReachEcho.open(gateway, clock, signal),
      nodes: this.#nodes,
      mtu,
      onVerdict: (verdict) => this.#options.onReach?.(verdict),
      clock,
      log,
    });
    reach.start(signal);
    return reach;
  }

  #started(): PodLinks {
    if (!this.#pods) throw new Error('the pod network has not been started');
    return this.#pods;
  }

  /** Services, endpoints, namespaces and nodes as they were the last time. */
  async #remember(signal: AbortSignal): Promise<void> {
    const { dataDir, log } = this.#options;
    const folder = join(dataDir, 'network', 'remembered');
    await removeParts(folder);
    const remember = <T extends KubeObject>(informer: Informer<T>, name: string) => {
      const path = join(folder, `${name}.jsonl`);
      return rememberInformer({ informer, path, clock: this.#clock, log }, signal);
    };
    await Promise.all([
      remember(this.#nodes, 'nodes'),
      remember(this.#services, 'services'),
      remember(this.#slices, 'endpoint-slices'),
      remember(this.#namespaces, 'namespaces'),
    ]);
  }

  /** The range of this node's pods: the one it had, else the one that it is given. */
  async #podCidr(signal: AbortSignal): Promise<string> {
    const { dataDir, nodeName, log } = this.#options;
    const path = join(dataDir, 'network', 'pod-cidr');
    const remembered = (await readFileIfThere(path))?.trim();
    const given = Promise.withResolvers<string>();
    signal.addEventListener('abort', () => given.reject(signal.reason));
    let current = remembered;
    this.#nodes.onChange(({ key, object }) => {
      const podCidr = key === nodeName ? object?.spec.podCIDR : undefined;
      if (!podCidr || podCidr === current) return;
      if (current)
        log.warn('the node was given another pod network: it takes effect when the agent starts again', {
          podCidr,
          current,
        });
      current = podCidr;
      void writeFileWhole(path, podCidr).then(() => given.resolve(podCidr), given.reject);
    });
    if (remembered) {
      given.promise.catch(() => {});
      return remembered;
    }
    log.info('waiting for the pod network of this node');
    return await given.promise;
  }

  async #startRules(podCidr: string, hostPorts: HostPorts, signal: AbortSignal): Promise<HostRules> {
    const { settings, nodeName, nodeAddress, serviceRules, log } = this.#options;
    const clock = this.#clock;
    const [services, slices, slicesOf] = [this.#services, this.#slices, this.#slicesOf];
    const rules = new HostRules({
      ...{ settings, nodeName, nodeAddress, podCidr, services, slices, nodes: this.#nodes, slicesOf, clock, log },
      ...{ kindWish: serviceRules ?? 'auto', hostPorts, parts: [this.#guard] },
    });
    await rules.start(signal);
    const addresses = new BalancerAddresses({ nodeName, nodeAddress, services, ip: this.#ip, clock, log });
    runBeside(
      rules.followServices(signal).then(() => addresses.start(signal)),
      signal,
      log,
      'service rules',
    );
    this.#balancerAddresses = addresses;
    new HealthChecks({ nodeName, services, slicesOf, isProxyHealthy: () => rules.isHealthy, log }).start(signal);
    this.#rules = rules;
    runBeside(this.#policySources.run({ hasRules: rules.hasFoundRules }, signal), signal, log, 'network policies');
    return rules;
  }

  async #startDns(signal: AbortSignal): Promise<void> {
    const { settings, dataDir, dnsProgram, log } = this.#options;
    const socketPath = dnsSocketPath(dataDir);
    const options = { socketPath, settings, source: this.#records, clock: this.#clock, log };
    await new DnsKeeper({ ...options, ...(dnsProgram && { program: dnsProgram }) }).start(signal);
  }

  /** The safety net: what others took away is put back. */
  async #runChecks(signal: AbortSignal, check: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(checkEveryMs, signal);
      try {
        await check();
      } catch (error) {
        this.#options.log.warn('check of the network failed, trying again later', { error });
      }
    }
  }
}
