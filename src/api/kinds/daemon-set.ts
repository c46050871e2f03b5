// DaemonSet: one pod of a template on every node that it fits.
import type { IDaemonSet } from 'kubernetes-models/apps/v1/DaemonSet';
import { amountOf, checkAtMost100Percent, checkIntOrPercent } from '../int-or-percent.ts';
import { checkLabelSelector, isUsableSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { mapSelectorText, selectorText } from '../selector.ts';
import { type Cause, checkImmutable, checkNonNegative, invalid, isSame, required, unsupported } from '../validation.ts';
import { ageColumn, nameColumn, orNone, templateColumns } from './columns.ts';
import { type Column, defineKind } from './kind.ts';
import { setPodTemplateDefaults, validatePodTemplate } from './pod-template.ts';
import {
  checkCollisions,
  checkCounts,
  checkEndless,
  checkTemplateLabels,
  isEmptySelector,
  workloadWarnings,
} from './workload.ts';

export type DaemonSet = Served<IDaemonSet>;

/** How often the template has changed. Kubernetes still keeps it for old readers. */
const templateGeneration = 'deprecated.daemonset.template.generation';

const countColumn = (name: string, field: keyof DaemonSet['status'], description: string): Column<DaemonSet> => ({
  name,
  type: 'integer',
  description,
  value: ({ status }) => Number(status[field] ?? 0),
});

export const daemonSets = defineKind<DaemonSet>({
  group: 'apps',
  version: 'v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  singular: 'daemonset',
  shortNames: ['ds'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  columns: [
    nameColumn,
    countColumn('Desired', 'desiredNumberScheduled', 'Nodes that should run the pod.'),
    countColumn('Current', 'currentNumberScheduled', 'Nodes that run the pod and should.'),
    countColumn('Ready', 'numberReady', 'Nodes whose pod is ready.'),
    countColumn('Up-to-date', 'updatedNumberScheduled', 'Nodes whose pod is of the newest template.'),
    countColumn('Available', 'numberAvailable', 'Nodes whose pod has been ready long enough.'),
    {
      name: 'Node Selector',
      type: 'string',
      description: 'Labels that a node must have.',
      value: ({ spec }) => orNone(mapSelectorText(spec.template.spec?.nodeSelector)),
    },
    ageColumn,
    ...templateColumns<DaemonSet>(
      ({ spec }) => spec.template,
      ({ spec }) => selectorText(spec.selector),
    ),
  ],
  prepareCreate: ({ metadata }) => {
    const sent = Number(metadata.annotations?.[templateGeneration]);
    setTemplateGeneration(metadata, Number.isInteger(sent) && sent > 0 ? sent : 1);
  },
  prepareUpdate: ({ metadata, spec }, previous) => {
    const before = Number(previous.metadata.annotations?.[templateGeneration] ?? 1);
    setTemplateGeneration(metadata, isSame(spec.template, previous.spec.template) ? before : before + 1);
  },
  setDefaults: ({ spec, status }) => {
    spec.updateStrategy ??= {};
    const { updateStrategy } = spec;
    updateStrategy.type ||= 'RollingUpdate';
    if (updateStrategy.type === 'RollingUpdate') {
      updateStrategy.rollingUpdate = { maxUnavailable: 1, maxSurge: 0, ...updateStrategy.rollingUpdate };
    }
    spec.revisionHistoryLimit ??= 10;
    spec.template ??= {};
    setPodTemplateDefaults(spec.template);
    status.currentNumberScheduled ??= 0;
    status.numberMisscheduled ??= 0;
    status.desiredNumberScheduled ??= 0;
    status.numberReady ??= 0;
  },
  validate: ({ spec }) => checkSpec(spec),
  validateUpdate: ({ spec }, previous) => checkImmutable('spec.selector', spec.selector, previous.spec.selector),
  *validateStatusUpdate(set, previous) {
    const { status } = set;
    yield* checkCounts(status, ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled']);
    yield* checkCounts(status, ['numberReady', 'observedGeneration', 'updatedNumberScheduled', 'numberAvailable']);
    yield* checkCounts(status, ['numberUnavailable', 'collisionCount']);
    yield* checkCollisions(set, previous);
  },
  warningsFor: workloadWarnings,
});

function setTemplateGeneration(metadata: DaemonSet['metadata'], generation: number): void {
  metadata.annotations = { ...metadata.annotations, [templateGeneration]: String(generation) };
}

function* checkSpec(spec: DaemonSet['spec']): Iterable<Cause> {
  const { selector, template } = spec;
  yield* checkLabelSelector('spec.selector', selector);
  if (isUsableSelector(selector)) yield* checkTemplateLabels(selector, template);
  if (isEmptySelector(selector)) yield invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
  yield* validatePodTemplate(template, 'spec.template');
  yield* checkEndless(template, 'DaemonSet');
  yield* checkNonNegative('spec.minReadySeconds', spec.minReadySeconds);
  yield* checkUpdateStrategy(spec.updateStrategy ?? {});
  yield* checkNonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit);
}

function* checkUpdateStrategy(strategy: NonNullable<DaemonSet['spec']['updateStrategy']>): Iterable<Cause> {
  const { type, rollingUpdate = {} } = strategy;
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate')
    return yield unsupported('spec.updateStrategy', strategy, ['RollingUpdate', 'OnDelete']);
  const at = 'spec.updateStrategy.rollingUpdate';
  const { maxUnavailable, maxSurge } = rollingUpdate;
  yield* checkIntOrPercent(`${at}.maxUnavailable`, maxUnavailable);
  yield* checkIntOrPercent(`${at}.maxSurge`, maxSurge);
  yield* checkAtMost100Percent(`${at}.maxUnavailable`, maxUnavailable);
  yield* checkAtMost100Percent(`${at}.maxSurge`, maxSurge);
  const [unavailable, surge] = [amountOf(maxUnavailable), amountOf(maxSurge)];
  if (unavailable !== 0 && surge !== 0) {
    yield invalid(`${at}.maxSurge`, maxSurge, 'may not be set when maxUnavailable is non-zero');
  }
  if (unavailable === 0 && surge === 0) yield required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}
