// What has gone through the network interfaces of a namespace, as /proc tells it.
import { readFile } from 'node:fs/promises';

export interface InterfaceUsage {
  name: string;
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** Those of the network namespace in which the process is; nothing where it has ended. */
export async function readInterfaces(pid: number | 'self'): Promise<InterfaceUsage[]> {
  try {
    return parseInterfaces(await readFile(`/proc/${pid}/net/dev`, 'utf8'));
  } catch {
    return [];
  }
}

/** Loopback, and our and others' ends of pods' links, are no network of their own. */
const passedOver = /^(lo$|veth|docker|br-|tap|wh)/;

export function parseInterfaces(text: string): InterfaceUsage[] {
  return text.split('\n').flatMap((line) => {
    const [, name = '', rest] = /^\s*([^\s:]+):\s*(.*)$/.exec(line) ?? [];
    if (rest === undefined || passedOver.test(name)) return [];
    const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDropped = 0, ...more] = rest.split(/\s+/).map(Number);
    const [txBytes = 0, txPackets = 0, txErrors = 0, txDropped = 0] = more.slice(4);
    return [{ name, rxBytes, rxPackets, rxErrors, rxDropped, txBytes, txPackets, txErrors, txDropped }];
  });
}
