// The session in README.md: its commands, block by block, and on which machine each is typed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Block {
  /** As "first machine", "both machines", "anywhere". */
  where: string;
  /** What somebody types who copies the whole block. */
  commands: string;
  /** The text before it. */
  after: string;
}

/** Values that are others for everybody, by the names of their variables. */
export type OwnValues = Readonly<Record<string, string>>;

export async function readSession(): Promise<Block[]> {
  const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
  const section = /^## Installing it\n(.*?)^## /ms.exec(readme)?.[1] ?? '';
  let end = 0;
  return [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(({ 0: whole, 1: commands = '', index }) => {
    const after = section.slice(end, index).trim();
    end = index + whole.length;
    const where = /^# (?:on )?(?:the )?(first machine|second machine|both machines|anywhere)\b/.exec(commands)?.[1];
    if (!where) throw new Error(`README.md does not say where this is typed:\n${commands}`);
    return { where, commands, after };
  });
}

/** The commands with the values that a line says are one's own. Throws where one is asked for that is not told. */
export function withOwnValues(commands: string, values: OwnValues): string {
  return commands.replaceAll(/^(\w+)=.*# yours.*$/gm, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`README.md asks for ${name}`);
    return `${name}=${value}`;
  });
}
