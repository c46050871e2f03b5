// What a check of this host is told, what it has found, and the way out where that is not well.
import type { RuleKindWish } from '../network/services/rule-kind.ts';

export interface CheckSettings {
  dataDir: string;
  bindAddress: string;
  httpsPort: number;
  agentPort: number;
  dockerSocket: string;
  serviceRules: RuleKindWish;
  nodeName: string | undefined;
  advertiseAddress: string | undefined;
  nodeIp: string | undefined;
  /** The master that a node is to join. */
  server: string | undefined;
}

export interface Finding {
  level: 'ok' | 'warn' | 'fail';
  text: string;
  remedy?: string;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warn = (text: string, remedy: string): Finding => ({ level: 'warn', text, remedy });
export const fail = (text: string, remedy: string): Finding => ({ level: 'fail', text, remedy });
