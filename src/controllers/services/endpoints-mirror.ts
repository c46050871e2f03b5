// Services without a selector, whose Endpoints somebody keeps by hand: mirrors those as EndpointSlices, which nodes and DNS read.
import {
  type EndpointSlice,
  endpointSlices,
  managedByLabel,
  serviceNameLabel,
} from '../../api/kinds/endpoint-slice.ts';
import { endpoints } from '../../api/kinds/endpoints.ts';
import { services } from '../../api/kinds/service.ts';
import { isAlreadyExists, unlessGone } from '../../api/status.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { endingNamespaces } from '../ending-namespaces.ts';
import { isMirrored, mirrorManager, planMirror } from './endpoints-mirror-plan.ts';
import type { SliceStep } from './service-endpoints-plan.ts';

export function endpointsMirrorController(context: ControllerContext): Controller {
  const { client, informers, clock } = context;
  const log = context.log.named('endpoints-mirror');
  const allServices = informers.for(services);
  const allEndpoints = informers.for(endpoints);
  const allSlices = informers.for(endpointSlices);
  const isEnding = endingNamespaces(informers);
  const mirrorsOf = allSlices.indexBy(mirrorKeys);
  const queue = context.workQueue({ name: 'endpoints-mirror', log, clock, sync, workers: 4 });

  allServices.onChange(({ key }) => {
    if (allEndpoints.get(key) || mirrorsOf(key).length > 0) queue.add(key);
  });
  allEndpoints.onChange(({ key }) => {
    // Those of a service with a selector are many, and none of ours.
    if (!Object.keys(allServices.get(key)?.spec.selector ?? {}).length) queue.add(key);
  });
  allSlices.onChange(({ object, previous }) => {
    for (const slice of [object, previous]) for (const key of slice ? mirrorKeys(slice) : []) queue.add(key);
  });

  async function sync(key: string): Promise<void> {
    const kept = allEndpoints.get(key);
    const mirrors = mirrorsOf(key);
    const steps =
      kept && isMirrored(kept, allServices.get(key))
        ? planMirror(kept, mirrors)
        : mirrors.map((slice): SliceStep => ({ do: 'delete', slice }));
    for (const step of steps) await doStep(step);
  }

  async function doStep(step: SliceStep): Promise<void> {
    switch (step.do) {
      case 'create':
        if (isEnding(step.draft.metadata.namespace)) return;
        await client.create(endpointSlices, step.draft).catch((error: unknown) => {
          // There already, only not in the cache yet: its event brings us here again.
          if (!isAlreadyExists(error)) throw error;
        });
        return;
      case 'update':
        await client.update(endpointSlices, step.slice);
        return;
      case 'delete': {
        const { metadata } = step.slice;
        await client.delete(endpointSlices, metadata, { uid: metadata.uid }).catch(unlessGone);
      }
    }
  }

  return { name: 'endpoints-mirror', start: (signal) => queue.start(signal) };
}

function mirrorKeys({ metadata: { namespace, labels } }: EndpointSlice): string[] {
  const name = labels?.[serviceNameLabel];
  return name && labels[managedByLabel] === mirrorManager ? [`${namespace}/${name}`] : [];
}
