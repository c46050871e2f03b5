// As whom a process of this host runs.
import { readFileSync } from 'node:fs';

export interface ProcessUser {
  uid: number;
  gid: number;
  supplementalGroups: number[];
}

/** Undefined where there is no such process any more. The kernel answers at once, whatever the process waits for. */
export function processUser(pid: number): ProcessUser | undefined {
  const text = statusOf(pid);
  const numbers = (field: string) =>
    new RegExp(`^${field}:(.*)$`, 'm').exec(text)?.[1]?.trim().split(/\s+/).filter(Boolean).map(Number) ?? [];
  const [[uid], [gid], supplementalGroups] = [numbers('Uid'), numbers('Gid'), numbers('Groups')];
  return uid === undefined || gid === undefined ? undefined : { uid, gid, supplementalGroups };
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
