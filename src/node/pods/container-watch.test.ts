import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../base/clock.ts';
import { createLog } from '../../base/log.ts';
import type { ObservedContainer, Runtime, RuntimeEvent } from '../runtime.ts';
import { ContainerWatch } from './container-watch.ts';
import { sampleContainer } from './pod-samples.ts';

/** Docker as the watch sees it: containers, a count of the looks at them, and a stream of events that can break. */
class PlayedDocker {
  readonly containers = new Map<string, ObservedContainer>();
  looks = 0;
  lists = 0;
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

  breakStream(): void {
    const { reject } = this.#next;
    this.#next = Promise.withResolvers();
    reject(new Error('broken'));
  }

  readonly runtime = {
    list: async () => {
      this.lists += 1;
      return [...this.containers.values()];
    },
    inspect: async (id: string) => {
      this.looks += 1;
      return this.containers.get(id);
    },
    events: async () => this.#events(),
  } as unknown as Runtime;

  async *#events(): AsyncIterable<RuntimeEvent> {
    for (;;) yield await this.#next.promise;
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 5));

async function watchOf(docker: PlayedDocker) {
  const changes: string[] = [];
  const sight: boolean[] = [];
  const watch = new ContainerWatch({
    runtime: docker.runtime,
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms > 1_000 ? ms : 1, signal) },
    log: createLog({ write: () => {} }),
    onChange: (podUid) => changes.push(podUid),
    onSight: (isCurrent) => sight.push(isCurrent),
  });
  const abort = new AbortController();
  const run = watch.run(abort.signal);
  await watch.listed;
  const end = async () => {
    abort.abort();
    docker.breakStream();
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
  assert.deepEqual(sight, [true, false, true]);
  assert.deepEqual(
    watch.of('u1').map(({ name }) => name),
    ['side'],
  );
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
