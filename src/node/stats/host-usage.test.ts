import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostUsage } from './host-usage.ts';
import { parseInterfaces } from './network-usage.ts';

test('the host is read from the files of /proc', () => {
  const stat = 'cpu  100 1 50 9999 7 2 3 0 0 0\ncpu0 1 1 1 1\nbtime 1700000000\n';
  const meminfo =
    'MemTotal: 1000 kB\nMemFree: 400 kB\nInactive(file): 100 kB\nAnonPages: 250 kB\nSwapTotal: 10 kB\nSwapFree: 4 kB\n';
  assert.deepEqual(parseHostUsage(stat, meminfo, 'pgfault 9\npgmajfault 1\n', '0.1 0.2 0.3 2/133 999\n', '32768\n'), {
    bootedAtMs: 1_700_000_000_000,
    cpuNanos: 1_560_000_000,
    memoryTotalBytes: 1_024_000,
    memoryBytes: 614_400,
    workingSetBytes: 512_000,
    rssBytes: 256_000,
    pageFaults: 9,
    majorPageFaults: 1,
    swapTotalBytes: 10_240,
    swapBytes: 6_144,
    processes: 133,
    mostProcesses: 32_768,
  });
});

test('interfaces are those of the host itself, not the ends of its pods', () => {
  const head = 'Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame compressed multicast|bytes\n';
  const row = (name: string) => `${name}: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n`;
  const text = head + ['    lo', '  eth0', 'wh0a2a0102', 'docker0', 'wherry0', 'enp3s0'].map(row).join('');
  const found = parseInterfaces(text);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['eth0', 'enp3s0'],
  );
  assert.deepEqual(found[0], {
    name: 'eth0',
    rxBytes: 1,
    rxPackets: 2,
    rxErrors: 3,
    rxDropped: 4,
    txBytes: 5,
    txPackets: 6,
    txErrors: 7,
    txDropped: 8,
  });
});
