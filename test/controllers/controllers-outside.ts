// Controllers that run here and not in the server, which they know by their client alone.
import { systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { Client } from '../../src/client/client.ts';
import { EventRecorder } from '../../src/client/event-recorder.ts';
import { Informers } from '../../src/client/informers.ts';
import type { Transport } from '../../src/client/transport.ts';
import { WorkQueue } from '../../src/client/work-queue.ts';
import type { Controller, ControllerContext } from '../../src/controllers/controller.ts';

/** Starts them, and answers what they know of the cluster. */
export async function runOutside(
  transport: Transport,
  makers: readonly ((context: ControllerContext) => Controller)[],
  signal: AbortSignal,
): Promise<Informers> {
  const log = createLog({ level: 'error' });
  const client = new Client(transport);
  const informers = new Informers(client, log);
  const context = {
    ...{ client, informers, log, clock: systemClock, metrics: new Metrics() },
    workQueue: (options) => new WorkQueue(options),
    recorder: (component) => new EventRecorder({ client, log, component }),
  } as Partial<ControllerContext> as ControllerContext;
  const controllers = makers.map((make) => make(context));
  await informers.start(signal);
  for (const controller of controllers) controller.start(signal);
  return informers;
}
