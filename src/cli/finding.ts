// What a check has found, and the way out where it is not well.
export interface Finding {
  level: 'ok' | 'warn' | 'fail';
  text: string;
  remedy?: string;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warn = (text: string, remedy: string): Finding => ({ level: 'warn', text, remedy });
export const fail = (text: string, remedy: string): Finding => ({ level: 'fail', text, remedy });
