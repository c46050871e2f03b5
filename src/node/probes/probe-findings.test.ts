import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../api/kinds/pod-spec/types.ts';
import { condemningProbe, dueProbes, isReady, isStarted, type ProbeFindings, toldFindings } from './probe-findings.ts';

const probe = { exec: { command: ['true'] } };
const none: Container = { name: 'c' };
const ready: Container = { name: 'c', readinessProbe: probe };
const all: Container = { name: 'c', startupProbe: probe, readinessProbe: probe, livenessProbe: probe };

interface Case {
  name: string;
  container?: Container;
  found: ProbeFindings;
  started?: boolean;
  ready?: boolean;
  condemned?: string;
  due: string[];
  dueAtEnd?: string[];
}

const cases: Case[] = [
  { name: 'without probes it is ready as soon as it runs', container: none, found: {}, ready: true, due: [] },
  { name: 'readiness has to be found', container: ready, found: {}, due: ['readiness'], dueAtEnd: ['readiness'] },
  {
    name: 'readiness can be lost, and kills nobody',
    container: ready,
    found: { readiness: 'failure' },
    due: ['readiness'],
    dueAtEnd: ['readiness'],
  },
  { name: 'until it has started nothing else is probed', found: {}, started: false, due: ['startup'] },
  {
    name: 'what was found before a startup does not make it ready',
    found: { readiness: 'success' },
    started: false,
    due: ['startup'],
  },
  {
    name: 'a startup that fails condemns it, and nothing more is probed',
    found: { startup: 'failure' },
    started: false,
    condemned: 'startup',
    due: [],
  },
  {
    name: 'once it has started the others begin, and startup is over',
    found: { startup: 'success' },
    due: ['readiness', 'liveness'],
    dueAtEnd: ['readiness'],
  },
  {
    name: 'ready by both',
    found: { startup: 'success', readiness: 'success', liveness: 'success' },
    ready: true,
    due: ['readiness', 'liveness'],
    dueAtEnd: ['readiness'],
  },
  {
    name: 'a dead one is condemned, and asked for readiness alone until it is gone',
    found: { startup: 'success', readiness: 'success', liveness: 'failure' },
    ready: true,
    condemned: 'liveness',
    due: ['readiness'],
    dueAtEnd: ['readiness'],
  },
];

for (const { name, container = all, found, due, ...expected } of cases)
  test(name, () => {
    assert.deepEqual(
      {
        started: isStarted(container, found),
        ready: isReady(container, found),
        condemned: condemningProbe(container, found),
        due: dueProbes(container, found, false),
        dueAtEnd: dueProbes(container, found, true),
      },
      {
        started: expected.started ?? true,
        ready: expected.ready ?? false,
        condemned: expected.condemned,
        due,
        dueAtEnd: expected.dueAtEnd ?? [],
      },
    );
  });

test('an agent that starts takes over what was told of the container', () => {
  assert.deepEqual(toldFindings({ started: true, ready: true }), { startup: 'success', readiness: 'success' });
  assert.deepEqual(toldFindings({ started: true, ready: false }), { startup: 'success' });
  assert.deepEqual(toldFindings({ started: false, ready: false }), {});
});
