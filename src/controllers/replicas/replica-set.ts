// ReplicaSet: so many pods, selected by a label selector.
import { replicaSets } from '../../api/kinds/replica-set.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { replicasController } from './replicas.ts';

export function replicaSetController(context: ControllerContext): Controller {
  return replicasController(context, {
    name: 'replicaset',
    component: 'replicaset-controller',
    kind: replicaSets,
    selectorOf: ({ spec }) => spec.selector,
  });
}
