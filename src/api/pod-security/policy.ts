// How strict a namespace is with its pods, as its labels say, and what is wrong with a pod by a level of strictness.
import type { PodSpec } from '../kinds/pod-spec/types.ts';
import { type Cause, invalid } from '../validation.ts';
import { baselineChecks, checkedSince } from './baseline.ts';
import { restrictedChecks } from './restricted.ts';
import { type Check, type Secured, securedOf } from './violation.ts';

export const modes = ['enforce', 'audit', 'warn'] as const;
export type Mode = (typeof modes)[number];

export interface Level {
  name: string;
  /** As it is asked for; the rules are those of today but for whole checks that it did not have. */
  version: string;
}

type Labels = Record<string, string> | undefined;

const prefix = 'pod-security.kubernetes.io/';
const checksOfLevel: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  privileged: {},
  baseline: baselineChecks,
  restricted: restrictedChecks,
};

/** NaN for the latest, which is before none. */
const minorOf = (version: string): number => Number(version.slice('v1.'.length));

export function levelOf(labels: Labels, mode: Mode): Level {
  return {
    name: labels?.[`${prefix}${mode}`] ?? 'privileged',
    version: labels?.[`${prefix}${mode}-version`] ?? 'latest',
  };
}

/** What is wrong with the labels of a namespace. */
export function* checkPolicyLabels(labels: Labels): Iterable<Cause> {
  for (const mode of modes) {
    const { name, version } = levelOf(labels, mode);
    const at = `metadata.labels[${prefix}${mode}]`;
    if (!Object.hasOwn(checksOfLevel, name)) yield invalid(at, name, 'must be one of privileged, baseline, restricted');
    if (!/^(latest|v1\.\d+)$/.test(version)) {
      yield invalid(`metadata.labels[${prefix}${mode}-version]`, version, 'must be "latest" or "v1.x"');
    }
  }
}

/** 'violates ...: privileged (container "c" must not ...), ...', or nothing where the pod may be. */
export function violationsOf(
  metadata: Secured['metadata'],
  spec: PodSpec,
  { name, version }: Level,
): string | undefined {
  // Of a level that nobody knows nothing is known but that it is not the least strict.
  const checks = checksOfLevel[name] ?? restrictedChecks;
  const secured = securedOf(metadata, spec);
  const found = Object.keys(checks)
    .filter((check) => !(minorOf(version) < (checkedSince[check] ?? 0)))
    .sort()
    .flatMap((check) => checks[check]?.(secured) ?? [])
    .map(({ reason, detail }) => (detail ? `${reason} (${detail})` : reason));
  return found.length === 0 ? undefined : `violate PodSecurity "${name}:${version}": ${found.join(', ')}`;
}
