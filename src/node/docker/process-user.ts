// As whom a process of this host runs.
import { readFile } from 'node:fs/promises';

export interface ProcessUser {
  uid: number;
  gid: number;
  supplementalGroups: number[];
}

/** Undefined where there is no such process any more. */
export async function processUser(pid: number): Promise<ProcessUser | undefined> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const numbers = (field: string) =>
    new RegExp(`^${field}:(.*)$`, 'm').exec(text)?.[1]?.trim().split(/\s+/).filter(Boolean).map(Number) ?? [];
  const [[uid], [gid], supplementalGroups] = [numbers('Uid'), numbers('Gid'), numbers('Groups')];
  return uid === undefined || gid === undefined ? undefined : { uid, gid, supplementalGroups };
}
