// PriorityLevelConfiguration: how many requests of a priority are served at a time, and what becomes of the others.
import type { IPriorityLevelConfiguration } from 'kubernetes-models/flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration';
import type { Served } from '../meta.ts';
import { type Cause, forbidden, invalid, isSame, required, unsupported } from '../validation.ts';
import { ageColumn, nameColumn } from './columns.ts';
import { checkConditions } from './flow-schema.ts';
import { type Column, defineKind } from './kind.ts';

export type PriorityLevelConfiguration = Served<IPriorityLevelConfiguration>;
type Spec = PriorityLevelConfiguration['spec'];
type Response = NonNullable<NonNullable<Spec['limited']>['limitResponse']>;
type Queuing = NonNullable<Response['queuing']>;

const queuesAtMost = 10_000_000;
const hashBitsAtMost = 60;

/** Two names are reserved, each for one meaning. */
const fixed: Readonly<Record<string, Spec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  },
};

const queuingColumn = (
  name: string,
  field: keyof Queuing,
  description: string,
): Column<PriorityLevelConfiguration> => ({
  name,
  type: 'string',
  description,
  value: ({ spec }) => spec.limited?.limitResponse?.queuing?.[field] ?? '<none>',
});

export const priorityLevelConfigurations = defineKind<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  singular: 'prioritylevelconfiguration',
  namespaced: false,
  hasStatus: true,
  isInert: true,
  keptByStatus: ['labels', 'annotations'],
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'Whether requests are limited.', value: ({ spec }) => spec.type },
    {
      name: 'NominalConcurrencyShares',
      type: 'string',
      description: 'The part of all requests that may be served at a time.',
      value: ({ spec }) => (spec.limited ?? spec.exempt)?.nominalConcurrencyShares ?? '<none>',
    },
    queuingColumn('Queues', 'queues', 'How many queues there are.'),
    queuingColumn('HandSize', 'handSize', 'Among how many queues a flow may choose.'),
    queuingColumn('QueueLengthLimit', 'queueLengthLimit', 'How many requests may wait in a queue.'),
    ageColumn,
  ],
  setDefaults: ({ spec: { limited, exempt } }) => {
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0;
      exempt.lendablePercent ??= 0;
    }
    if (!limited) return;
    limited.nominalConcurrencyShares ??= 30;
    limited.lendablePercent ??= 0;
    limited.limitResponse ??= {} as Response;
    const { queuing } = limited.limitResponse;
    if (!queuing) return;
    queuing.queues ||= 64;
    queuing.handSize ||= 8;
    queuing.queueLengthLimit ||= 50;
  },
  *validate({ metadata, spec }) {
    yield* checkSpec(spec, metadata.name);
    const wanted = fixed[metadata.name];
    if (wanted && !isSame(spec, wanted)) {
      yield invalid('spec', spec, `spec of '${metadata.name}' must equal the fixed value`);
    }
  },
  validateStatusUpdate: ({ status }) => checkConditions(status.conditions),
});

function* checkSpec({ type, limited, exempt }: Spec, name: string): Iterable<Cause> {
  if ((name === 'exempt') !== (type === 'Exempt')) {
    yield invalid('spec.type', type ?? '', "type must be 'Exempt' if and only if name is 'exempt'");
  }
  if (type === 'Exempt') {
    if (limited) yield forbidden('spec.limited', 'must be nil if the type is not Limited');
    if (exempt) yield* checkShares(exempt, 'spec.exempt');
  } else if (type === 'Limited') {
    if (exempt) yield forbidden('spec.exempt', 'must be nil if the type is Limited');
    if (!limited) return yield required('spec.limited', 'must not be empty when type is Limited');
    yield* checkShares(limited, 'spec.limited');
    yield* checkResponse(limited.limitResponse);
    const { borrowingLimitPercent: borrowed } = limited;
    if (borrowed !== undefined && borrowed < 0) {
      yield invalid('spec.limited.borrowingLimitPercent', borrowed, 'if specified, must be a non-negative integer');
    }
  } else yield unsupported('spec.type', type ?? '', ['Exempt', 'Limited']);
}

interface Shares {
  nominalConcurrencyShares?: number;
  lendablePercent?: number;
}

function* checkShares({ nominalConcurrencyShares = 0, lendablePercent = 0 }: Shares, at: string): Iterable<Cause> {
  if (nominalConcurrencyShares < 0) {
    yield invalid(`${at}.nominalConcurrencyShares`, nominalConcurrencyShares, 'must be a non-negative integer');
  }
  if (lendablePercent < 0 || lendablePercent > 100) {
    yield invalid(`${at}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive');
  }
}

function* checkResponse({ type, queuing }: Partial<Response> = {}): Iterable<Cause> {
  const at = 'spec.limited.limitResponse';
  if (type === 'Reject') {
    if (queuing) yield forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited');
  } else if (type === 'Queue') {
    if (queuing) yield* checkQueuing(queuing, `${at}.queuing`);
    else yield required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited');
  } else yield unsupported(`${at}.type`, type ?? '', ['Queue', 'Reject']);
}

function* checkQueuing({ queueLengthLimit = 0, queues = 0, handSize = 0 }: Queuing, at: string): Iterable<Cause> {
  if (queueLengthLimit <= 0) yield invalid(`${at}.queueLengthLimit`, queueLengthLimit, 'must be positive');
  if (queues <= 0) yield invalid(`${at}.queues`, queues, 'must be positive');
  else if (queues > queuesAtMost) yield invalid(`${at}.queues`, queues, `must not be greater than ${queuesAtMost}`);
  const bits = Math.ceil(Math.log2(queues) * handSize);
  if (handSize <= 0) yield invalid(`${at}.handSize`, handSize, 'must be positive');
  else if (handSize > queues) {
    yield invalid(`${at}.handSize`, handSize, `should not be greater than queues (${queues})`);
  } else if (bits > hashBitsAtMost) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBitsAtMost}`;
    yield invalid(`${at}.handSize`, handSize, why);
  }
}
