import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import { type ObservedContainer, type Runtime, type RuntimeEvent, RuntimeOverdue } from '../runtime.ts';
import { ContainerWatch, type Sight } from './container-watch.ts';
import { sampleContainer } from './pod-samples.ts';

/** Docker as the watch sees it: containers, a count of the looks at them, and a stream of events that can break. */
class PlayedDocker {
  readonly containers = new Map<string, ObservedContainer>();
  looks = 0;
  lists = 0;
  pings = 0;
  /** What every call gets while the engine hangs. */
  overdue: RuntimeOverdue | undefined;
  callIsOverdue = () => {};
  #next = Promise.withResolvers<RuntimeEvent>();

  has(container: ObservedContainer): void {
    this.containers.set(container.id, container);
  }

  async tell(action: RuntimeEvent['action'], containerId = 'main-0'): Promise<void> {
    const { resolve } = this.#next;
    this.#next = Promise.withResolvers();
    resolve({ action, containerId });
    await settled();
  }

  breakStream = () => {};
  /** What was written down last of a container, where the list does not know better. */
  listedAs = new Map<string, ObservedContainer['state']>();

  readonly runtime = {
    list: async (known: (id: string) => ObservedContainer | undefined) => {
      this.lists += 1;
      if (this.overdue) throw this.overdue;
      return [...this.containers.values()].map((container) => {
        const before = known(container.id);
        return before && before.state === this.listedAs.get(container.id) ? before : container;
      });
    },
    inspect: async (id: string) => {
      this.looks += 1;
      return this.containers.get(id);
    },
    ping: async () => {
      this.pings += 1;
      if (this.overdue) throw this.overdue;
    },
    onOverdue: (heard: () => void) => {
      this.callIsOverdue = heard;
    },
    events: async (signal: AbortSignal) => this.#events(signal),
  } as unknown as Runtime;

  async *#events(signal: AbortSignal): AsyncIterable<RuntimeEvent> {
    const broken = Promise.withResolvers<never>();
    this.breakStream = () => broken.reject(new Error('broken'));
    signal.addEventListener('abort', this.breakStream);
    for (;;) yield await Promise.race([this.#next.promise, broken.promise]);
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

async function watchOf(docker: PlayedDocker, onListed = async (_: ContainerWatch) => {}) {
  const changes: string[] = [];
  const sight: Sight[] = [];
  const watch: ContainerWatch = new ContainerWatch({
    runtime: docker.runtime,
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms > 5_000 ? ms : 1, signal) },
    log: createLog({ write: () => {} }),
    onChange: (podUid) => changes.push(podUid),
    onListed: () => onListed(watch),
    onCurrent: () => changes.push('current'),
    onSight: (now) => sight.push(now),
  });
  const abort = new AbortController();
  const run = watch.run(abort.signal);
  await watch.listed;
  const end = async () => {
    abort.abort();
    await run;
  };
  return { watch, changes, sight, end };
}

test('what Docker has is listed once, then events are heeded and nothing is asked without one', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  const { watch, changes, end } = await watchOf(docker);
  assert.deepEqual(
    watch.of('u1').map(({ state }) => state),
    ['running'],
  );
  assert.deepEqual([docker.lists, docker.looks], [1, 0]);
  changes.length = 0;
  await docker.tell('start');
  assert.deepEqual([docker.looks, changes], [0, []], 'that is no news');
  docker.has(sampleContainer('main', { state: 'exited' }));
  await docker.tell('die');
  assert.deepEqual([docker.looks, changes], [1, ['u1']]);
  assert.equal(watch.get('main-0')?.state, 'exited');
  await docker.tell('destroy');
  assert.deepEqual([watch.of('u1'), changes], [[], ['u1', 'u1']]);
  await end();
});

test('that memory ran out is news of what has ended or is being looked at, and not of what runs on', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  const { watch, end } = await watchOf(docker);
  await docker.tell('oom');
  assert.equal(docker.looks, 0);
  docker.has(sampleContainer('main', { state: 'exited', exitCode: 137 }));
  await docker.tell('die');
  docker.has(sampleContainer('main', { state: 'exited', exitCode: 137, oomKilled: true }));
  await docker.tell('oom');
  assert.deepEqual([docker.looks, watch.get('main-0')?.oomKilled], [2, true]);
  await end();
});

test('that a container ends by being removed is no news, unless it is not removed', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  const { watch, changes, end } = await watchOf(docker);
  changes.length = 0;
  const remove = async () => {
    docker.has(sampleContainer('main', { state: 'exited' }));
    await docker.tell('die');
  };
  const failing = watch.removed('main-0', async () => {
    await remove();
    throw new Error('the disk is full');
  });
  await assert.rejects(failing, /the disk is full/);
  await settled();
  assert.deepEqual([docker.looks, changes, watch.get('main-0')?.state], [1, ['u1'], 'exited']);
  docker.has(sampleContainer('main'));
  await docker.tell('start');
  const looks = docker.looks;
  await watch.removed('main-0', remove);
  assert.deepEqual([docker.looks, watch.of('u1')], [looks, []]);
  await end();
});

test('what has to be done about the list is done before anything is planned by it, after each break', async (t) => {
  const docker = new PlayedDocker();
  const done: boolean[] = [];
  const { watch, end } = await watchOf(docker, async (listed) => {
    await settled();
    done.push(listed.current);
  });
  t.after(end);
  assert.deepEqual([done, watch.current], [[false], true]);
  docker.breakStream();
  while (done.length < 2) await settled();
  assert.deepEqual(done, [false, false]);
});

test('our own start is looked at once, whenever its event comes', async () => {
  const docker = new PlayedDocker();
  const { watch, end } = await watchOf(docker);
  watch.put(sampleContainer('main', { state: 'created' }));
  const started = await watch.started('main-0', async () => {
    docker.has(sampleContainer('main'));
    await docker.tell('start');
  });
  await docker.tell('start');
  assert.deepEqual([started?.state, docker.looks], ['running', 1]);
  await end();
});

test('after a break the picture is listed anew, and what went meanwhile is gone', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  const { watch, sight, end } = await watchOf(docker);
  docker.containers.clear();
  docker.has(sampleContainer('side'));
  docker.breakStream();
  await settled();
  assert.deepEqual(sight, ['current', 'away', 'current']);
  assert.deepEqual(
    watch.of('u1').map(({ name }) => name),
    ['side'],
  );
  await end();
});

test('after a break nobody trusts a list that says what was before', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  const { watch, changes, end } = await watchOf(docker);
  docker.listedAs.set('main-0', 'running');
  docker.has(sampleContainer('main', { state: 'exited' }));
  changes.length = 0;
  docker.breakStream();
  while (watch.get('main-0')?.state !== 'exited') await settled();
  assert.ok(changes.includes('current'));
  await end();
});

test('two looks at one container do not overtake each other', async () => {
  const docker = new PlayedDocker();
  const { watch, end } = await watchOf(docker);
  const answers = [sampleContainer('main'), sampleContainer('main', { state: 'exited' })];
  const delays = [20, 1];
  docker.runtime.inspect = async () => {
    const [answer, delay] = [answers.shift(), delays.shift()];
    await systemClock.sleep(delay ?? 0);
    return answer;
  };
  await Promise.all([watch.look('main-0'), watch.look('main-0')]);
  assert.equal(watch.get('main-0')?.state, 'exited');
  await end();
});

test('an answer that is overdue makes doubt: an engine that answers others is trusted, one that answers none hangs', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  const { watch, changes, sight, end } = await watchOf(docker);
  docker.callIsOverdue();
  await settled();
  assert.deepEqual([docker.pings, sight, watch.current], [1, ['current'], true]);
  docker.overdue = new RuntimeOverdue('no answer');
  changes.length = 0;
  docker.callIsOverdue();
  await settled();
  assert.deepEqual([sight.at(-1), watch.current, changes], ['hangs', false, []]);
  docker.overdue = undefined;
  docker.has(sampleContainer('main', { state: 'exited' }));
  await settled();
  assert.deepEqual([sight, watch.get('main-0')?.state], [['current', 'hangs', 'current'], 'exited']);
  assert.ok(changes.includes('current'), 'what waited is looked after again');
  await end();
});

test('a container that cannot be looked at is unknown until it can be, and holds up no other', async () => {
  const docker = new PlayedDocker();
  docker.has(sampleContainer('main'));
  docker.has(sampleContainer('side'));
  const { watch, changes, end } = await watchOf(docker);
  const { inspect } = docker.runtime;
  const stuck = Promise.withResolvers<ObservedContainer>();
  docker.runtime.inspect = (id) => (id === 'main-0' ? stuck.promise : inspect(id));
  await docker.tell('die', 'main-0');
  docker.has(sampleContainer('side', { state: 'exited' }));
  await docker.tell('die', 'side-0');
  assert.equal(watch.get('side-0')?.state, 'exited', 'the other one is seen meanwhile');
  stuck.reject(new RuntimeOverdue('stuck'));
  docker.runtime.inspect = async (id) => (id === 'main-0' ? Promise.reject(new Error('still')) : inspect(id));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watch.get('main-0')?.state, 'unknown');
  docker.runtime.inspect = inspect;
  docker.has(sampleContainer('main', { state: 'exited' }));
  changes.length = 0;
  await settled();
  assert.deepEqual([watch.get('main-0')?.state, changes], ['exited', ['u1']]);
  await end();
});

test('when a container began and ended stays as it was seen first, though the clock is set and it is looked at again', async () => {
  const docker = new PlayedDocker();
  const [startedAt, finishedAt] = [1_000, 5_000];
  docker.has(sampleContainer('main', { startedAt, startedMs: 100, endedMs: undefined, finishedAt: undefined }));
  const { watch, end } = await watchOf(docker);
  const setClock = (changes: Partial<ObservedContainer>) => docker.has(sampleContainer('main', changes));
  setClock({ startedAt, startedMs: 900, finishedAt: undefined, endedMs: undefined });
  assert.equal((await watch.look('main-0'))?.id, 'main-0');
  assert.equal(watch.get('main-0')?.startedMs, 100);
  setClock({ state: 'exited', startedAt, startedMs: 900, finishedAt, endedMs: 950 });
  await watch.look('main-0');
  assert.deepEqual([watch.get('main-0')?.startedMs, watch.get('main-0')?.endedMs], [100, 950]);
  setClock({ state: 'exited', startedAt, startedMs: 7, finishedAt, endedMs: 8 });
  await watch.look('main-0');
  assert.deepEqual([watch.get('main-0')?.startedMs, watch.get('main-0')?.endedMs], [100, 950]);
  await end();
});
