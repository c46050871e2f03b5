// ReplicationController: so many pods, selected by labels that must be equal.
import { replicationControllers } from '../../api/kinds/replication-controller.ts';
import type { Controller, ControllerContext } from '../controller.ts';
import { replicasController } from './replicas.ts';

export function replicationControllerController(context: ControllerContext): Controller {
  return replicasController(context, {
    name: 'replicationcontroller',
    component: 'replication-controller',
    kind: replicationControllers,
    selectorOf: ({ spec }) => (spec.selector ? { matchLabels: spec.selector } : undefined),
  });
}
