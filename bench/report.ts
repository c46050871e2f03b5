// The figures of a run as a person reads them.
import type { Breakdown, Span } from './breakdown.ts';
import type { Footprint } from './footprint.ts';
import type { Machine } from './machine.ts';
import type { BurstTimes, PodTimes } from './pods.ts';
import type { StartTimes } from './starts.ts';
import type { Summary } from './statistics.ts';
import { summaryCells, summaryHeads, textTable } from './text-table.ts';

export interface Report {
  machine: Machine;
  starts?: StartTimes[];
  footprints?: { when: string; footprints: Footprint[] }[];
  pods?: PodTimes;
  bursts?: BurstTimes;
  breakdown?: Breakdown;
  /** The machine's load as each section began. */
  loads: { section: string; load: number }[];
}

export function reportText(report: Report): string {
  const { machine, loads } = report;
  const about = Object.entries(machine).map(([key, value]) => `${key} ${value}`);
  const load = loads.map(({ section, load }) => `${section} ${load.toFixed(1)}`);
  return [
    about.join('; '),
    `load as each section began: ${load.join(', ')}`,
    report.starts && startsText(report.starts),
    report.pods && podsText(report.pods),
    report.bursts && burstsText(report.bursts),
    report.footprints && footprintsText(report.footprints),
    report.breakdown && breakdownText(report.breakdown),
  ]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

const row = (what: string, times: Summary, floor?: Summary) => [
  what,
  ...summaryCells(times),
  floor ? (times.median / floor.median).toFixed(2) : '',
];

function startsText(starts: StartTimes[]): string {
  const rows = starts.flatMap(({ what, apiReady, nodeReady }) => [
    ...(apiReady ? [[`${what}: API ready`, ...summaryCells(apiReady)]] : []),
    [`${what}: node Ready`, ...summaryCells(nodeReady)],
  ]);
  return textTable(['start, ms', ...summaryHeads], rows);
}

function podsText(pods: PodTimes): string {
  return textTable(
    [`one pod, ms, ${pods.running.runs} in turn`, ...summaryHeads, 'of floor'],
    [
      row("Docker's floor: pause and app up", pods.floorUp),
      row('created, answered', pods.created),
      row('created to Running', pods.running, pods.floorUp),
      row('created to Ready', pods.ready, pods.floorUp),
      row("Docker's floor: both down", pods.floorDown),
      row('deleted to gone', pods.gone, pods.floorDown),
    ],
  );
}

function burstsText({ replicas, atATime, ...times }: BurstTimes): string {
  const perSecond = ({ median }: Summary) => ((replicas * 1000) / median).toFixed(1);
  const burst = (what: string, time: Summary, floor?: Summary) => [...row(what, time, floor), perSecond(time)];
  return textTable(
    [`Deployment of ${replicas}, ms`, ...summaryHeads, 'of floor', 'pods/s'],
    [
      burst(`Docker's floor, ${atATime} at a time: up`, times.floorUp),
      row('created to first Ready', times.firstReady),
      burst('created to all Ready', times.allReady, times.floorUp),
      burst(`Docker's floor, ${atATime} at a time: down`, times.floorDown),
      burst('deleted to all gone', times.allGone, times.floorDown),
      row("Wherry's own processor time, each", times.ownProcessorMs),
    ],
  );
}

function footprintsText(footprints: NonNullable<Report['footprints']>): string {
  const rows = footprints.flatMap(({ when, footprints }) =>
    footprints.map(({ program, processes, rssMib, pssMib, cpuPercent }) => [
      `${program}, ${when}`,
      String(processes),
      rssMib.toFixed(0),
      pssMib.toFixed(0),
      cpuPercent.toFixed(2),
    ]),
  );
  return textTable(['idle', 'processes', 'RSS MiB', 'PSS MiB', '% of a core'], rows);
}

function breakdownText({ start, creation, deletion }: Breakdown): string {
  const spans = (head: string, rows: Span[]) =>
    textTable(
      [head, 'begins', 'lasts', 'ends'],
      rows.map(({ what, begins, lasts }) => [what, ...[begins, lasts, begins + lasts].map((ms) => ms.toFixed(1))]),
    );
  const components = start.map(({ component, ms }) => [component, String(ms)]);
  return [
    textTable(['component of up, fresh', 'ms'], components),
    spans('creation, ms', creation),
    spans('deletion, ms', deletion),
  ].join('\n\n');
}
