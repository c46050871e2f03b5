// What a claim asks for, in a claim of its own and in the template of one that comes and goes with its pod.

import type { IPersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { checkLabelSelector } from '../label-rules.ts';
import type { Served } from '../meta.ts';
import { checkPositiveAmount } from '../resource-names.ts';
import { type Causes, checkName, dnsSubdomainFaults, invalid, isSame, required } from '../validation.ts';
import { checkAccessModes, checkClassAndMode } from './volume-access.ts';

export type ClaimSpec = Served<IPersistentVolumeClaim>['spec'];

export function* validateClaimSpec(spec: ClaimSpec, path: string): Causes {
  const { accessModes, selector, resources, volumeAttributesClassName } = spec;
  if (!accessModes?.length) yield required(`${path}.accessModes`, 'at least 1 access mode is required');
  yield* checkLabelSelector(`${path}.selector`, selector);
  yield* checkAccessModes(`${path}.accessModes`, accessModes);
  const storage = resources?.requests?.storage;
  if (storage === undefined) yield required(`${path}.resources[storage]`);
  else yield* checkPositiveAmount(`${path}.resources[storage]`, storage);
  yield* checkClassAndMode(path, spec);
  yield* validateDataSource(spec, path);
  if (volumeAttributesClassName) {
    yield* checkName(`${path}.volumeAttributesClassName`, volumeAttributesClassName, dnsSubdomainFaults);
  }
}

function* validateDataSource({ dataSource, dataSourceRef }: ClaimSpec, path: string): Causes {
  for (const [at, source] of [
    [`${path}.dataSource`, dataSource],
    [`${path}.dataSourceRef`, dataSourceRef],
  ] as const) {
    if (!source) continue;
    const { apiGroup = '', kind, name } = source;
    if (!name) yield required(`${at}.name`);
    if (!kind) yield required(`${at}.kind`);
    if (!apiGroup && kind !== 'PersistentVolumeClaim') yield invalid(at, kind, '');
    if (apiGroup) yield* checkName(`${at}.apiGroup`, apiGroup, dnsSubdomainFaults);
  }
  if (!dataSource || !dataSourceRef || dataSourceRef.namespace) return;
  const { namespace, ...source } = dataSourceRef;
  if (!isSame(dataSource, source)) yield invalid(path, `${path}.dataSource`, 'must match dataSourceRef');
}
