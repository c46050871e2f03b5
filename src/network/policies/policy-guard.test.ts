import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Namespace } from '../../api/kinds/namespace.ts';
import type { NetworkPolicy } from '../../api/kinds/network-policy.ts';
import type { Pod } from '../../api/kinds/pod.ts';
import { systemClock } from '../../base/clock.ts';
import type { ChainChange } from '../iptables/rule-keeper.ts';
import { PolicyGuard } from './policy-guard.ts';
import type { PolicyWorld } from './policy-sources.ts';

const policy = {
  metadata: { name: 'p', namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] },
} as unknown as NetworkPolicy;
const namespace = { metadata: { name: 'shop' } } as Namespace;

function pod(uid: string, labels: Record<string, string>, podIP?: string, nodeName = 'here'): Pod {
  const spec = { nodeName, containers: [{ name: 'main' }] };
  return { metadata: { name: uid, namespace: 'shop', uid, labels }, spec, status: { podIP, phase: 'Running' } } as Pod;
}

class Stage {
  world: PolicyWorld | undefined;
  /** Ends the patience of whoever waits. */
  endPatience = () => {};
  readonly guard: PolicyGuard;
  readonly #chains = new Map<string, readonly string[]>();

  constructor(world?: Partial<PolicyWorld>) {
    const after = (_: number, run: () => void) => {
      this.endPatience = run;
      return () => {};
    };
    this.guard = new PolicyGuard({ nodeName: 'here', world: () => this.world, clock: { ...systemClock, after } });
    if (world) this.set(world);
  }

  set(world: Partial<PolicyWorld>): void {
    this.world = { policies: [policy], pods: [], namespaces: [namespace], ...world };
    this.guard.change();
  }

  changes(): ChainChange[] {
    const changes = [...this.guard.takeChanges()];
    for (const { chain, lines } of changes) {
      if (lines) this.#chains.set(chain, lines);
      else this.#chains.delete(chain);
    }
    return changes;
  }

  /** The addresses that are guarded. */
  guarded(): string[] {
    this.changes();
    return (this.#chains.get('WHERRY-POL-ENTER') ?? []).map((line) => /-d (\S+)\/32/.exec(line)?.[1] ?? '');
  }
}

const web = { app: 'web' };

test('nothing is told before all is known, so that what the kernel has stays', () => {
  const { guard } = new Stage();
  guard.change();
  assert.equal(guard.isComplete, false);
  assert.deepEqual([...guard.takeChanges()], []);
});

test('a pod that starts waits until it is known what policies say of it', async () => {
  const stage = new Stage();
  const attached = stage.guard.attach(pod('one', web), 'one', '10.244.1.2');
  stage.set({});
  assert.equal(await attached, true);
  assert.deepEqual(stage.guarded(), ['10.244.1.2']);
  assert.equal(await stage.guard.attach(pod('two', { app: 'cart' }), 'two', '10.244.1.3'), false);
  assert.deepEqual(stage.guarded(), ['10.244.1.2']);
});

test('a pod does not start unguarded where that cannot be known', async () => {
  const stage = new Stage();
  const attached = stage.guard.attach(pod('one', web), 'one', '10.244.1.2');
  stage.endPatience();
  await assert.rejects(attached, /cannot be known: the API does not answer/);
});

test('when the peers of a first policy are not known yet, what was told stays in force', async () => {
  const stage = new Stage({ pods: [pod('one', web, '10.244.1.2')] });
  assert.deepEqual(stage.guarded(), ['10.244.1.2']);
  stage.world = undefined;
  stage.guard.change();
  assert.deepEqual(stage.changes(), []);
  const attached = stage.guard.attach(pod('two', web), 'two', '10.244.1.3');
  assert.deepEqual(stage.guarded(), ['10.244.1.2']);
  stage.set({ pods: [pod('one', web, '10.244.1.2')] });
  assert.equal(await attached, true);
  assert.deepEqual(stage.guarded(), ['10.244.1.2', '10.244.1.3']);
});

test('pods of this node are those that the API knows here, and those that were attached', async () => {
  const there = pod('there', web, '10.244.2.2', 'there');
  const stage = new Stage({ pods: [there, pod('known', web, '10.244.1.2'), pod('ended', web)] });
  await stage.guard.attach(pod('new', web), 'new', '10.244.1.3');
  assert.deepEqual(stage.guarded(), ['10.244.1.2', '10.244.1.3']);
  stage.guard.detachAllBut(new Set(['known']));
  assert.deepEqual(stage.guarded(), ['10.244.1.2']);
});

test("the API's labels are newer than those that a pod began with", async () => {
  const stage = new Stage({});
  await stage.guard.attach(pod('one', web), 'one', '10.244.1.2');
  assert.deepEqual(stage.guarded(), ['10.244.1.2']);
  stage.set({ pods: [pod('one', { app: 'other' })] });
  assert.deepEqual(stage.guarded(), []);
});

test('who got the address of a pod that is gone is judged by its own labels', async () => {
  const stage = new Stage({ pods: [pod('gone', web, '10.244.1.2')] });
  await stage.guard.attach(pod('next', { app: 'cart' }), 'next', '10.244.1.2');
  assert.deepEqual(stage.guarded(), []);
});

test('no policy is about a pod on the network of its host', async () => {
  const stage = new Stage({});
  const onHost = pod('host', web);
  onHost.spec.hostNetwork = true;
  assert.equal(await stage.guard.attach(onHost, 'host', '192.0.2.1'), false);
  assert.deepEqual(stage.guarded(), []);
});

test('only what differs is told, and with the last policy that all goes', () => {
  const stage = new Stage({ pods: [pod('one', web, '10.244.1.2')] });
  assert.ok(stage.changes().length > 0);
  stage.set({ pods: [pod('one', web, '10.244.1.2'), pod('else', {}, '10.244.2.9', 'there')] });
  assert.deepEqual(stage.changes(), []);
  stage.set({ policies: [] });
  const changes = stage.changes();
  assert.deepEqual(changes.find(({ chain }) => chain === 'WHERRY-POLICY')?.lines, []);
  assert.ok(changes.every(({ chain, lines }) => chain === 'WHERRY-POLICY' || lines === undefined));
});
